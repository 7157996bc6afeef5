"""Rows by the names of their columns, in and out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

Row = Mapping[str, Any]

PAGE: Final = 500


def fetch(cur: cursor) -> list[dict[str, Any]]:
    """What the last statement found, a dict a row."""
    names = [column.name for column in cur.description]
    return [dict(zip(names, row, strict=True)) for row in cur.fetchall()]


def insert(cur: cursor, table: str, rows: Sequence[Row], conflict: str = "") -> None:
    """Append rows that all have the same columns; ``conflict`` is the statement's ON CONFLICT."""
    if not rows:
        return
    names = list(rows[0])
    execute_values(
        cur,
        f"INSERT INTO {table} ({', '.join(names)}) VALUES %s {conflict}",
        [[row[name] for name in names] for row in rows],
        page_size=PAGE,
    )


def upsert(cur: cursor, table: str, key: Sequence[str], rows: Sequence[Row]) -> None:
    """Append rows, or bring those up to date that have this key already."""
    if rows:
        changed = ", ".join(f"{name} = EXCLUDED.{name}" for name in rows[0] if name not in key)
        insert(cur, table, rows, f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}")
