"""What the adapters hand on: tables of records in the contract's shape, and what could not be expressed."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import polars as pl

from schemas.errors import Problem, SourceLocation
from schemas.pointers import MOST_PLACES, common, pointer, steps

OWN_ID: Final = "ClientId"
"""The vendor's own id of a record, which every contract of several records has."""

ROW: Final = "_row"
"""Column beside the contract's: position in the source, from 1 (sheet row, or index in the packet's list)."""

REFUSED: Final = pl.Schema(
    {"ClientId": pl.String(), "Row": pl.Int32(), "Rule": pl.String(), "Fields": pl.List(pl.String())}
)
"""One line for each refused record and rule, as in the chunk contract."""

LEFT_OUT: Final = pl.Schema({"Row": pl.Int32(), "Reason": pl.String()})
"""Rows that are no record of their own, each with the code that says why: ``producers.accounting``."""

FAULTS: Final = pl.Schema({"index": pl.UInt32, "rule": pl.String, "field": pl.String})
"""Cells that cannot be expressed, by position in a frame."""

NO_FAULTS: Final = FAULTS.to_frame()
NONE_REFUSED: Final = REFUSED.to_frame()
NONE_LEFT_OUT: Final = LEFT_OUT.to_frame()


@dataclass(frozen=True)
class Target:
    """What the sender says it is pushing: vendor, school code, school year, LoaiDongBo. ``level``: what the
    organisation calls the school's level, "" if that is not known; ``columns``: captions and the fields that
    they are, where the sender was asked."""

    vendor: str
    school: str
    year: int
    kind: str
    level: str = ""
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class SourceColumn:
    """A column of a list as it stands on its sheet: its number from 1 (0: there is no sheet), its caption,
    the fields it is read into (none: it is not sent)."""

    number: int
    caption: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Json:
    """Where records stand in JSON: the member, and whether their numbers count the items of its list; else
    it holds one record, or each line is JSON of its own."""

    member: str
    indexed: bool

    @property
    def pointer_of_all(self) -> str:
        """Of the member."""
        return pointer([self.member])

    def pointer(self, row: int, *names: str) -> str:
        """JSON pointer of a record's field; of several what holds them all: a nested list, or the record."""
        within = common([steps(name) for name in names])
        return pointer([self.member, *([row - 1] if self.indexed else []), *within])


@dataclass(frozen=True)
class SourceTable:
    """Records of one type from one sheet or one list.

    ``records`` has the contract's columns and ``_row``. Records that cannot be expressed stand in ``refused``
    instead, never nowhere. ``by_name``: references to classes are class names, not codes. ``columns``: of a
    list, all that have a caption, so that what is said of a field finds its cell; a packet has none.

    ``rows``: numbers of all rows of the table below its header, or of all items of the list; a reader of
    files says them. Each is a record, refused, or in ``left_out`` (LEFT_OUT), and one of these:
    ``accounting.check``.
    """

    record_type: str
    source: str
    sheet: str
    records: pl.DataFrame
    refused: pl.DataFrame = field(default_factory=lambda: NONE_REFUSED)
    by_name: bool = False
    columns: tuple[SourceColumn, ...] = ()
    rows: pl.Series | None = None
    left_out: pl.DataFrame = field(default_factory=lambda: NONE_LEFT_OUT)
    codemap: str = ""
    """Name and version of the code map that its codes were read by."""
    json: Json | None = None

    def place(self, row: int, *fields: str) -> SourceLocation:
        """Of a record and fields of it."""
        at = self.json.pointer(row, *fields) if self.json else ""
        return SourceLocation(self.source, self.sheet, row, ", ".join(fields), at)

    def leave_out(self, rows: pl.Series, reasons: pl.Series | str) -> "SourceTable":
        """Name rows that are no record of their own; ``reasons`` are codes, one a row or one for all."""
        if rows.is_empty():
            return self
        reason = pl.lit(reasons) if isinstance(reasons, str) else reasons.alias("Reason")
        named = pl.DataFrame({"Row": rows}).select(pl.col("Row"), reason.alias("Reason")).cast(LEFT_OUT)
        return replace(self, left_out=pl.concat([self.left_out, named]))

    def refuse(self, faults: pl.DataFrame) -> "SourceTable":
        """Move the records named in ``faults`` (FAULTS, by position in ``records``) to ``refused``."""
        if faults.is_empty():
            return self
        client = pl.col("ClientId") if "ClientId" in self.records.columns else pl.lit("")
        places = self.records.select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias("index"),
            client.fill_null("").alias("ClientId"),
            pl.col(ROW).cast(pl.Int32).alias("Row"),
        )
        named = pl.col("field").filter(pl.col("field") != "")
        lines = (
            faults.group_by("index", "rule", maintain_order=True)
            .agg(named.unique(maintain_order=True).head(MOST_PLACES).alias("Fields"))
            .join(places, on="index", how="left", maintain_order="left")
            .select("ClientId", "Row", pl.col("rule").alias("Rule"), "Fields")
        )
        kept = self.records.filter(~places["index"].is_in(faults["index"].unique().implode()))
        return replace(self, records=kept, refused=pl.concat([self.refused, lines]))

    @property
    def refused_count(self) -> int:
        """Refused records; a record refused by two rules counts once."""
        return self.refused["Row"].n_unique() if self.refused.height else 0

    @property
    def count(self) -> int:
        """All records read, refused ones included."""
        return self.records.height + self.refused_count


@dataclass(frozen=True)
class Reading:
    """One file, read. ``warnings`` name places that were read with a repair or left aside."""

    tables: list[SourceTable]
    warnings: list[Problem] = field(default_factory=list)
    unsaid: list[Problem] = field(default_factory=list)
    """What nothing in the file says, so that the sender's word alone stands for it: the school year."""

    @property
    def codemaps(self) -> list[str]:
        """Names and versions of the code maps that the codes were read by."""
        named = {one for table in self.tables for one in table.codemap.split("|") if one}
        return sorted(named)


def faults_of(rule: str, name: str, mask: pl.Series) -> pl.DataFrame:
    """FAULTS for the rows where ``mask`` is true."""
    if not mask.any():
        return NO_FAULTS
    index = mask.arg_true().cast(pl.UInt32)
    return pl.DataFrame(
        {"index": index, "rule": [rule] * len(index), "field": [name] * len(index)}, schema=FAULTS
    )


def concat_faults(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All faults in one frame, by position."""
    given = [f.cast(FAULTS) for f in frames if f.height]
    return pl.concat(given).sort("index", maintain_order=True) if given else NO_FAULTS
