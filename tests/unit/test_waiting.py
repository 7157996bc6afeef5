"""How tests wait: for what does not hold yet, however that is said; not for what must hold all the while."""

from itertools import chain, repeat

import pytest

from tests import support
from tests.support import wait_until


def test_what_cannot_be_asserted_or_looked_up_yet_is_asked_again():
    """A helper that asserts on an exit code met one of a passing moment: a time-out before a refusal."""
    answers = iter(({"code": 3}, {}, {"code": 0, "ready": False}, {"code": 0, "ready": True}))

    def ready():
        answer = next(answers)
        assert answer["code"] == 0
        return answer["ready"]

    assert wait_until(ready) is True


def test_what_never_holds_is_told_at_the_end_with_what_was_lacking(monkeypatch):
    monkeypatch.setattr(support, "PATIENCE_S", 0.0)

    def asserted():
        raise AssertionError("the exit code is 3")

    with pytest.raises(AssertionError, match="not done in time: what was seen") as failed:
        wait_until(asserted, seen=lambda: "what was seen")
    assert str(failed.value.__cause__) == "the exit code is 3"


def test_what_must_hold_all_the_while_fails_at_once():
    states = chain(["opened"], repeat("mismatch"))

    def none_is_withheld():
        assert next(states) != "mismatch"

    with pytest.raises(AssertionError, match="mismatch"):
        wait_until(lambda: False, none_is_withheld)


def test_any_other_fault_is_the_tests_own():
    with pytest.raises(ZeroDivisionError):
        wait_until(lambda: 1 / 0)
