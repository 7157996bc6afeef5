"""All that bounds what a credential allows, and must outlive the table: a database that is restored from an
older copy knows of nothing since. Pure.

So the limits of each stand in Kafka besides, and of the two each limit that allows less is right. All of
them move one way (the table sees to it by a trigger): an end comes and moves earlier, addresses get fewer,
the last stop, the last resumption, the last link move later. So two that know different things join to one,
whichever comes first; a stop is over by a resumption that is known to be later, and by nothing else.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final, Self

from access.credentials.addresses import Network
from access.credentials.worth import Credential

NOWHERE: Final = ip_network("0.0.0.0/32")
"""Nobody comes from there: what is left of two lists that have nothing in common."""

EARLIEST: Final = ("revoked_at", "ends_at", "expires_at", "issued_at")
LATEST: Final = ("deactivated_at", "reactivated_at", "linked_at")

ENDED: Final = "CredentialEnded"
CONTRACT: Final = "CredentialLimits"
_FIELDS: Final = {
    "Handle": "handle",
    "Vendor": "vendor",
    "MaTruongHoc": "school",
    "RevokedAt": "revoked_at",
    "EndsAt": "ends_at",
    "ExpiresAt": "expires_at",
    "ShownAt": "issued_at",
    "DeactivatedAt": "deactivated_at",
    "ReactivatedAt": "reactivated_at",
    "LinkedAt": "linked_at",
}


@dataclass(frozen=True)
class Limits:
    """Of one credential; columns of the table, times to the millisecond."""

    handle: str
    vendor: str
    school: str
    revoked_at: datetime | None = None
    ends_at: datetime | None = None
    expires_at: datetime | None = None
    issued_at: datetime | None = None
    """When its secret was shown, once for ever."""
    deactivated_at: datetime | None = None
    reactivated_at: datetime | None = None
    linked_at: datetime | None = None
    """Links that were made before open nothing."""
    addresses: tuple[Network, ...] = ()

    @classmethod
    def of(cls, one: Credential) -> Self:
        """What the table says."""
        found: dict[str, Any] = {field.name: getattr(one, field.name) for field in fields(cls)}
        return cls(**found | {name: _to_ms(found[name]) for name in (*EARLIEST, *LATEST)})

    def joined(self, other: Self | None) -> Self:
        """What is left of both: of each limit the one that allows less."""
        if other is None or self == other:
            return self
        times = [(name, min) for name in EARLIEST] + [(name, max) for name in LATEST]
        both = {name: _of(least, getattr(self, name), getattr(other, name)) for name, least in times}
        return replace(self, **both, addresses=_in_both(self.addresses, other.addresses))

    def record(self) -> dict[str, Any]:
        """As contract CredentialLimits."""
        said = {name: getattr(self, ours) for name, ours in _FIELDS.items()}
        return said | {"Addresses": [str(one) for one in self.addresses]}

    @classmethod
    def from_record(cls, contract: str, record: Mapping[str, Any]) -> Self:
        """From contract CredentialLimits, or CredentialEnded, which knew of ends alone."""
        if contract == ENDED:
            end = {"revoked_at" if record["Revoked"] else "ends_at": record["At"]}
            return cls(record["Handle"], record["Vendor"], record["MaTruongHoc"], **end)
        found = {ours: record[name] for name, ours in _FIELDS.items()}
        return cls(**found, addresses=tuple(map(ip_network, record["Addresses"])))


def behind(row: Limits, known: Limits, now: datetime) -> dict[str, Any]:
    """Column → value, of all in which a row of the table allows more than is known.

    A secret that was shown at another time than the row has is not the row's: an older copy would have it
    shown a second time, to whoever finds the link. That cannot be mended, so the credential is revoked.
    """
    right = asdict(row.joined(known))
    changes = {name: said for name, said in right.items() if said != getattr(row, name)}
    changes.pop("issued_at", None)
    if known.issued_at is not None and known.issued_at != row.issued_at and right["revoked_at"] is None:
        changes["revoked_at"] = _to_ms(now)
    return changes


def unknown(rows: Iterable[Limits], known: Mapping[str, Limits]) -> list[Limits]:
    """What is to be known from now on of those of which the table says more."""
    due = [row.joined(known.get(row.handle)) for row in rows]
    return [one for one in due if one != known.get(one.handle)]


def _to_ms(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(microsecond=at.microsecond // 1000 * 1000)


def _of(least: Any, *said: datetime | None) -> Any:
    return least((at for at in said if at is not None), default=None)


def _in_both(one: tuple[Network, ...], other: tuple[Network, ...]) -> tuple[Network, ...]:
    if not one or not other or set(one) == set(other):
        return one or other
    found = {_narrower(a, b) for a in one for b in other if a.version == b.version and a.overlaps(b)}
    return tuple(sorted(found, key=str)) or (NOWHERE,)


def _narrower(one: Network, other: Network) -> Network:
    return max(one, other, key=lambda network: network.prefixlen)
