"""Records that name themselves twice within one push."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from producers.model import ROW, SourceTable, faults_of
from schemas.contracts.contracts import record
from schemas.errors import Problem, SourceLocation

MOVED: Final = "FILE-205"


def refuse_repeated(tables: Sequence[SourceTable]) -> list[SourceTable]:
    """The first record of a ClientId stays; later ones are refused, whatever file they are in."""
    seen: dict[str, set[str]] = {}
    result = []
    for table in tables:
        if "ClientId" not in table.records.columns or table.records.is_empty():
            result.append(table)
            continue
        earlier = seen.setdefault(table.record_type, set())
        ids = table.records["ClientId"]
        repeated = ~ids.is_first_distinct() | (ids.is_in(list(earlier)) if earlier else False)
        earlier.update(ids.to_list())
        rule = record(table.record_type).repeated_client_id
        result.append(table.refuse(faults_of(rule, "ClientId", repeated)))
    return result


def merge_moves(table: SourceTable) -> tuple[SourceTable, list[Problem]]:
    """In a list, the same pupil on two rows of two classes has moved: one record, first and last class.

    Only where name and birth date agree too; anything else is a repeated ClientId.
    """
    if not table.by_name or table.records.is_empty():
        return table, []
    person = ["ClientId", "HoTen", "NgaySinh"]
    frame = table.records.with_columns(
        pl.len().over(person).alias("_times"),
        pl.col("MaLopHocDn").n_unique().over(person).alias("_classes"),
        pl.col("MaLopHocCn").last().over(person).alias("_last"),
        pl.struct(person).is_first_distinct().alias("_first"),
    )
    moved = (pl.col("_times") > 1) & (pl.col("_classes") == pl.col("_times"))
    extra = frame.filter(moved & ~pl.col("_first"))
    kept = frame.filter(~moved | pl.col("_first")).with_columns(
        pl.when(moved).then("_last").otherwise("MaLopHocCn").alias("MaLopHocCn")
    )
    warnings = [Problem(MOVED, SourceLocation(table.source, table.sheet, int(row))) for row in extra[ROW]]
    return replace(table, records=kept.select(table.records.columns)), warnings
