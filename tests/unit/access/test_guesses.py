"""Of keys that nobody issued so many a minute are looked up of an address; whoever was proved goes on."""

from threading import Barrier, Thread

import pytest

from access.credentials import guesses
from access.credentials.guesses import MOST, WINDOW_S, Guesses

HERE, ELSEWHERE = "203.0.113.7", "203.0.113.8"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counted(clock: Clock) -> Guesses:
    return Guesses(clock)


def show(counted: Guesses, address: str, mac: bytes = b"wrong", *, right: bool = False) -> int:
    """Seconds to wait."""
    with counted.one(address, mac) as guess:
        guess.right = right and not guess.wait_s
        guess.wrong = not right
    return guess.wait_s


def test_more_than_so_many_a_minute_are_not_looked_at(counted: Guesses, clock: Clock) -> None:
    assert [show(counted, HERE) for _ in range(MOST)] == [0] * MOST
    clock.now += 20
    assert show(counted, HERE) == WINDOW_S - 20
    assert show(counted, HERE, b"right", right=True) == WINDOW_S - 20, "nor is a right one told from it"
    assert show(counted, ELSEWHERE) == 0
    clock.now += WINDOW_S - 20
    assert show(counted, HERE) == 0


def test_who_was_proved_goes_on_beside_whoever_guesses(counted: Guesses) -> None:
    assert show(counted, ELSEWHERE, b"right", right=True) == 0
    for _ in range(MOST + 1):
        last = show(counted, HERE)
    assert (last > 0, show(counted, HERE, b"right", right=True)) == (True, 0)


def test_only_what_nobody_issued_counts(counted: Guesses) -> None:
    for _ in range(3 * MOST):
        assert show(counted, HERE, b"right", right=True) == 0
        with counted.one(HERE, b"revoked"):
            pass
        with pytest.raises(OSError), counted.one(HERE, b"the database is away"):
            raise OSError
    assert show(counted, HERE) == 0


def test_a_network_of_ipv6_is_one_and_an_address_in_its_form_is_that_of_ipv4(counted: Guesses) -> None:
    for at in range(MOST):
        assert show(counted, f"2001:db8::{at:x}") == 0
    assert show(counted, "2001:db8::ffff:1") > 0
    assert show(counted, "2001:db8:0:1::1") == 0


def test_of_many_at_once_no_more_are_looked_at(counted: Guesses) -> None:
    together, waits = Barrier(2 * MOST), []

    def one() -> None:
        with counted.one(HERE, b"wrong") as guess:
            together.wait(30)
            guess.wrong = True
            waits.append(guess.wait_s)

    threads = [Thread(target=one) for _ in range(2 * MOST)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(waits), waits.count(0)) == (2 * MOST, MOST)


def test_what_is_remembered_is_bounded(counted: Guesses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "REMEMBERED", 10)
    for n in range(50):
        show(counted, f"203.0.113.{n}", b"%d" % n, right=n % 2 == 0)
    assert (len(counted._counted), len(counted._proved)) == (10, 10)
