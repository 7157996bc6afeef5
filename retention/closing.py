"""A school year goes: its partitions leave their tables, then they and all that speaks of single records.

What stays says what there was, without a personal value: datasets, versions with digest and counts, the chain
of confirmations, exports. The year's states in Kafka stay, too: they are the heads of its chains.

First the backup that holds the year is kept from pruning. Then, in one transaction: writers are held up for a
moment, what was proved is looked at again, the year is marked and its partitions are taken out. From there
on load refuses its pushes (ENV-303). Whatever cuts this off, the same command goes on.
"""

import time
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Final

import psycopg2
from psycopg2.extensions import connection, cursor

from backup import shelf
from retention import proof
from runtime import postgres
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.contracts import contracts
from schemas.days import today
from schemas.errors import Problem, ProblemList
from sinks.provincial import rights, years

AT_WORK: Final = "YEAR-010"
BUSY: Final = "YEAR-011"

LOCK: Final = 0x6373646E

LOCK_MS: Final = 500
"""Below PostgreSQL's deadlock_timeout: where load waits for us and we for it, it is us who give way."""

TRIES: Final = 60

ROWS: Final = {
    "ministry_receipt": "export_id IN (SELECT export_id FROM ministry_export WHERE dataset_id = %s)",
    "ministry_export_record": "export_id IN (SELECT export_id FROM ministry_export WHERE dataset_id = %s)",
    "finding": "dataset_id = %s",
    "identity_finding": "dataset_id = %s",
    "absence": "dataset_id = %s",
    "record_refused": "dataset_id = %s",
    "gateway_push": "dataset_id = %s",
    "push": "dataset_id = %s AND outcome IS NOT NULL",
}
"""Table → its rows of a dataset, in the order in which they go."""

Told = Callable[[str, int, int], object]
"""Told what is at work, how much of it is done, how much it is."""


@dataclass
class Closed:
    """What went. ``already``: nothing was left to do."""

    year: int
    backup: str
    gone: dict[str, int] = field(default_factory=dict)
    already: bool = False


def close(
    settings: Settings,
    year: int,
    *,
    account: str,
    reason: str,
    forgone: Collection[str] = (),
    told: Told = lambda what, done, of: None,
) -> Closed:
    """Let a year go, or go on with it. Raises ProblemList before anything is changed: all that stands against
    it (``proof``), YEAR-010 while another does it, YEAR-011 if its tables are in use all the time."""
    with closing(postgres.connect(settings.acting_as(SETUP), "csdl years")) as conn:
        with conn, conn.cursor() as cur:
            cur.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK, year))
            if cur.fetchone() != (True,):
                raise ProblemList([Problem(AT_WORK, params={"year": year})])
            begun = year in years.closed(cur)
        if not begun:
            _leave(conn, settings, year, account, reason, forgone)
        _drop(conn, year, told)
        _delete(conn, year, told)
        with conn, conn.cursor() as cur:
            cur.execute(
                "UPDATE school_year_closed SET closed_at = now() "
                "WHERE school_year = %s AND closed_at IS NULL",
                (year,),
            )
            already = cur.rowcount == 0
            cur.execute("SELECT backup, gone FROM school_year_closed WHERE school_year = %s", (year,))
            backup, gone = cur.fetchone()
    return Closed(year, backup, gone, already)


def _leave(
    conn: connection, settings: Settings, year: int, account: str, reason: str, forgone: Collection[str]
) -> None:
    """Mark the year and take its partitions out, where nothing came in between."""
    for _ in range(TRIES):
        with conn, conn.cursor() as cur:
            mark = proof.mark(cur, year)
            backup, problems = proof.of(
                cur,
                year,
                school_years=settings.years_on(today()),
                backups=settings.backups_dir,
                forgone=forgone,
            )
        if problems:
            raise ProblemList(problems)
        shelf.keep(settings.backups_dir, str(year), backup)
        with suppress(psycopg2.errors.LockNotAvailable), conn, conn.cursor() as cur:
            cur.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
            cur.execute("LOCK TABLE dataset, confirmation IN SHARE ROW EXCLUSIVE MODE")
            if proof.mark(cur, year) == mark:
                cur.execute(
                    "INSERT INTO school_year_closed (school_year, backup, account, reason, forgone) "
                    "VALUES (%s, %s, %s, %s, %s)",
                    (year, backup, account, reason, sorted(forgone)),
                )
                for table in _partitioned(cur, year):
                    cur.execute(f"ALTER TABLE {table} DETACH PARTITION {table}_{year:d}")
                return
        time.sleep(LOCK_MS / 1000)
    raise ProblemList([Problem(BUSY, params={"year": year})])


def _partitioned(cur: cursor, year: int) -> list[str]:
    """Tables of record types that have a partition of the year."""
    cur.execute(
        "SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent "
        "JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relname = p.relname || '_' || %s ORDER BY 1",
        (str(year),),
    )
    ours = set(rights.typed())
    return [name for (name,) in cur.fetchall() if name in ours]


def _drop(conn: connection, year: int, told: Told) -> None:
    """The partitions that were taken out, one a transaction: nobody reads them any more."""
    tables = sorted(contracts.record(each).table for each in contracts.record_types())
    for done, table in enumerate(tables):
        told(table, done, len(tables))
        with conn, conn.cursor() as cur:
            cur.execute("SELECT to_regclass(%s) IS NOT NULL", (f"public.{table}_{year:d}",))
            if cur.fetchone() == (True,):
                cur.execute(f"SELECT count(*) FROM {table}_{year:d}")
                (rows,) = cur.fetchone()
                cur.execute(f"DROP TABLE {table}_{year:d}")
                _count(cur, year, table, rows)


def _delete(conn: connection, year: int, told: Told) -> None:
    """All that speaks of single records and pushes, a dataset a transaction."""
    with conn, conn.cursor() as cur:
        cur.execute("SELECT dataset_id FROM dataset WHERE school_year = %s ORDER BY 1", (year,))
        datasets = [name for (name,) in cur.fetchall()]
    for done, dataset in enumerate(datasets):
        told("…", done, len(datasets))
        with conn, conn.cursor() as cur:
            for table, where in ROWS.items():
                cur.execute(f"DELETE FROM {table} WHERE {where}", (dataset,))
                _count(cur, year, table, cur.rowcount)


def _count(cur: cursor, year: int, table: str, rows: int) -> None:
    """In the transaction of what went: cut off and gone on with, the sum is right."""
    if rows:
        cur.execute(
            "UPDATE school_year_closed SET gone = gone || jsonb_build_object("
            "%s::text, coalesce((gone ->> %s)::bigint, 0) + %s) WHERE school_year = %s",
            (table, table, rows, year),
        )
