"""Typed tables, one a record type, made from the contracts; one partition a school year.

A row is one version of one record: valid from version ``valid_from`` of its dataset until just before
``valid_to`` (NULL while current). The contract's fields follow in snake_case, nested lists as jsonb. A field
added to a contract becomes a column; a column is never dropped, so old versions stay readable.

Setup makes the partitions (``hoc_sinh_2019``), load never does: a year without one is a year that nobody has
configured (ENV-303).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import polars as pl
from psycopg2.extensions import cursor

from schemas.contracts import contracts
from schemas.encoding import columnar

SYSTEM: Final = {
    "school_year": ("integer", "Năm học, theo năm bắt đầu — school year, by its first calendar year"),
    "school": ("text", "Mã trường — school"),
    "dataset_id": ("text", "Mã bộ dữ liệu — dataset"),
    "identity": ("text", "Định danh bản ghi, không đổi khi đổi phần mềm — identity, outlives the vendor"),
    "valid_from": ("integer", "Phiên bản đầu tiên có dòng này — first version that holds this row"),
    "valid_to": (
        "integer",
        "Phiên bản đầu tiên không còn dòng này — first version without it, NULL if current",
    ),
    "row_hash": ("text", "Mã băm nội dung bản ghi — hash of the record"),
    "vendor": ("text", "Phần mềm đã gửi — vendor that sent it"),
}
"""Columns that every typed table has before the contract's own: name → (type, comment)."""

NULLABLE: Final = {"valid_to"}


@dataclass(frozen=True)
class Column:
    """A contract field as a column: its SQL name and type, its field name and polars type."""

    name: str
    sql_type: str
    field: str
    dtype: pl.DataType
    label_vi: str


@dataclass(frozen=True)
class Table:
    """Table of a record type."""

    name: str
    record_type: str
    label_vi: str
    columns: tuple[Column, ...]


@cache
def table(record_type: str) -> Table:
    """Table of a record type, its columns in the contract's order."""
    contract = contracts.record(record_type)
    dtypes = columnar.frame_schema(record_type)
    columns = tuple(
        Column(f.column, sql_type(dtypes[f.name]), f.name, dtypes[f.name], f.label_vi)
        for f in contract.fields
    )
    taken = [c.name for c in columns if c.name in SYSTEM]
    if taken:
        raise ValueError(f"{record_type}: {taken} are the table's own columns")
    return Table(contract.table, record_type, contract.label_vi, columns)


def sql_type(dtype: pl.DataType) -> str:
    """PostgreSQL type that holds a polars type exactly. Raises ValueError for a type no contract uses."""
    if dtype.is_nested():
        return "jsonb"
    names: dict[pl.DataType, str] = {
        pl.String(): "text",
        pl.Boolean(): "boolean",
        pl.Int32(): "integer",
        pl.Int64(): "bigint",
        pl.Float64(): "double precision",
        pl.Date(): "date",
    }
    if dtype not in names:
        raise ValueError(f"no column type for {dtype}")
    return names[dtype]


def statements(record_type: str) -> list[str]:
    """DDL that brings the table of a record type up to its contract; harmless when repeated."""
    t = table(record_type)
    system = ", ".join(
        f"{name} {kind}{'' if name in NULLABLE else ' NOT NULL'}" for name, (kind, _) in SYSTEM.items()
    )
    out = [
        f"CREATE TABLE IF NOT EXISTS {t.name} ({system}) PARTITION BY LIST (school_year)",
        # A dataset's rows, current ones (NULL) and those that ended after a version: load, check, reading.
        # One current row a record, one that ends with a version: the database itself keeps the history so.
        f"CREATE UNIQUE INDEX IF NOT EXISTS {t.name}_history ON {t.name} "
        "(dataset_id, valid_to, identity, school_year) NULLS NOT DISTINCT",
        f"COMMENT ON TABLE {t.name} IS {_text(t.label_vi)}",
    ]
    added = ", ".join(f"ADD COLUMN IF NOT EXISTS {_name(c.name)} {c.sql_type}" for c in t.columns)
    out.append(f"ALTER TABLE {t.name} {added}")
    out += [f"COMMENT ON COLUMN {t.name}.{name} IS {_text(comment)}" for name, (_, comment) in SYSTEM.items()]
    out += [f"COMMENT ON COLUMN {t.name}.{_name(c.name)} IS {_text(c.label_vi)}" for c in t.columns]
    return out


def partitions(record_type: str, years: Iterable[int]) -> list[str]:
    """DDL of the partitions of these school years; harmless when repeated.

    Rows are found by the table's own columns. Of the contract's PostgreSQL keeps no statistics: to make them
    of 115 columns takes seconds, in the middle of the burst that has brought the rows.
    """
    t = table(record_type)
    unasked = ", ".join(f"ALTER COLUMN {_name(c.name)} SET STATISTICS 0" for c in t.columns)
    out = []
    for year in sorted(set(years)):
        partition = f"{t.name}_{year:d}"
        out += [
            f"CREATE TABLE IF NOT EXISTS {partition} PARTITION OF {t.name} FOR VALUES IN ({year:d})",
            f"ALTER TABLE {partition} {unasked}",
        ]
    return out


def years(cur: cursor) -> set[int]:
    """School years whose rows the tables can hold."""
    names = [table(t).name for t in contracts.record_types()]
    cur.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = ANY(%s::regclass[])",
        (names,),
    )
    held = {name for (name,) in cur.fetchall()}
    found = {int(name.rpartition("_")[2]) for name in held}
    return {y for y in found if held.issuperset(f"{name}_{y}" for name in names)}


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
