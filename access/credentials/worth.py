"""What a credential is worth at a moment: one pure function, which every door and Kafka go by."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from access.credentials import addresses
from access.credentials.addresses import Network

UNKNOWN: Final = "KEY-101"
REVOKED: Final = "KEY-102"
EXPIRED: Final = "KEY-103"
PAST_OVERLAP: Final = "KEY-104"
DEACTIVATED: Final = "KEY-105"
OTHER_ADDRESS: Final = "KEY-108"
TEST_IN_PRODUCTION: Final = "KEY-109"
PRODUCTION_IN_TEST: Final = "KEY-110"
OTHER_SCHOOL: Final = "KEY-111"

FINAL: Final = frozenset({REVOKED, EXPIRED, PAST_OVERLAP})
"""Nothing brings it back from these."""


class Kind(StrEnum):
    """How it is shown."""

    API = "api"
    """A secret in a header, to the push service."""
    KAFKA = "kafka"
    """A user at Kafka, who writes to the vendor's topic."""


@dataclass(frozen=True)
class Credential:
    """One of a grant's, without its secret.

    ``name`` is the line's: what is rotated keeps it, ``generation`` counts from 1. ``handle`` is what may be
    said aloud: the beginning of a key, the name of a Kafka user. ``addresses`` is where it may be used from,
    anywhere if empty. ``ends_at`` is set once it has a successor and never moves later; all times are the
    database's.
    """

    number: int
    vendor: str
    school: str
    kind: Kind
    test: bool
    name: str
    generation: int
    handle: str
    addresses: tuple[Network, ...]
    made_at: datetime
    made_by: str = ""
    issued_at: datetime | None = None
    """When its link was opened; until then it has no secret."""
    expires_at: datetime | None = None
    ends_at: datetime | None = None
    deactivated_at: datetime | None = None
    revoked_at: datetime | None = None
    used_at: datetime | None = None
    used_from: str = ""
    reactivated_at: datetime | None = None
    linked_at: datetime | None = None
    """When the link was made that opens; those of before open nothing."""

    @property
    def deactivated(self) -> bool:
        """Stopped, and not taken up again since."""
        stopped, resumed = self.deactivated_at, self.reactivated_at
        return stopped is not None and (resumed is None or resumed <= stopped)

    @property
    def subject(self) -> str:
        """What the record of acts names it by; it ends like the grant's own."""
        return f"K{self.number}:{self.vendor}/{self.school}"


def by_itself(credential: Credential, now: datetime) -> str:
    """Why it is worth nothing whoever asks from wherever: KEY-102 to 105; "" if it is in force.

    What is final comes first: a credential that is revoked says so for ever.
    """
    if credential.revoked_at is not None:
        return REVOKED
    if credential.expires_at is not None and credential.expires_at <= now:
        return EXPIRED
    if credential.ends_at is not None and credential.ends_at <= now:
        return PAST_OVERLAP
    return DEACTIVATED if credential.deactivated else ""


def worth(credential: Credential, grant: str, now: datetime, address: str, *, test: bool) -> str:
    """Why it proves nothing, the first of all reasons; "" if it proves its vendor for its school.

    ``grant``: why its grant is not in force, "" if it is (``standing``). ``address``: where it is used from,
    "" if nobody knows. ``test``: whether it is shown where only test keys are taken.
    """
    if credential.test != test:
        return TEST_IN_PRODUCTION if credential.test else PRODUCTION_IN_TEST
    if code := by_itself(credential, now) or grant:
        return code
    return "" if addresses.among(address, credential.addresses) else OTHER_ADDRESS
