"""What a Content-Type says a body may be."""

import pytest

from producers.gateway.content_types import kinds
from schemas.errors import ProblemList


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ("", set()),
        ("application/octet-stream", set()),
        ("application/json", {"json"}),
        ("Application/JSON ; Charset=UTF-8", {"json"}),
        ('application/json; charset="utf-8"', {"json"}),
        ("application/x-ndjson", {"ndjson"}),
        ("text/csv; charset=utf-16", {"csv"}),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", {"xlsx"}),
    ],
)
def test_a_content_type_names_kinds(said: str, due: set[str]) -> None:
    assert kinds(said) == due


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ("json", "FILE-090"),
        ("text/plain", "FILE-090"),
        ("application/x-www-form-urlencoded", "FILE-090"),
        ("application/", "FILE-090"),
        ("; charset=utf-8", "FILE-090"),
        ("application/json; charset=utf-16", "FILE-091"),
        ("application/x-ndjson; charset=windows-1258", "FILE-091"),
        ("text/csv; charset=windows-1258", "FILE-091"),
    ],
)
def test_what_is_not_taken_has_a_code(said: str, due: str) -> None:
    with pytest.raises(ProblemList) as error:
        kinds(said)
    assert [p.code for p in error.value.problems] == [due]
    assert all("{" not in text for text in error.value.problems[0].messages())
