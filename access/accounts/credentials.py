"""What proves an account after its login: a session, a login of the command line, a personal token.

32 random bytes that only their holder has; the table keeps their SHA-256. A credential says which account,
nothing else: unit, roles and days are read from the account at each act. Once revoked it never comes back.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from psycopg2.extensions import cursor

from access.accounts.account import Account
from access.accounts.store import FIELDS, account_of
from schemas.days import vietnam_day
from schemas.errors import Problem, ProblemList

NONE: Final = "ACC-023"
REVOKED: Final = "ACC-024"
EXPIRED: Final = "ACC-025"
NO_SUCH: Final = "ACC-026"
TOO_MANY: Final = "ACC-027"

PREFIX: Final = "csdl_"
"""Of every secret: a scanner of files finds one that was left lying about."""

LIVES: Final = timedelta(hours=12)
"""A session, and a login of the command line: a working day."""
TOKEN_DAYS: Final = 90
TOKENS_LOCK: Final = 0x61636374
TOKENS: Final = 20
"""Personal tokens in force that one account may have."""


class Kind(StrEnum):
    """How it came to be."""

    SESSION = "session"
    LOGIN = "login"
    TOKEN = "token"


@dataclass(frozen=True)
class Credential:
    """One of them, without its secret."""

    number: int
    kind: Kind
    account: Account


@dataclass(frozen=True)
class Issued:
    """A new one: the secret is told once."""

    number: int
    secret: str
    expires_at: datetime


def issue(cur: cursor, account: Account, kind: Kind, lives: timedelta = LIVES, label: str = "") -> Issued:
    """A new credential. Raises ProblemList (ACC-027): the account has as many tokens as it may."""
    if kind is Kind.TOKEN:
        cur.execute("SELECT pg_advisory_xact_lock(%s, %s)", (TOKENS_LOCK, account.number % 2**31))
        cur.execute(
            "SELECT count(*) FROM credential WHERE account = %s AND kind = 'token'"
            " AND revoked_at IS NULL AND expires_at > now()",
            (account.number,),
        )
        if cur.fetchone()[0] >= TOKENS:
            raise ProblemList([Problem(TOO_MANY, params={"most": TOKENS})])
    secret = PREFIX + secrets.token_urlsafe(32)
    cur.execute(
        "INSERT INTO credential (secret_hash, account, kind, label, expires_at)"
        " VALUES (%s, %s, %s, %s, now() + %s) RETURNING number, expires_at",
        (_hash(secret), account.number, kind, label, lives),
    )
    number, expires_at = cur.fetchone()
    return Issued(number, secret, expires_at)


def prove(cur: cursor, secret: str) -> tuple[Credential | None, str]:
    """(whose it is, why it proves nothing now): the account as it stands in this moment.

    The code is "" if it is in force: else ACC-021 to 025. One that was never issued is nobody's (ACC-023).
    """
    cur.execute(
        f"SELECT c.number, c.kind, c.made_at, c.expires_at, c.revoked_at, {FIELDS}, now()"
        " FROM credential c JOIN account a ON a.number = c.account WHERE c.secret_hash = %s",
        (_hash(secret),),
    )
    row = cur.fetchone()
    if row is None:
        return None, NONE
    number, kind, made_at, expires_at, revoked_at, *account, now = row
    found = Credential(number, Kind(kind), account_of(tuple(account)))
    if revoked_at is not None or _of_another_unit(found.account, vietnam_day(made_at)):
        return found, REVOKED
    if expires_at <= now:
        return found, EXPIRED
    return found, found.account.fault(vietnam_day(now))


def _of_another_unit(account: Account, made: date) -> bool:
    """Whether it was issued before the account moved: as with any change, it proves nothing after."""
    return account.moved and account.moves is not None and made < account.moves.on


def revoke(cur: cursor, credential: Credential) -> None:
    """It proves nobody any more."""
    _revoke(cur, credential.account, credential.number)


def revoke_token(cur: cursor, account: Account, number: int) -> None:
    """One of the account's own tokens. Raises ProblemList (ACC-026) if it has none of that number."""
    if not _revoke(cur, account, number, " AND kind = 'token'"):
        raise ProblemList([Problem(NO_SUCH, params={"number": number})])


def tokens(cur: cursor, account: Account) -> list[dict[str, Any]]:
    """The account's tokens that are in force, oldest first."""
    cur.execute(
        "SELECT number, label, made_at, expires_at FROM credential WHERE account = %s AND kind = 'token'"
        " AND revoked_at IS NULL AND expires_at > %s ORDER BY number",
        (account.number, datetime.now(UTC)),
    )
    return [dict(zip(("number", "label", "made_at", "expires_at"), row, strict=True)) for row in cur]


def _revoke(cur: cursor, account: Account, number: int, more: str = "") -> int:
    cur.execute(
        "UPDATE credential SET revoked_at = now()"
        f" WHERE account = %s AND number = %s AND revoked_at IS NULL{more}",
        (account.number, number),
    )
    return int(cur.rowcount)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
