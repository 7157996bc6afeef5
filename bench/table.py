"""The plain table that the two peers write: the pupil's columns, typed, and the school."""

import polars as pl

SQL_TYPES = {
    pl.String: "text",
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Int32: "integer",
    pl.Float64: "float8",
}


def columns_sql(records: pl.DataFrame) -> str:
    """Column definitions for the frame's columns."""
    return ", ".join(f"{name} {SQL_TYPES[dtype.base_type()]}" for name, dtype in records.schema.items())
