"""What is said of a push before it is sent: in both languages, never a value of a person."""

from producers.preflight import explain
from schemas.errors import catalogue
from schemas.rules.catalogue import all_rules


def test_every_code_that_a_record_can_be_refused_for_is_explained() -> None:
    for code in {r.id for r in all_rules()} | {c for c in catalogue() if c.startswith(("CELL", "ENV"))}:
        vi, en = explain(code)
        assert vi != code
        assert en != code
    assert explain("XX-999") == ("XX-999", "XX-999")
