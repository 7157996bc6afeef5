"""What ought to stand at Kafka for the credentials of the table, and what of it is missing. Pure.

A user a credential: whoever may come back (deactivated, its grant suspended) keeps the user and loses the
right; of whom nothing comes back there is no user either, and never one of that name again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from access.credentials.worth import FINAL, Credential, Kind, by_itself
from runtime.accounts import key_user
from schemas.topics import in_topic

ANYWHERE: Final = "*"


@dataclass(frozen=True, order=True)
class Writes:
    """A user's right to write to a topic from an address."""

    user: str
    topic: str
    host: str


@dataclass(frozen=True)
class Wanted:
    """Users that there ought to be, and their rights; nobody and nothing else of ours."""

    users: frozenset[str]
    writes: frozenset[Writes]


def wanted(credentials: Iterable[Credential], grant: Callable[[str, str], str], now: datetime) -> Wanted:
    """``grant``: (vendor, school) → why its grant is not in force, "" if it is."""
    users, writes = set(), set()
    for one in credentials:
        code = by_itself(one, now)
        if one.kind is not Kind.KAFKA or one.issued_at is None or code in FINAL:
            continue
        user = key_user(one.handle)
        users.add(user)
        if not code and not grant(one.vendor, one.school):
            hosts = [str(each.network_address) for each in one.addresses] or [ANYWHERE]
            writes |= {Writes(user, in_topic(one.vendor), host) for host in hosts}
    return Wanted(frozenset(users), frozenset(writes))
