"""Rows by name: what comes out of a query and what goes into a table, never by a column's position."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

PAGE: Final = 1000

Row = Mapping[str, Any]


def fetch(cur: cursor, taken: Iterable[tuple[Any, ...]] | None = None) -> list[dict[str, Any]]:
    """Rows of the last query, column to value; ``taken`` if they were taken from the cursor already."""
    names = [column[0] for column in cur.description]
    return [dict(zip(names, row, strict=True)) for row in (cur.fetchall() if taken is None else taken)]


def insert(cur: cursor, table: str, rows: Sequence[Row], conflict: str = "", page: int = PAGE) -> None:
    """Append rows that all have the columns of the first; ``conflict`` is the statement's ON CONFLICT."""
    if not rows:
        return
    names = list(rows[0])
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES %s {conflict}"
    execute_values(cur, statement, [[row[n] for n in names] for row in rows], page_size=page)


def upsert(cur: cursor, table: str, key: Sequence[str], rows: Sequence[Row]) -> None:
    """Append rows, or bring those up to date that have this key already."""
    if rows:
        changed = ", ".join(f"{name} = EXCLUDED.{name}" for name in rows[0] if name not in key)
        insert(cur, table, rows, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}")
