"""Records that name themselves twice within one push."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from producers.model import ROW, SourceTable, faults_of
from schemas.contracts.contracts import record
from schemas.errors import Problem, SourceLocation

MOVED: Final = "FILE-205"
ROWS_DIFFER: Final = "FILE-209"
PERSON: Final = ["ClientId", "HoTen", "NgaySinh"]
OF_THE_CLASS: Final = ("MaLopHocDn", "MaLopHocCn", "KhoiHoc")
"""Fields that a move changes."""


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
    frame = table.records.with_columns(
        pl.len().over(PERSON).alias("_times"),
        pl.col("MaLopHocDn").n_unique().over(PERSON).alias("_classes"),
        pl.col("MaLopHocCn").last().over(PERSON).alias("_last"),
        pl.struct(PERSON).is_first_distinct().alias("_first"),
    )
    moved = (pl.col("_times") > 1) & (pl.col("_classes") == pl.col("_times"))
    extra = frame.filter(moved & ~pl.col("_first"))
    kept = frame.filter(~moved | pl.col("_first")).with_columns(
        pl.when(moved).then("_last").otherwise("MaLopHocCn").alias("MaLopHocCn")
    )
    warnings = [Problem(MOVED, SourceLocation(table.source, table.sheet, int(row))) for row in extra[ROW]]
    warnings += _differences(table, kept.filter(moved).drop(ROW), extra)
    table = table.leave_out(extra[ROW], MOVED)
    return replace(table, records=kept.select(table.records.columns)), warnings


def _differences(table: SourceTable, first: pl.DataFrame, extra: pl.DataFrame) -> list[Problem]:
    """What a later row of a pupil who has moved says otherwise: it is not taken, so it is told."""
    if extra.is_empty():
        return []
    asked = [n for n in table.records.columns if n not in (*PERSON, *OF_THE_CLASS, ROW)]
    pairs = extra.join(first, on=PERSON, how="left", suffix="_first", maintain_order="left", nulls_equal=True)
    differ = pairs.select(
        (pl.col(n).is_not_null() & pl.col(n).ne_missing(pl.col(n + "_first"))).alias(n) for n in asked
    )
    return [
        Problem(ROWS_DIFFER, SourceLocation(table.source, table.sheet, int(row), fields), {"fields": fields})
        for row, said in zip(pairs[ROW], differ.iter_rows(named=True), strict=True)
        if (fields := ", ".join(n for n, other in said.items() if other))
    ]
