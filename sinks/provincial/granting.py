"""The database's rights beside those that are declared: what is missing, what is too much; to make it so."""

from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import psycopg2
from psycopg2.extensions import connection, cursor

from runtime import postgres
from runtime.accounts import BACKUP, OWNER
from runtime.process import Gate
from runtime.settings import Settings
from schemas.errors import Problem
from sinks.provincial.rights import Kind, Right, declared

MISSING: Final = "SEC-201"
TOO_MUCH: Final = "SEC-202"
POWERFUL: Final = "SEC-203"
NO_ACCOUNT: Final = "SEC-204"
NOT_THE_OWNER: Final = "SEC-205"

_STAND: Final = """
WITH object AS (
    SELECT 'TABLE' AS kind, relname AS name, relacl AS acl, relowner AS owner, 'r'::"char" AS type
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL
    SELECT 'TABLE', relname, attacl, relowner, 'r' FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attacl IS NOT NULL
    UNION ALL
    SELECT 'DATABASE', '', coalesce(datacl, acldefault('d', datdba)), datdba, 'd'
    FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'SCHEMA', nspname, coalesce(nspacl, acldefault('n', nspowner)), nspowner, 'n'
    FROM pg_namespace WHERE nspname = 'public'
    UNION ALL
    SELECT 'FUNCTION', proname, coalesce(proacl, acldefault('f', proowner)), proowner, 'f'
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
)
SELECT coalesce(r.rolname, 'PUBLIC') AS account, o.kind, o.name, a.privilege_type
FROM object o, aclexplode(o.acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE a.grantee <> o.owner AND coalesce(r.rolname, '') <> %(owner)s
"""
"""A right to a column alone counts as one to the table: the same statement takes it away. Of functions those
that act as their owner."""


@dataclass(frozen=True)
class Differences:
    """Accounts that the server does not have; rights that are missing, and that are not declared."""

    unknown: tuple[str, ...]
    missing: tuple[Right, ...]
    too_many: tuple[Right, ...]


def look(cur: cursor) -> Differences:
    """What stands beside what is declared. Of an account that is unknown no right is missing."""
    cur.execute(_STAND, {"owner": OWNER})
    stand = {Right(account, Kind(kind), name, what) for account, kind, name, what in cur.fetchall()}
    wanted = declared()
    cur.execute("SELECT rolname FROM pg_roles")
    known = {name for (name,) in cur.fetchall()}
    missing = sorted(right for right in wanted - stand if right.account in known)
    unknown = sorted({right.account for right in wanted} - known)
    return Differences(tuple(unknown), tuple(missing), tuple(sorted(stand - wanted)))


def bring(conn: connection) -> list[str]:
    """Give and take, by the owner, what differs; what was changed, a line an account and object."""
    with conn, conn.cursor() as cur:
        found = look(cur)
        cur.execute("SELECT current_database()")
        (database,) = cur.fetchone()
        said = []
        for verb, to, rights in (("GRANT", "TO", found.missing), ("REVOKE", "FROM", found.too_many)):
            for (account, kind, name), what in _by_object(rights).items():
                of = database if kind is Kind.DATABASE else name
                who = account if account == "PUBLIC" else f'"{account}"'
                cur.execute(f'{verb} {", ".join(what)} ON {kind} "{of}" {to} {who}')
                said.append(f"{verb} {', '.join(what)} {name} {to} {account}".replace("  ", " "))
    return said


def _by_object(rights: Iterable[Right]) -> dict[tuple[str, Kind, str], list[str]]:
    out: dict[tuple[str, Kind, str], list[str]] = {}
    for right in rights:
        out.setdefault((right.account, right.kind, right.name), []).append(right.what)
    return out


def problems(settings: Settings) -> list[Problem]:
    """SEC-201, SEC-202 for accounts with other rights than declared, SEC-203 for one of ours with power over
    the server, SEC-204 one that the server does not have. Raises psycopg2.Error."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn, conn, conn.cursor() as cur:
        found = look(cur)
        cur.execute(
            "SELECT rolname FROM pg_roles WHERE (rolname = session_user OR rolname = ANY(%s)) AND "
            "(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication AND rolname <> %s OR rolbypassrls) "
            "ORDER BY 1",
            (sorted({right.account for right in declared()}), BACKUP),  # which copies by replication
        )
        powerful = [name for (name,) in cur.fetchall()]
    return [
        *(Problem(NO_ACCOUNT, params={"name": name}) for name in found.unknown),
        *_said(MISSING, found.missing),
        *_said(TOO_MUCH, found.too_many),
        *(Problem(POWERFUL, params={"name": name}) for name in powerful),
    ]


def _said(code: str, rights: Iterable[Right]) -> list[Problem]:
    by_account: dict[str, list[str]] = {}
    for right in rights:
        by_account.setdefault(right.account, []).append(str(right))
    return [
        Problem(code, params={"name": name, "rights": ", ".join(some)}) for name, some in by_account.items()
    ]


class RightsHeld(Gate):
    """A process without one of its rights waits until somebody runs ``csdl setup``, and says which."""

    def __init__(self, settings: Settings, principal: str) -> None:
        self._settings, self._principal = settings, principal

    def refused(self) -> Problem | None:
        """SEC-201 while a right is missing, SYS-002 while PostgreSQL is away."""
        ours = sorted(r for r in declared() if r.account == self._principal)
        try:
            with closing(postgres.connect(self._settings, "csdl-rights")) as conn, conn.cursor() as cur:
                missing = _not_held(cur, ours)
        except psycopg2.OperationalError as fault:
            return postgres.away(fault)
        return next(iter(_said(MISSING, missing)), None)

    def close(self) -> None:
        """It holds nothing."""


def _not_held(cur: cursor, rights: Collection[Right]) -> list[Right]:
    """Those that the account at hand does not have, by whatever way; a table that is missing has none."""
    cur.execute(
        "SELECT CASE kind WHEN 'TABLE' THEN coalesce(has_table_privilege(to_regclass(name), what), false) "
        "WHEN 'FUNCTION' THEN coalesce(has_function_privilege(to_regproc(name)::oid, what), false) "
        "ELSE has_database_privilege(current_database(), what) END "
        "FROM unnest(%s::text[], %s::text[], %s::text[]) AS r (kind, name, what)",
        ([str(r.kind) for r in rights], [r.name for r in rights], [r.what for r in rights]),
    )
    return [right for right, (held,) in zip(rights, cur.fetchall(), strict=True) if not held]
