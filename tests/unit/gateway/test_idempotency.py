"""What a key stands for, by what is known of it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from producers.gateway import idempotency
from producers.gateway.idempotency import Decision, Kept, decide, fingerprint, key_of
from schemas.errors import ProblemList

OURS, ANOTHER = b"ours", b"another"
BEGUN = Kept("p1", OURS, None, age_s=10.0)
SENT = replace(BEGUN, answer={"push_id": "p1"})
WAITS_S = 600.0


@pytest.mark.parametrize(
    ("kept", "decision"),
    [
        (None, Decision.NEW),
        (SENT, Decision.REPLAY),
        (replace(SENT, age_s=1e7, outcome="version"), Decision.REPLAY),
        (replace(SENT, fingerprint=ANOTHER), Decision.OTHER),
        (replace(BEGUN, fingerprint=ANOTHER), Decision.OTHER),
        (BEGUN, Decision.GO_ON),
        (replace(BEGUN, age_s=299.0), Decision.GO_ON),
        (replace(BEGUN, age_s=301.0), Decision.ANEW),
        (replace(BEGUN, age_s=-5.0), Decision.ANEW),  # the database's clock was set back: nobody knows
        (replace(BEGUN, outcome="incomplete"), Decision.ANEW),
        *(
            (replace(BEGUN, age_s=1e7, outcome=o), Decision.DELIVERED)
            for o in ("version", "unchanged", "refused")
        ),
        (replace(BEGUN, outcome="superseded"), Decision.DELIVERED),
    ],
)
def test_what_is_done_follows_from_what_is_known(kept: Kept | None, decision: Decision) -> None:
    assert decide(kept, OURS, WAITS_S) is decision


def test_what_is_sent_on_ends_while_load_waits_for_it() -> None:
    """A push whose messages lie further apart than load waits is incomplete for good, though it was taken."""
    at_the_latest = WAITS_S * idempotency.SAFE_SHARE
    assert decide(replace(BEGUN, age_s=at_the_latest), OURS, WAITS_S) is Decision.ANEW
    assert WAITS_S - at_the_latest > 2 * 60


@pytest.mark.parametrize("shown", [["a", "b"], [""], ["  "], ["x" * 256], ["kh\u00f3a"], ["a\tb"], ["a\x7f"]])
def test_a_key_is_one_visible_text(shown: Sequence[str]) -> None:
    with pytest.raises(ProblemList) as error:
        key_of(shown)
    (problem,) = error.value.problems
    assert (problem.code, problem.place.field) == ("GATE-030", "Idempotency-Key")
    assert all(text not in " ".join(problem.messages()) for text in shown if len(text) > 2)


def test_a_request_may_have_no_key() -> None:
    assert key_of([]) == ""
    assert key_of(["0b2f6a4e-7e5c-4c7a-9d6e-3a4f5b6c7d8e"])


def test_the_same_content_is_the_same_however_it_is_said() -> None:
    one = fingerprint({"school": "1", "year": 2019}, [("a", b"x"), ("b", b"y")])
    assert one == fingerprint({"year": 2019, "school": "1"}, [("a", b"x"), ("b", b"y")])
    others = [
        fingerprint({"school": "1", "year": 2020}, [("a", b"x"), ("b", b"y")]),
        fingerprint({"school": "1", "year": 2019}, [("b", b"y"), ("a", b"x")]),
        fingerprint({"school": "1", "year": 2019}, [("a", b"xb"), ("", b"y")]),
        fingerprint({"school": "1", "year": 2019}, [("a", b"x")]),
    ]
    assert len({one, *others}) == 5


def test_a_lock_is_of_one_school_and_vendor() -> None:
    numbers = {
        idempotency.lock_number(*of)
        for of in [("an", "phu", "k"), ("anphu", "", "k"), ("an", "ph", "uk"), ("an", "phu", "k2")]
    }
    assert len(numbers) == 4
    assert all(-(2**63) <= number < 2**63 for number in numbers)


def test_the_first_push_of_a_key_has_the_same_id_at_each_try_and_no_other_has_it():
    told = [
        ("smas", "19164101", "k", OURS),
        ("vnedu", "19164101", "k", OURS),
        ("smas", "19164102", "k", OURS),
    ]
    told += [("smas", "19164101", "k2", OURS), ("smas", "19164101", "k", ANOTHER)]
    ids = [idempotency.push_id(*one) for one in told]
    assert ids == [idempotency.push_id(*one) for one in told] and len(set(ids)) == len(told)
