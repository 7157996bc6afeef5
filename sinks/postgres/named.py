"""Rows by name: what comes out of a query and what goes into a table, never by a column's position."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

PAGE: Final = 1000

Row = Mapping[str, Any]


def fetched(cur: cursor, rows: Iterable[tuple[Any, ...]] | None = None) -> list[dict[str, Any]]:
    """Rows of the last query, column → value; ``rows`` if they were taken from the cursor already."""
    names = [column[0] for column in cur.description]
    return [dict(zip(names, row, strict=True)) for row in (cur.fetchall() if rows is None else rows)]


def put(cur: cursor, table: str, rows: Sequence[Row], otherwise: str = "", page: int = PAGE) -> None:
    """Insert rows that all have the columns of the first; ``otherwise`` says what to do with a conflict."""
    if not rows:
        return
    names = list(rows[0])
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES %s {otherwise}"
    execute_values(cur, statement, [[row[n] for n in names] for row in rows], page_size=page)
