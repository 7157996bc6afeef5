"""A link that shows a secret once: to whoever confirms it first, within a day.

The secret is made when it is shown, so that nobody could have seen it before, and nothing keeps it
afterwards. To look at a link spends nothing: mail scanners and previews look at all of them.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from psycopg2.extensions import cursor

from access.credentials import keyring, store
from access.credentials.keyring import Keyring
from access.credentials.worth import Credential, Kind, by_itself
from runtime.accounts import key_user
from schemas.errors import Problem, ProblemList

NO_LINK: Final = "KEY-020"
OPENED: Final = "KEY-021"
OVER: Final = "KEY-022"
HAS_SECRET: Final = "KEY-009"

LIVES: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Link:
    """A new one: its token is told once."""

    token: str
    expires_at: datetime


@dataclass(frozen=True)
class Shown:
    """What a link shows: whose it is and the secret; ``user`` at Kafka, "" of a key."""

    credential: Credential
    secret: str
    user: str


def make(cur: cursor, credential: Credential) -> Link:
    """A link to a credential that has no secret yet; one that was made before opens nothing any more.

    Raises ProblemList (KEY-009)."""
    if credential.issued_at is not None:
        raise ProblemList([Problem(HAS_SECRET, params={"number": credential.number})])
    cur.execute(
        "UPDATE credential_link SET replaced_at = now()"
        " WHERE credential = %s AND opened_at IS NULL AND replaced_at IS NULL",
        (credential.number,),
    )
    token = secrets.token_urlsafe(32)
    made_at = store.linked(cur, credential.number)
    cur.execute(
        "INSERT INTO credential_link (token_hash, credential, made_at, expires_at)"
        " VALUES (%s, %s, %s, %s) RETURNING expires_at",
        (keyring.token_hash(token), credential.number, made_at, made_at + LIVES),
    )
    return Link(token, cur.fetchone()[0])


def look(cur: cursor, token: str) -> Credential:
    """Whose secret a link would show; spends nothing. Raises ProblemList: KEY-020 to 022; KEY-102 to 105."""
    return _openable(cur, token, "")


def open_(cur: cursor, token: str, address: str, keys: Keyring) -> Shown:
    """Show the secret, once: of several at once one has it. Raises ProblemList as above."""
    credential = _openable(cur, token, " FOR UPDATE OF l")
    made = keyring.secret(credential.kind, credential.handle)
    user = key_user(credential.handle) if credential.kind is Kind.KAFKA else ""
    sealed = keys.seal(made, user) if user else None
    store.issue(cur, credential, keys.mac(made), sealed)
    cur.execute(
        "UPDATE credential_link SET opened_at = now(), opened_from = %s WHERE token_hash = %s",
        (address, keyring.token_hash(token)),
    )
    return Shown(credential, made, user)


def whose(cur: cursor, token: str) -> Credential | None:
    """The credential of a link, whatever became of it; None of what is no link of ours."""
    cur.execute("SELECT credential FROM credential_link WHERE token_hash = %s", (keyring.token_hash(token),))
    row = cur.fetchone()
    return None if row is None else store.wanted(cur, row[0])


def _openable(cur: cursor, token: str, lock: str) -> Credential:
    cur.execute(
        "SELECT credential, opened_at, replaced_at IS NOT NULL OR l.expires_at <= clock_timestamp()"
        " OR coalesce(l.made_at < linked_at, false) FROM credential_link l"
        f" JOIN vendor_credential ON number = credential WHERE token_hash = %s{lock}",
        (keyring.token_hash(token),),
    )
    row = cur.fetchone()
    if row is None:
        raise ProblemList([Problem(NO_LINK)])
    number, opened_at, over = row
    if opened_at is not None:
        raise ProblemList([Problem(OPENED, params={"at": f"{opened_at:%d/%m/%Y %H:%M:%S %Z}"})])
    if over:
        raise ProblemList([Problem(OVER)])
    credential = store.wanted(cur, number)
    if credential.issued_at is not None:
        raise ProblemList([Problem(HAS_SECRET, params={"number": number})])
    if code := by_itself(credential, store.now(cur)):
        raise ProblemList([Problem(code)])
    return credential
