"""Revisions are undone for a release that does not know them, as long as nothing they brought was used."""

from contextlib import closing
from typing import Any, Final

from alembic import command
from alembic.script import ScriptDirectory
from psycopg2.extensions import connection
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from runtime import postgres
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from sinks.provincial import migrate, schema

FIRST: Final = "0029"
"""From this revision on each says by ``USED``, a query, whether anything stands in what it brought."""


def refuse_if_used(conn: connection, revision: str) -> None:
    """Raises ProblemList (SRV-012) where something is used of revisions beyond that one; newest first."""
    found = []
    for module in _beyond(revision):
        with conn, conn.cursor() as cur:
            cur.execute(getattr(module, "USED", "SELECT 1"))
            if cur.fetchone():
                found.append(module.revision)
    if found:
        params = {"found": schema.look(conn).found, "expected": revision, "used": ", ".join(found)}
        raise ProblemList([Problem("SRV-012", params=params)])


def back(settings: Settings, revision: str) -> None:
    """Undo what is beyond that revision. Raises ProblemList (SRV-012) where something of it is used; nothing
    is changed then."""
    with create_engine(migrate.url(settings), poolclass=NullPool).connect() as held:
        held.execute(text("SELECT pg_advisory_lock(:key)"), {"key": migrate.LOCK})
        held.commit()
        with closing(postgres.connect(settings, "csdl-setup")) as conn:
            refuse_if_used(conn, revision)
        command.downgrade(migrate.config(held), revision)
        held.commit()


def _beyond(revision: str) -> list[Any]:
    """Modules of the revisions beyond one, newest first."""
    every = ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()
    return [script.module for script in every if script.revision > revision]
