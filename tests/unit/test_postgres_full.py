"""A disk that is full is said as that, whether the server tells a statement or who connects."""

import psycopg2
import pytest

from runtime import postgres
from runtime.settings import Settings

REFUSED = psycopg2.OperationalError(
    'connection to server at "127.0.0.1", port 1 failed: FATAL:  could not write init file: '
    "No space left on device"
)


@pytest.mark.parametrize(
    ("fault", "is_full"),
    [
        (REFUSED, True),
        (psycopg2.errors.DiskFull(), True),
        (psycopg2.OperationalError("FATAL:  the database system is starting up"), False),
        (OSError("No space left on device"), False),
    ],
)
def test_it_is_told_from_other_faults(fault, is_full):
    assert postgres.full(fault) == is_full


def test_who_is_not_let_in_for_want_of_room_is_told_of_the_disk(monkeypatch):
    def refuse(*_):
        raise REFUSED

    monkeypatch.setattr(postgres, "connect", refuse)
    problem = postgres.room(Settings())
    assert problem is not None and problem.code == "SYS-020"
    assert postgres.away(REFUSED).params["reason"] == "disk full"


def test_another_fault_is_none_of_it(monkeypatch):
    def refuse(*_):
        raise psycopg2.OperationalError("connection refused")

    monkeypatch.setattr(postgres, "connect", refuse)
    with pytest.raises(psycopg2.OperationalError):
        postgres.room(Settings())
