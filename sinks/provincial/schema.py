"""Whether a database has the tables of this code: asked by every process that uses it, before it opens.

Imports no alembic, which takes a second, and no polars, which takes a quarter of one and 50 MB.
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2.extensions import connection

from runtime import postgres
from runtime.probes import NO_TABLES
from runtime.process import Gate
from runtime.settings import Settings
from schemas.contracts import contracts
from schemas.errors import Problem

MIGRATIONS: Final = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Schema:
    """Revision found and expected ("–": no tables yet), and columns of contracts that are missing."""

    found: str
    expected: str
    missing: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether this code can work with it."""
        return self.found == self.expected and not self.missing


def expected() -> str:
    """Revision of this code: the number of the last file."""
    return max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def knows(revision: str) -> bool:
    """Whether this code can bring tables of that revision up to its own."""
    return revision.isdigit() and revision <= expected()


def look(conn: connection) -> Schema:
    """What stands in the database beside what this code expects."""
    with conn, conn.cursor() as cur:
        try:
            cur.execute("SELECT version_num FROM alembic_version")
        except psycopg2.errors.UndefinedTable:
            return Schema(NO_TABLES, expected())
        found = ", ".join(sorted(revision for (revision,) in cur.fetchall())) or NO_TABLES
    with conn, conn.cursor() as cur:
        cur.execute(
            # Not information_schema: that shows each account only what it has a right to.
            "SELECT relname, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attnum > 0 "
            "AND NOT attisdropped AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')"
        )
        have = set(cur.fetchall())
    wanted = {
        (contract.table, field.column)
        for contract in map(contracts.record, contracts.record_types())
        for field in contract.fields
    }
    return Schema(found, expected(), tuple(sorted(".".join(pair) for pair in wanted - have)))


def problems(settings: Settings) -> list[Problem]:
    """SYS-005 if the database's schema is another than this code's. Raises psycopg2.OperationalError."""
    with closing(postgres.connect(settings, "csdl-schema")) as conn:
        schema = look(conn)
    if schema.fits:
        return []
    params = {"found": schema.found, "expected": schema.expected, "missing": len(schema.missing)}
    return [Problem("SYS-005", params=params)]


class SchemaFits(Gate):
    """A process that meets another schema than its own waits until somebody runs ``csdl setup``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def refused(self) -> Problem | None:
        """SYS-005 while the schema is another one, SYS-002 while PostgreSQL is away."""
        try:
            return next(iter(problems(self._settings)), None)
        except psycopg2.OperationalError as fault:
            return postgres.away(fault)

    def close(self) -> None:
        """It holds nothing."""
