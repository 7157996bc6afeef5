"""Two persons, where one would decide on what is their own: persons are compared, not accounts. Pure.

Who corrects a version for the department (locks, unlocks, re-routes, admits it late) does not approve it; who
asked that records leave does not consent to it. An author whom nobody knows (an act of an earlier release, or
of a writer without an account) is no second person: the act must be done again by an account.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from access.accounts.account import Account, number_of
from streams.confirmation.commands import Act
from streams.confirmation.events import Fact

SAME: Final = "ACC-031"
NOBODY: Final = "ACC-032"

APPROVES: Final = frozenset({Act.APPROVE, Act.FORWARD})
CORRECTIONS: Final = (Fact.LOCKED, Fact.UNLOCKED, Fact.LATE_ADMITTED, Fact.REROUTED)
"""What the department does to a version beside its turn on the route."""


def numbers(authors: Sequence[str]) -> list[int]:
    """Accounts among authors of acts, by number."""
    return [number for author in authors if (number := number_of(author)) is not None]


def fault(account: Account, authors: Sequence[str], known: Mapping[int, str]) -> str:
    """Why this account may not decide on what these authors did: ACC-031, ACC-032; "" if it may.

    ``authors`` are accounts as events name them, ``known`` the person of each by its number.
    """
    persons = {known.get(number_of(author) or 0) for author in authors}
    if account.person in persons:
        return SAME
    return NOBODY if None in persons else ""
