"""Which standby is told, and by which code."""

import pytest

from runtime import standbys
from runtime.standbys import BEHIND, Standby


class Server:
    """A connection to one that has this standby."""

    def __init__(self, found: Standby) -> None:
        self.found = found

    def close(self) -> None:
        """It holds nothing."""


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Standby("csdl_db2", follows=True, lost=False, behind=BEHIND - 1), []),
        (Standby("csdl_db2", follows=True, lost=False, behind=BEHIND), ["SYS-021"]),
        (Standby("csdl_db2", follows=False, lost=False, behind=0), ["SYS-021"]),
        (Standby("csdl_db2", follows=False, lost=True, behind=0), ["SYS-022"]),
    ],
)
def test_one_that_is_away_behind_or_lost_is_told(monkeypatch, settings, found, code):
    monkeypatch.setattr("runtime.standbys.postgres.connect", lambda *_: Server(found))
    monkeypatch.setattr(standbys, "look", lambda conn: [conn.found])
    assert [problem.code for problem in standbys.problems(settings)] == code
