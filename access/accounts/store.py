"""The table of accounts: found by name, number or OpenID identity; made and changed by the operator.

Whatever changes an account (its unit, roles, days, password) revokes all that was issued to it, in the same
transaction: what proved somebody last week proves nobody now, and an account that is reinstated later does
not bring it back. A move that was said beforehand changes it as its day begins: what was issued before that
day proves nothing any more (`credentials`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from psycopg2.extensions import connection, cursor

from access.accounts import names
from access.accounts.account import Account, Move, Role
from schemas.days import today
from schemas.errors import Problem, ProblemList

NO_NAME: Final = "ACC-001"
TWIN: Final = "ACC-002"
NO_PERSON: Final = "ACC-006"
UNKNOWN: Final = "ACC-007"
DAYS: Final = "ACC-009"
IDENTITY_TAKEN: Final = "ACC-010"

_FIELDS: Final = "number, name, person, unit, roles, active_from, active_to, next_from, next_unit, next_roles"
FIELDS: Final = ", ".join(f"a.{name}" for name in _FIELDS.split(", "))
"""What `account_of` takes, of a table called ``a``."""


@dataclass(frozen=True)
class New:
    """An account to be made. ``name`` and ``person`` as typed; ``password_hash`` "" if it has none."""

    name: str
    person: str
    unit: str
    roles: frozenset[Role]
    active_from: date
    active_to: date | None = None
    password_hash: str = ""
    issuer: str = ""
    subject: str = ""


def create(cur: cursor, new: New) -> Account:
    """The account made. Raises ProblemList, all at once: ACC-001, 002, 006, 009, 010."""
    name, person = names.canonical(new.name), names.person(new.person)
    problems = []
    if name is None:
        problems.append(Problem(NO_NAME))
    if person is None:
        problems.append(Problem(NO_PERSON))
    if new.active_to is not None and new.active_to <= new.active_from:
        problems.append(Problem(DAYS))
    problems += _taken(cur, name, new)
    if name is None or person is None or problems:
        raise ProblemList(problems)
    cur.execute(
        "INSERT INTO account (name, name_key, person, unit, roles, active_from, active_to, issuer, subject)"
        f" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING {_FIELDS}",
        (
            *(name, names.key(name), person, new.unit, sorted(new.roles), new.active_from, new.active_to),
            *(new.issuer, new.subject),
        ),
    )
    row = cur.fetchone()
    if row is None:  # another operator in the same moment: the table's keys decide
        raise ProblemList(_taken(cur, name, new))
    account = account_of(row)
    if new.password_hash:
        set_password(cur, account, new.password_hash)
    return account


def _taken(cur: cursor, name: str | None, new: New) -> list[Problem]:
    """ACC-002, ACC-010: what of it an account has already."""
    problems = []
    if name is not None and (twin := _find(cur, "name_key = %s", names.key(name))):
        problems.append(Problem(TWIN, params={"account": twin.id}))
    if new.issuer and by_identity(cur, new.issuer, new.subject):
        problems.append(Problem(IDENTITY_TAKEN))
    return problems


def change(cur: cursor, account: Account, **columns: Any) -> int:
    """Set columns of an account, and revoke what was issued to it; how many that was."""
    named = ", ".join(f"{column} = %({column})s" for column in columns)
    cur.execute(
        f"UPDATE account SET {named}, changed_at = now() WHERE number = %(number)s",
        {**columns, "number": account.number},
    )
    return revoke_all(cur, account)


def set_password(cur: cursor, account: Account, password_hash: str) -> int:
    """Another password, or a first one; what was issued to it is revoked, how many that was."""
    cur.execute(
        "INSERT INTO account_password (account, hash) VALUES (%s, %s)"
        " ON CONFLICT (account) DO UPDATE SET hash = EXCLUDED.hash, changed_at = now()",
        (account.number, password_hash),
    )
    return revoke_all(cur, account)


def replace_password(cur: cursor, account: Account, before: str, after: str) -> bool:
    """Whether the password was still the one before, and is another now."""
    cur.execute(
        "UPDATE account_password SET hash = %s, changed_at = now() WHERE account = %s AND hash = %s",
        (after, account.number, before),
    )
    return bool(cur.rowcount)


def revoke_all(cur: cursor, account: Account, but: int = 0) -> int:
    """What was issued to an account proves nobody any more, but for one by its number; how many that was."""
    cur.execute(
        "UPDATE credential SET revoked_at = now() WHERE account = %s AND number <> %s AND revoked_at IS NULL",
        (account.number, but),
    )
    return int(cur.rowcount)


def by_name(cur: cursor, typed: str) -> Account | None:
    """The account of a name as somebody typed it."""
    name = names.canonical(typed)
    return None if name is None else _find(cur, "name_key = %s", names.key(name))


def wanted(cur: cursor, typed: str) -> Account:
    """The account of a name, locked for a change. Raises ProblemList (ACC-007) if there is none."""
    name = names.canonical(typed)
    found = None if name is None else _find(cur, "name_key = %s FOR UPDATE", names.key(name))
    if found is None:
        raise ProblemList([Problem(UNKNOWN)])
    return found


def by_identity(cur: cursor, issuer: str, subject: str) -> Account | None:
    """The account of a person at an OpenID provider."""
    return _find(cur, "issuer = %s AND subject = %s AND issuer <> ''", issuer, subject)


def password_hash(cur: cursor, account: Account) -> str:
    """What a password is held against, "" if it has none."""
    cur.execute("SELECT hash FROM account_password WHERE account = %s", (account.number,))
    row = cur.fetchone()
    return "" if row is None else str(row[0])


def everyone(conn: connection) -> list[Account]:
    """All accounts, by name."""
    with conn, conn.cursor() as cur:
        cur.execute(f"SELECT {_FIELDS} FROM account ORDER BY name")
        return [account_of(row) for row in cur.fetchall()]


def persons(cur: cursor, numbers: Collection[int]) -> dict[int, str]:
    """Account number → the person who acts by it."""
    cur.execute("SELECT number, person FROM account WHERE number = ANY(%s)", (sorted(numbers),))
    return dict(cur.fetchall())


def _find(cur: cursor, where: str, *params: Any) -> Account | None:
    cur.execute(f"SELECT {_FIELDS} FROM account WHERE {where}", params)
    row = cur.fetchone()
    return None if row is None else account_of(row)


def account_of(row: tuple[Any, ...]) -> Account:
    """The account as it stands today. ``row``: of FIELDS."""
    number, name, person, unit, roles, active_from, active_to, next_from, next_unit, next_roles = row
    then = None if next_from is None else Move(next_from, next_unit, frozenset(map(Role, next_roles)))
    found = Account(number, name, person, unit, frozenset(map(Role, roles)), active_from, active_to, then)
    return found.on(today())
