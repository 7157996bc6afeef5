"""The door that every push goes through: whose key is it, and may it be used here and now.

The table is read at each proof and nothing of it is kept, so that a revocation counts for the next one. What
a known key was refused for is on record; what nobody issued is counted only, or a stranger could fill the
table, and by its address: whoever tries many waits (``guesses``). Nor may a client that tries a revoked key
for days: the same refusal is on record once a minute.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from psycopg2.extensions import connection

from access import audit
from access.audit import AuditEvent, Kind
from access.credentials import keyring, store, worth
from access.credentials.guesses import Guesses
from access.credentials.keyring import Keyring
from access.credentials.worth import Credential
from runtime import metrics
from schemas.errors import Problem

Grants = Callable[[str, str], str]
"""(vendor, school) → why its grant is not in force, "" if it is (``standing``)."""


TOO_MANY: Final = "KEY-112"

AGAIN_S: Final = 60.0
REMEMBERED: Final = 10_000


class Refusals:
    """What is on record already: of a credential, for a reason, from an address. For any thread."""

    def __init__(self) -> None:
        self._until: OrderedDict[tuple[int, str, str], float] = OrderedDict()
        self._lock = Lock()

    def due(self, number: int, code: str, address: str) -> bool:
        """Whether it is to be put on record; it counts as put there."""
        key, now = (number, code, address), time.monotonic()
        with self._lock:
            if self._until.get(key, 0.0) > now:
                return False
            self._until[key] = now + AGAIN_S
            self._until.move_to_end(key)
            if len(self._until) > REMEMBERED:
                self._until.popitem(last=False)
        return True


@dataclass(frozen=True)
class Proof:
    """Whose key it is, None of what was never issued; ``code`` why it proves nothing: KEY-101 to 112, which
    says when to come again (``wait_s``)."""

    credential: Credential | None
    code: str
    wait_s: int = 0

    def problem(self) -> Problem:
        """What is told of a key that proves nothing."""
        return Problem(self.code, params={"retry_after": self.wait_s} if self.wait_s else {})


def prove_key(
    conn: connection,
    grants: Grants,
    keys: Keyring,
    refusals: Refusals,
    guesses: Guesses,
    secret: str,
    address: str,
    school: str | None,
    *,
    test: bool,
) -> Proof:
    """Prove a vendor for a school by a key. ``conn`` has no transaction under way.

    ``school`` None: for that of the key, whichever it is. ``address``: where it comes from
    (``addresses.caller``). ``test``: whether this is where test keys are
    taken, and no others. Raises psycopg2.Error.
    """
    with guesses.one(address, keys.mac(secret)) as guess:
        if guess.wait_s:
            proof = Proof(None, TOO_MANY, guess.wait_s)
        else:
            proof = _prove(conn, grants, keys, secret, address, school, test)
            guess.wrong, guess.right = proof.code == worth.UNKNOWN, not proof.code
    metrics.KEYS_PROVED.labels(proof.code or "proved").inc()
    if proof.credential is not None:
        one = proof.credential
        if proof.code and refusals.due(one.number, proof.code, address):
            what = {"act": "prove", "subject": one.subject, "code": proof.code, "address": address}
            audit.record(conn, [AuditEvent(Kind.REFUSED, one.vendor, one.vendor, "vendor", **what)])
        if not proof.code:
            with conn, conn.cursor() as cur:
                store.used(cur, one.number, address)
    return proof


def shown_to_people(
    conn: connection, keys: Keyring, refusals: Refusals, secret: str, address: str, code: str
) -> None:
    """Put on record that a vendor's key was shown at a door for people, where it proves nobody: ``code``.

    ``conn`` has no transaction under way. Raises psycopg2.Error.
    """
    if not (handle := keyring.handle_of(secret)):
        return
    with conn, conn.cursor() as cur:
        one, kept, _ = store.by_handle(cur, handle)
    if one is not None and keyring.same(kept, keys.mac(secret)) and refusals.due(one.number, code, address):
        what = {"act": "show", "subject": one.subject, "code": code, "address": address}
        audit.record(conn, [AuditEvent(Kind.REFUSED, one.vendor, one.vendor, "vendor", **what)])


def _prove(
    conn: connection,
    grants: Grants,
    keys: Keyring,
    secret: str,
    address: str,
    school: str | None,
    test: bool,
) -> Proof:
    with conn, conn.cursor() as cur:
        found, kept, now = store.by_handle(cur, keyring.handle_of(secret))
    if not keyring.same(kept, keys.mac(secret)) or found is None:
        return Proof(None, worth.UNKNOWN)
    code = worth.worth(found, grants(found.vendor, found.school), now, address, test=test)
    if not code and school not in (None, found.school):
        code = worth.OTHER_SCHOOL
    return Proof(found, code)
