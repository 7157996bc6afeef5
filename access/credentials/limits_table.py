"""The limits of credentials in their table: whether anything of them has changed, and mending it."""

from datetime import datetime
from typing import Any, Final

from psycopg2.extensions import cursor

from access.credentials import store
from access.credentials.limits import Limits, behind
from access.credentials.worth import Credential

_LIMITS: Final = (
    "handle, revoked_at, ends_at, expires_at, issued_at, deactivated_at, reactivated_at, linked_at, addresses"
)


def mark(cur: cursor) -> tuple[Any, ...]:
    """Another one whenever a limit was set, moved or, as in an older copy of the table, is there no more."""
    cur.execute(f"SELECT count(*), bit_xor(hashtextextended(ROW({_LIMITS})::text, 0)) FROM vendor_credential")
    return tuple(cur.fetchone())


def limits(cur: cursor) -> list[Limits]:
    """Of each credential."""
    return [Limits.of(one) for one in store.found(cur)]


def mend(cur: cursor, known: Limits, now: datetime) -> tuple[Credential, dict[str, Any]] | None:
    """Set again what an older copy has lost: the credential as it was and (column → value); None if nothing
    was lost, or the table has no such credential."""
    store.lock_grant(cur, known.vendor, known.school)
    rows = store.select(cur, "handle = %s FOR UPDATE", known.handle)
    if not rows or not (changes := behind(Limits.of(rows[0]), known, now)):
        return None
    values = {**changes, "handle": known.handle}
    if "addresses" in changes:
        values["addresses"] = [str(one) for one in changes["addresses"]]
    to_set = ", ".join(f"{column} = %({column})s" for column in changes)
    cur.execute(f"UPDATE vendor_credential SET {to_set} WHERE handle = %(handle)s", values)
    return rows[0], changes
