"""The table of credentials: rows that are never deleted, and say what they said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any, Final

import psycopg2
from psycopg2.extensions import cursor

from access.credentials import keyring
from access.credentials.addresses import Network
from access.credentials.rotation import Rotation
from access.credentials.worth import Credential, Kind
from schemas.errors import Problem, ProblemList

TAKEN: Final = "KEY-002"
TOO_MANY: Final = "KEY-003"
NO_SUCH: Final = "KEY-007"

MOST: Final = 20
"""Lines of one grant that have not come to their end."""

_FIELDS: Final = (
    "number, vendor, school, kind, test, name, generation, handle, addresses, made_at, made_by, issued_at,"
    " expires_at, ends_at, deactivated_at, revoked_at, used_at, used_from, reactivated_at, linked_at"
)
_NOT_FINAL: Final = (
    "revoked_at IS NULL AND coalesce(ends_at > now(), true) AND coalesce(expires_at > now(), true)"
)
LOCK: Final = 0x6B657973


@dataclass(frozen=True)
class New:
    """A line to be begun. ``name`` is fit already; ``lives`` None: as long as its grant."""

    vendor: str
    school: str
    kind: Kind
    test: bool
    name: str
    addresses: tuple[Network, ...]
    made_by: str
    lives: timedelta | None = None


def now(cur: cursor) -> datetime:
    """The database's time, of this moment."""
    cur.execute("SELECT clock_timestamp()")
    found: datetime = cur.fetchone()[0]
    return found


def make(cur: cursor, new: New) -> Credential:
    """The first of a line. Raises ProblemList: KEY-002 for a name that was there, KEY-003."""
    lock_grant(cur, new.vendor, new.school)
    cur.execute(
        f"SELECT count(*) FROM vendor_credential WHERE vendor = %s AND school = %s AND {_NOT_FINAL}",
        (new.vendor, new.school),
    )
    if cur.fetchone()[0] >= MOST:
        raise ProblemList([Problem(TOO_MANY, params={"most": MOST})])
    made = {
        "vendor": new.vendor,
        "school": new.school,
        "kind": new.kind,
        "test": new.test,
        "name": new.name,
        "generation": 1,
        "addresses": [str(one) for one in new.addresses],
        "made_by": new.made_by,
        "expires_at": None if new.lives is None else now(cur) + new.lives,
    }
    try:
        return _insert(cur, made)
    except psycopg2.errors.UniqueViolation:
        raise ProblemList([Problem(TAKEN, params={"name": new.name})]) from None


def succeed(cur: cursor, current: Credential, rotation: Rotation, made_by: str) -> Credential:
    """The successor that a rotation makes; the others of the line end as it says."""
    for number, end in rotation.ends.items():
        cur.execute("UPDATE vendor_credential SET ends_at = %s WHERE number = %s", (end, number))
    return _insert(
        cur,
        {
            "vendor": current.vendor,
            "school": current.school,
            "kind": current.kind,
            "test": current.test,
            "name": current.name,
            "generation": rotation.generation,
            "addresses": [str(one) for one in current.addresses],
            "made_by": made_by,
            "expires_at": current.expires_at,
        },
    )


def wanted(cur: cursor, number: int) -> Credential:
    """One of a number. Raises ProblemList (KEY-007)."""
    found = select(cur, "number = %s", number)
    if not found:
        raise ProblemList([Problem(NO_SUCH, params={"number": number})])
    return found[0]


def locked_line(cur: cursor, one: Credential) -> list[Credential]:
    """All of its line, as they stand now that nobody else changes any of the grant's."""
    lock_grant(cur, one.vendor, one.school)
    key = (one.vendor, one.school, one.kind, one.test, one.name)
    return select(cur, "(vendor, school, kind, test, name) = (%s, %s, %s, %s, %s)", *key)


def found(cur: cursor, vendor: str = "", school: str = "", handle: str = "") -> list[Credential]:
    """Those of a vendor, of a school, whose handle begins so; by number."""
    asked = {"vendor": vendor, "school": school, "handle": handle}
    cur.execute(
        f"SELECT {_FIELDS} FROM vendor_credential WHERE (%(vendor)s IN ('', vendor))"
        " AND (%(school)s IN ('', school)) AND starts_with(handle, %(handle)s) ORDER BY number",
        asked,
    )
    return [_credential(row) for row in cur.fetchall()]


def revoke(cur: cursor, number: int) -> None:
    """For good; the first time stays."""
    cur.execute(
        "UPDATE vendor_credential SET revoked_at = clock_timestamp()"
        " WHERE number = %s AND revoked_at IS NULL",
        (number,),
    )


def deactivate(cur: cursor, number: int) -> None:
    """Until it is reactivated; both times stay, and the later of them says which of the two it is. So each is
    later than the other, whatever the clock says."""
    _switch(cur, number, "deactivated_at", "reactivated_at")


def reactivate(cur: cursor, number: int) -> None:
    """As above."""
    _switch(cur, number, "reactivated_at", "deactivated_at")


def _switch(cur: cursor, number: int, to: str, since: str) -> None:
    cur.execute(
        f"UPDATE vendor_credential SET {to} = greatest(clock_timestamp(), {since} + interval '1 ms')"
        " WHERE number = %s",
        (number,),
    )


def linked(cur: cursor, number: int) -> datetime:
    """A link is made: when, later than any before it; those open nothing any more."""
    cur.execute(
        "UPDATE vendor_credential SET linked_at = greatest(now(), linked_at + interval '1 ms')"
        " WHERE number = %s RETURNING linked_at",
        (number,),
    )
    at: datetime = cur.fetchone()[0]
    return at


