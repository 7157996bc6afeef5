"""As what an answer is wanted: by the parameter, else by the best that Accept names."""

import pytest

from producers.gateway.formats import XLSX, ZIP, wanted
from schemas.errors import ProblemList


@pytest.mark.parametrize(
    ("said", "accept", "expected"),
    [
        (None, None, "json"),
        (None, " ", "json"),
        (None, "*/*", "json"),
        ("xlsx", "application/json", "xlsx"),
        ("json", XLSX, "json"),
        (None, XLSX, "xlsx"),
        (None, f"{ZIP};q=0.5, application/json;q=0.9", "json"),
        (None, f"text/html, {XLSX.upper()} ; q=0.2, */*;q=0.1", "xlsx"),
        (None, f"application/json;q=0, {XLSX}", "xlsx"),
        (None, f"application/json;q=x, {ZIP}", "xlsx"),
    ],
)
def test_the_best_of_what_is_accepted(said, accept, expected):
    assert wanted(said, accept) == expected


@pytest.mark.parametrize("accept", ["text/csv", "application/json;q=0", ",", "q=1", f"{XLSX};q=nan"])
def test_what_is_not_offered_is_refused(accept):
    with pytest.raises(ProblemList) as refused:
        wanted(None, accept)
    assert [p.code for p in refused.value.problems] == ["GATE-075"]
