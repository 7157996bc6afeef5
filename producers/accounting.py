"""Every row is accounted for: it is a record, refused, or named with the reason why it is neither.

The reader says which rows a table has (``SourceTable.rows``) and which of them it leaves out, and why; here
it is counted whether that is all. A row that is nowhere, or twice, is a fault of ours: nothing is sent.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from producers.model import ROW, SourceTable
from schemas.errors import Problem, ProblemList, SourceLocation

UNACCOUNTED: Final = "FILE-070"

HEADER_AGAIN: Final = "FILE-250"
SAMPLE: Final = "FILE-251"
FOOTER: Final = "FILE-252"
"""A total, a note, a signature."""
GROUP: Final = "FILE-253"
"""The name of a class or group above its rows."""
MACHINE: Final = "FILE-254"
"""What a program leaves for itself."""
NOBODY: Final = "FILE-255"
"""Neither code nor name, and too little else to be a record."""
BLANK: Final = "FILE-256"
"""Nothing in any column that is read."""
ABOVE: Final = "FILE-257"
"""Above the header, though filled like a record."""

NAMED: Final = 20
"""Ranges of rows that one text names; ``--json`` has them all."""


@dataclass(frozen=True)
class RowsRead:
    """What became of the rows of one table: so many records, refused ones among them, and reason → rows of
    those that are none."""

    source: str
    sheet: str
    record_type: str
    rows: int
    records: int
    refused: int
    left_out: dict[str, list[int]]

    @property
    def named(self) -> int:
        """Rows that are no record of their own."""
        return sum(map(len, self.left_out.values()))

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "file": self.source,
            "sheet": self.sheet,
            "record_type": self.record_type,
            "rows": self.rows,
            "records": self.records,
            "refused": self.refused,
            "left_out": self.left_out,
        }


def check(tables: Iterable[SourceTable]) -> None:
    """Raises ProblemList (FILE-070) where a row is nowhere, or more than one thing."""
    problems = [
        Problem(UNACCOUNTED, SourceLocation(t.source, t.sheet, rows[0]), {"rows": spans(rows)})
        for t in tables
        if (rows := _unaccounted(t))
    ]
    if problems:
        raise ProblemList(problems)


def told(tables: Iterable[SourceTable]) -> list[RowsRead]:
    """Of each table, in their order."""
    return [
        RowsRead(
            t.source,
            t.sheet,
            t.record_type,
            t.count + t.left_out.height,
            t.count,
            t.refused_count,
            _by_reason(t),
        )
        for t in tables
    ]


def warnings(table: SourceTable) -> list[Problem]:
    """One a reason, at its first row."""
    return [
        Problem(
            reason,
            SourceLocation(table.source, table.sheet, rows[0]),
            {"count": len(rows), "rows": spans(rows)},
        )
        for reason, rows in _by_reason(table).items()
    ]


def spans(rows: Sequence[int]) -> str:
    """Numbers in order as text: ``9, 12–15``."""
    found: list[list[int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1][1] = row
        else:
            found.append([row, row])
    texts = [str(first) if first == last else f"{first}–{last}" for first, last in found[:NAMED]]
    return ", ".join(texts) + (" …" if len(found) > NAMED else "")


def _by_reason(table: SourceTable) -> dict[str, list[int]]:
    grouped = table.left_out.sort("Row").group_by("Reason", maintain_order=True).agg("Row")
    return dict(grouped.rows())


def _unaccounted(table: SourceTable) -> list[int]:
    """Rows that were read and are nothing, those that are two things, and those that were never read."""
    parts = [table.records[ROW].cast(pl.Int32), table.refused["Row"].unique(), table.left_out["Row"]]
    became = pl.concat(part.alias(ROW) for part in parts)
    read = pl.Series(ROW, table.rows, dtype=pl.Int32)
    if became.sort().equals(read.sort()):
        return []
    times = became.value_counts(name="became").join(
        read.value_counts(name="read"), on=ROW, how="full", coalesce=True
    )
    odd = times.filter((pl.col("became") != pl.col("read")).fill_null(True))
    return odd[ROW].sort().to_list()
