"""A clock that is off is said: how far, and which way."""

import socket

import pytest

from runtime import clock
from runtime.clock import MAX_SKEW_S, ClockCheck
from runtime.settings import Settings

NOON = 1_790_000_000.0
HALF_AN_HOUR = 1800.0

CASES = [
    ("right", 0.0, 0.2, 0.1, 0),
    ("right, and the broker took its time", 0.0, 25.0, 24.0, 0),
    ("fast", HALF_AN_HOUR, HALF_AN_HOUR + 0.2, 0.0, 1800),
    ("slow", -HALF_AN_HOUR, 0.2 - HALF_AN_HOUR, 0.2, -1800),
    ("three days slow", -259_200.0, -259_190.0, 5.0, -259_195),
]


@pytest.mark.parametrize(
    ("sent", "acked", "stamped", "off"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_clock_is_off_by_what_the_way_to_the_broker_does_not_explain(sent, acked, stamped, off):
    assert clock.skew(NOON + sent, NOON + acked, NOON + stamped) == off


def checked(local, stamped):
    """What is said by a client whose clock shows ``local`` when Kafka's shows ``stamped``, both from noon."""
    check = ClockCheck(lambda: NOON + local)
    check.sending()
    check.stamped(int((NOON + stamped) * 1000))
    return check.warnings()


def test_how_far_and_which_way_is_said_in_both_languages():
    (fast,), (slow,) = checked(HALF_AN_HOUR, 0), checked(0, HALF_AN_HOUR)
    assert fast.code == slow.code == "CLOCK-001"
    assert all("+1800 " in text for text in fast.messages())
    assert all("-1800 " in text for text in slow.messages())


def test_less_than_a_minute_is_no_fault():
    assert checked(MAX_SKEW_S, 0) == checked(0, MAX_SKEW_S) == []


def test_the_worst_of_several_messages_counts():
    check = ClockCheck(lambda: NOON)
    for stamped in (0, -HALF_AN_HOUR, 30):
        check.sending()
        check.stamped(int((NOON + stamped) * 1000))
    assert check.skew_s == HALF_AN_HOUR


def test_without_a_broker_nothing_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{taken.getsockname()[1]}"
    for servers in (nobody, ""):
        assert clock.ask_if_reachable(Settings(bootstrap_servers=servers)) == []