def issue(cur: cursor, one: Credential, mac: bytes, sealed: bytes | None) -> None:
    """Its secret exists from now on; the table keeps its hash, and of a Kafka user the sealed password."""
    cur.execute(
        "UPDATE vendor_credential SET secret_hash = %s, sealed = %s, issued_at = now() WHERE number = %s",
        (mac, sealed, one.number),
    )


def by_handle(cur: cursor, handle: str) -> tuple[Credential | None, bytes | None, datetime]:
    """(the key of that handle, the hash of its secret, the database's time)."""
    cur.execute(
        f"SELECT {_FIELDS}, secret_hash FROM vendor_credential WHERE handle = %s AND kind = 'api'", (handle,)
    )
    row = cur.fetchone()
    if row is None:
        return None, None, now(cur)
    return _credential(row[:-1]), row[-1], now(cur)


def grants(cur: cursor) -> list[tuple[str, str]]:
    """(vendor, school) of all that have a credential which is not revoked."""
    cur.execute("SELECT DISTINCT vendor, school FROM vendor_credential WHERE revoked_at IS NULL")
    return list(cur.fetchall())


def end_all(cur: cursor, vendor: str, school: str) -> list[Credential]:
    """Revoke all that a grant gave; those that this has ended."""
    lock_grant(cur, vendor, school)
    cur.execute(
        "UPDATE vendor_credential SET revoked_at = now()"
        f" WHERE vendor = %s AND school = %s AND revoked_at IS NULL RETURNING {_FIELDS}",
        (vendor, school),
    )
    return [_credential(row) for row in cur.fetchall()]


def at_kafka(cur: cursor) -> tuple[list[Credential], list[tuple[int, str, bytes]]]:
    """Kafka users that have not come to their end; (number, handle, sealed password) of those that Kafka may
    not have yet."""
    live = f"kind = 'kafka' AND issued_at IS NOT NULL AND {_NOT_FINAL}"
    found = select(cur, live)
    cur.execute(f"SELECT number, handle, sealed FROM vendor_credential WHERE {live} AND sealed IS NOT NULL")
    return found, [(number, handle, bytes(sealed)) for number, handle, sealed in cur.fetchall()]


def placed(cur: cursor, numbers: Sequence[int]) -> None:
    """Kafka has their passwords: nobody else needs them."""
    if numbers:
        cur.execute("UPDATE vendor_credential SET sealed = NULL WHERE number = ANY(%s)", (list(numbers),))


def is_placed(cur: cursor, number: int) -> bool:
    """Whether Kafka has its password."""
    cur.execute("SELECT sealed IS NULL FROM vendor_credential WHERE number = %s", (number,))
    return bool(cur.fetchone()[0])


def conforms(cur: cursor, vendor: str, version: str) -> bool:
    """Whether a version of the vendor's product has passed; any, if none is named."""
    cur.execute(
        "SELECT EXISTS (SELECT FROM conformity WHERE vendor = %s AND %s IN ('', product_version)"
        " AND passed_at IS NOT NULL)",
        (vendor, version),
    )
    return bool(cur.fetchone()[0])


def used(cur: cursor, number: int, address: str) -> None:
    """It proved somebody; on record at most once a minute, or every push would write a row."""
    cur.execute(
        "UPDATE vendor_credential SET used_at = now(), used_from = %s WHERE number = %s"
        " AND (used_at IS NULL OR used_at < now() - interval '1 minute' OR used_from <> %s)",
        (address, number, address),
    )


def told(one: Credential, code: str) -> dict[str, Any]:
    """A credential as it is printed; ``code`` says why it is worth nothing."""
    return {
        "number": one.number,
        "vendor": one.vendor,
        "school": one.school,
        "kind": one.kind,
        "test": one.test,
        "name": one.name,
        "generation": one.generation,
        "handle": one.handle,
        "addresses": [str(address) for address in one.addresses],
        "made_at": one.made_at,
        "made_by": one.made_by,
        "issued_at": one.issued_at,
        "expires_at": one.expires_at,
        "ends_at": one.ends_at,
        "deactivated_at": one.deactivated_at if one.deactivated else None,
        "revoked_at": one.revoked_at,
        "used_at": one.used_at,
        "used_from": one.used_from,
        "code": code,
    }


def lock_grant(cur: cursor, vendor: str, school: str) -> None:
    """One act at a time on a grant's credentials, to the end of the transaction."""
    cur.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (LOCK, f"{vendor}/{school}"))


def _insert(cur: cursor, columns: Mapping[str, Any]) -> Credential:
    handle = keyring.handle(columns["kind"], test=columns["test"])
    values = {**columns, "handle": handle}
    cur.execute(
        f"INSERT INTO vendor_credential ({', '.join(values)})"
        f" VALUES ({', '.join(f'%({name})s' for name in values)}) RETURNING {_FIELDS}",
        values,
    )
    return _credential(cur.fetchone())


def select(cur: cursor, where: str, *params: Any) -> list[Credential]:
    """Those that meet a condition."""
    cur.execute(f"SELECT {_FIELDS} FROM vendor_credential WHERE {where}", params)
    return [_credential(row) for row in cur.fetchall()]


def _credential(row: Sequence[Any]) -> Credential:
    number, vendor, school, kind, test, name, generation, handle, addresses, *rest = row
    networks = tuple(ip_network(text) for text in addresses)
    return Credential(number, vendor, school, Kind(kind), test, name, generation, handle, networks, *rest)
