"""Ends that must outlive the table: a database that is restored from an older copy knows of none since. Pure.

The table of credentials keeps no end back, but an older copy of it does. So each end stands in Kafka besides,
and of the two the one that ends more is right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from access.credentials.worth import Credential


@dataclass(frozen=True)
class Ending:
    """The end of a credential: revoked, or by its rotation, ``at`` to the millisecond."""

    handle: str
    vendor: str
    school: str
    revoked: bool
    at: datetime

    @classmethod
    def of(cls, one: Credential) -> Self | None:
        """What the table says; None of what has no end yet but its own last day."""
        at = one.revoked_at or one.ends_at
        if at is None:
            return None
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        return cls(one.handle, one.vendor, one.school, one.revoked_at is not None, at)

    def ends_more(self, other: Self | None) -> bool:
        """Than another of the same credential, or none."""
        if other is None or self.revoked != other.revoked:
            return other is None or self.revoked
        return not self.revoked and self.at < other.at

    def record(self) -> dict[str, Any]:
        """As contract CredentialEnded."""
        said = {"Handle": self.handle, "Vendor": self.vendor, "MaTruongHoc": self.school}
        return said | {"Revoked": self.revoked, "At": self.at}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From contract CredentialEnded."""
        where = record["Handle"], record["Vendor"], record["MaTruongHoc"]
        return cls(*where, record["Revoked"], record["At"])


def beyond(these: Iterable[Ending], known: Mapping[str, Ending]) -> list[Ending]:
    """Those that end more than what is known of the same credential."""
    return [one for one in these if one.ends_more(known.get(one.handle))]
