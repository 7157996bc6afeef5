"""A secret is shown once its user can log in, and whatever is away meanwhile."""

from collections.abc import Iterator

import psycopg2
import pytest

from access.credentials import first_login
from runtime import broker_probe
from runtime.settings import Settings


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_login, "LOOK_S", 0)


def brokers(monkeypatch: pytest.MonkeyPatch, *refuse: bool) -> Iterator[bool]:
    """Each answers once."""
    left = iter(refuse)
    monkeypatch.setattr(broker_probe, "refuses", lambda own, secret: next(left))
    return left


def test_it_waits_until_it_is_made_and_every_broker_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    placed = iter([False, False, True, True])
    asked = brokers(monkeypatch, True, False, True)
    assert first_login.wait(Settings(), "csdl-key-x", "secret", lambda: next(placed))
    assert (list(placed), list(asked)) == ([], [True])


def test_a_spent_link_shows_its_secret_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> bool:
        raise psycopg2.OperationalError

    assert not first_login.wait(Settings(), "csdl-key-x", "secret", away)
    monkeypatch.setattr(first_login, "WAIT_S", 0)
    assert not first_login.wait(Settings(), "csdl-key-x", "secret", lambda: False)
