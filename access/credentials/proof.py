"""The door that every push goes through: whose key is it, and may it be used here and now.

The table is read at each proof and nothing of it is kept, so that a revocation counts for the next one. What
a known key was refused for is on record; what nobody issued is counted only, or a stranger could fill the
table.
"""

from collections.abc import Callable
from dataclasses import dataclass

from psycopg2.extensions import connection

from access import audit
from access.audit import AuditEvent, Kind
from access.credentials import keyring, store, worth
from access.credentials.keyring import Keyring
from access.credentials.worth import Credential
from runtime import metrics

Grants = Callable[[str, str], str]
"""(vendor, school) → why its grant is not in force, "" if it is (``standing``)."""


@dataclass(frozen=True)
class Proof:
    """Whose key it is, None of what was never issued; ``code`` why it proves nothing: KEY-101 to 111."""

    credential: Credential | None
    code: str


def prove_key(
    conn: connection, grants: Grants, keys: Keyring, secret: str, address: str, school: str, *, test: bool
) -> Proof:
    """Prove a vendor for a school by a key. ``conn`` has no transaction under way.

    ``address``: where it comes from (``addresses.caller``). ``test``: whether this is where test keys are
    taken, and no others. Raises psycopg2.Error.
    """
    proof = _prove(conn, grants, keys, secret, address, school, test)
    metrics.KEYS_PROVED.labels(proof.code or "proved").inc()
    if proof.credential is not None:
        one = proof.credential
        if proof.code:
            what = {"act": "prove", "subject": one.subject, "code": proof.code, "address": address}
            audit.record(conn, [AuditEvent(Kind.REFUSED, one.vendor, one.vendor, "vendor", **what)])
        else:
            with conn, conn.cursor() as cur:
                store.used(cur, one.number, address)
    return proof


def _prove(
    conn: connection, grants: Grants, keys: Keyring, secret: str, address: str, school: str, test: bool
) -> Proof:
    with conn, conn.cursor() as cur:
        found, kept, now = store.by_handle(cur, keyring.handle_of(secret))
    if not keyring.same(kept, keys.mac(secret)) or found is None:
        return Proof(None, worth.UNKNOWN)
    code = worth.worth(found, grants(found.vendor, found.school), now, address, test=test)
    if not code and found.school != school:
        code = worth.OTHER_SCHOOL
    return Proof(found, code)
