"""Apply complete pushes: their records become rows of the typed tables, type by type, in one transaction.

Several pushes at once, of different datasets, so that frames are long and PostgreSQL sees few statements.
Within a push the first record in the order of (chunk, row) counts; a later one of the same identity is
refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl
from psycopg2 import DataError
from psycopg2.extensions import cursor

from schemas import codec, contracts, digest, issue
from schemas import dataset as dataset_ids
from schemas.codec import Chunk
from sinks.provincial import history, identity, rows, tables
from sinks.provincial.book import RefusedRecord
from sinks.provincial.copying import Records
from sinks.provincial.pushes import Push

REPEATED: Final = "REC-001"
UNSTORABLE: Final = "REC-002"
NAMELESS: Final = "REC-003"


@dataclass(frozen=True)
class Complete:
    """A push to apply and its chunks by number; ``version`` is the one that its rows begin with."""

    push: Push
    chunks: Sequence[Chunk]
    version: int


@dataclass
class Applied:
    """What applying a push did: rows written and records added by type, records refused here, absent ones."""

    accepted: int = 0
    written: int = 0
    added: dict[str, int] = field(default_factory=dict)
    refused: list[RefusedRecord] = field(default_factory=list)
    absent: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Incoming:
    """Records of one type of all pushes: ``records`` in the contract's columns, ``place`` row by row.

    ``place``: ``_row``, ``_push`` (index), ``_part`` (index of the chunk in ``parts``), ``_source_row``,
    ``_dataset``, ``Vendor``.
    """

    record_type: str
    parts: Sequence[Chunk]
    records: pl.DataFrame
    place: pl.DataFrame


def apply(cur: cursor, pushes: Sequence[Complete]) -> list[Applied]:
    """Write the rows of these pushes, of which no two are for one dataset; the answers in the same order."""
    out = [Applied() for _ in pushes]
    for record_type in contracts.record_types():
        incoming = _incoming(record_type, pushes)
        if incoming is not None:
            _apply_type(cur, incoming, pushes, out)
    return out


def _apply_type(cur: cursor, incoming: _Incoming, pushes: Sequence[Complete], out: list[Applied]) -> None:
    poison: list[int] = []
    while True:
        cur.execute("SAVEPOINT apply_type")
        attempt = _Attempt(cur, incoming, pushes, poison)
        try:
            attempt.write()
            break
        except DataError:
            cur.execute("ROLLBACK TO SAVEPOINT apply_type")
            poison = sorted([*poison, *attempt.unstorable()])
    attempt.report(out)


class _Attempt:
    """One try at writing the records of a type, without those known to be unstorable."""

    def __init__(
        self, cur: cursor, incoming: _Incoming, pushes: Sequence[Complete], poison: Sequence[int]
    ) -> None:
        self._cur, self._incoming, self._pushes = cur, incoming, pushes
        self._table = tables.table(incoming.record_type)
        self._contract = contracts.record(incoming.record_type)
        keys = self._contract.identity
        fields = identity.fields_of(keys)
        issued = [f for rule in self._contract.issue.values() for f in rule["from"]]
        self._current = self._with_issued(
            rows.current(cur, self._table, [p.push.key.dataset_id for p in pushes], [*fields, *issued])
        )
        held = identity.with_keys(self._current, keys)
        own = [f for f in dict.fromkeys([*fields, *issued]) if f in incoming.records.columns]
        keyed = pl.concat([incoming.place, incoming.records.select(own)], how="horizontal")
        keyed = identity.with_keys(self._with_issued(keyed), keys)
        self.refused: list[tuple[int, str, list[str]]] = [(row, UNSTORABLE, []) for row in poison]
        keyed = keyed.filter(~pl.col("_row").is_in(list(poison))) if poison else keyed

        repeats = identity.repeats(keyed, keys)
        self.refused += [(row, REPEATED, [f for f in keys[k] if f != "Vendor"]) for row, k in repeats.rows()]
        keyed = keyed.join(repeats, on="_row", how="anti") if repeats.height else keyed

        matched = identity.match(keyed, held, keys)
        new = keyed.join(matched, on="_row", how="anti") if matched.height else keyed
        made = new.select("_row", identity.issue(incoming.record_type, new, keys, held))
        self.refused += [
            (row, NAMELESS, fields) for row in made.filter(pl.col("_identity").is_null())["_row"]
        ]
        known = pl.concat([matched, made.filter(pl.col("_identity").is_not_null())]).sort("_row")

        self._kept = (
            incoming.place if known.height == incoming.place.height else incoming.place[known["_row"]]
        )
        self._kept = self._kept.with_columns(known["_identity"])
        records = (
            incoming.records
            if self._kept.height == incoming.records.height
            else incoming.records[known["_row"]]
        )
        self._records = Records.of(self._fill_issued(records))
        self._kept = self._kept.with_columns(digest.text_hashes(self._records.texts))
        self._changes = history.changes(self._kept, self._current)
        at = self._kept.with_row_index("_at").join(self._changes.written, on="_row", how="semi")["_at"]
        self._written = self._kept[at] if at.len() < self._kept.height else self._kept
        self._written_records = self._records.take(at.to_list())

    def write(self) -> None:
        """Rows in, replaced rows ended. Raises psycopg2.DataError if a row cannot be stored."""
        starts = pl.DataFrame(
            {
                "_dataset": [p.push.key.dataset_id for p in self._pushes],
                "_version": [p.version for p in self._pushes],
            },
            schema={"_dataset": pl.String, "_version": pl.Int32},
        )
        rows.replace(self._cur, self._table, self._changes.replaced.join(starts, on="_dataset"))
        rows.insert(self._cur, self._table, self._place(), self._written_records)

    def unstorable(self) -> list[int]:
        """``_row`` of the written records that PostgreSQL cannot store."""
        found = rows.unstorable(self._cur, self._table, self._place(), self._written_records)
        if not found:
            raise RuntimeError(f"{self._table.name}: refused as a whole, though each row can be stored")
        return self._written["_row"].gather(found).to_list()

    def report(self, out: list[Applied]) -> None:
        """Add to the pushes' answers what became of their records."""
        record_type = self._incoming.record_type
        written = self._written
        added = written.join(self._current, on=["_dataset", "_identity"], how="anti")
        for index, n in self._kept["_push"].value_counts().rows():
            out[index].accepted += n
        for index, n in written["_push"].value_counts().rows():
            out[index].written += n
        for index, n in added["_push"].value_counts().rows():
            out[index].added[record_type] = n
        at = {p.push.key.dataset_id: i for i, p in enumerate(self._pushes)}
        for dataset, absent in self._changes.absent.sort("_identity").rows():
            out[at[dataset]].absent.setdefault(record_type, []).append(absent)
        for row, rule, fields in sorted(self.refused):
            index, refused = self._refusal(row, rule, fields)
            out[index].refused.append(refused)

    def _place(self) -> pl.DataFrame:
        versions = pl.Series("valid_from", [p.version for p in self._pushes], dtype=pl.Int32)
        return self._written.select(
            pl.col("_dataset").alias("dataset_id"),
            pl.col("_identity").alias("identity"),
            versions.gather(self._written["_push"]),
            "row_hash",
            pl.col("Vendor").alias("vendor"),
        )

    def _with_issued(self, frame: pl.DataFrame) -> pl.DataFrame:
        marks = []
        for name, rule in self._contract.issue.items():
            codes = pl.Series(issue.issue(rule, _columns(frame, rule["from"])), dtype=pl.String)
            marks.append((codes == frame[name]).fill_null(False).alias(f"_issued_{name}"))
        return frame.with_columns(marks) if marks else frame

    def _fill_issued(self, records: pl.DataFrame) -> pl.DataFrame:
        """A code that the record lacks: the one we hold, else a new one."""
        for name, rule in self._contract.issue.items():
            if not (records[name].is_null() | (records[name] == "")).any():
                continue
            held = self._kept.join(
                self._current, on=["_dataset", "_identity"], how="left", maintain_order="left"
            )
            named = pl.concat([self._kept.select("_dataset"), records], how="horizontal")
            codes = pl.Series(issue.issue(rule, _columns(named, rule["from"])), dtype=pl.String)
            given = pl.when(pl.col(name) != "").then(pl.col(name))
            records = records.with_columns(pl.coalesce(given, held[name], codes).alias(name))
        return records

    def _refusal(self, row: int, rule: str, fields: list[str]) -> tuple[int, RefusedRecord]:
        place = self._incoming.place.row(row, named=True)
        chunk = self._incoming.parts[place["_part"]]
        records = self._incoming.records
        client_id = records["ClientId"][row] if "ClientId" in records.columns else ""
        push = self._pushes[place["_push"]].push
        return place["_push"], RefusedRecord(
            push.key,
            self._incoming.record_type,
            chunk.header["Chunk"],
            chunk.header["Source"],
            chunk.header["Sheet"],
            place["_source_row"],
            client_id or "",
            rule,
            fields,
        )


def _incoming(record_type: str, pushes: Sequence[Complete]) -> _Incoming | None:
    parts = [(i, c) for i, p in enumerate(pushes) for c in p.chunks if c.record_type == record_type]
    parts = [(i, c) for i, c in parts if c.records.height]
    if not parts:
        return None
    lengths = [c.records.height for _, c in parts]
    repeated = pl.DataFrame(
        {
            "_push": [i for i, _ in parts],
            "_part": range(len(parts)),
            "_dataset": [pushes[i].push.key.dataset_id for i, _ in parts],
            "Vendor": [pushes[i].push.key.vendor for i, _ in parts],
        },
        schema={"_push": pl.UInt32, "_part": pl.UInt32, "_dataset": pl.String, "Vendor": pl.String},
    )
    of_part = pl.Series("_part", [part for part, n in enumerate(lengths) for _ in range(n)], dtype=pl.UInt32)
    source_rows = [row for _, c in parts for row in c.header["Rows"]]
    place = repeated[of_part].with_columns(pl.Series("_source_row", source_rows, dtype=pl.Int32))
    records = pl.concat([_aligned(record_type, c.records) for _, c in parts]).rechunk()
    return _Incoming(record_type, [c for _, c in parts], records, place.with_row_index("_row"))


def _aligned(record_type: str, records: pl.DataFrame) -> pl.DataFrame:
    """The newest contract's columns in its order: a writer of an older version lacks some."""
    schema = codec.frame_schema(record_type)
    if records.columns == list(schema):
        return records
    missing = [pl.lit(None, dtype=t).alias(n) for n, t in schema.items() if n not in records.columns]
    return records.with_columns(missing).select(schema.keys())


def _columns(frame: pl.DataFrame, names: Sequence[str]) -> Mapping[str, Sequence[object]]:
    """Values of record fields, or of the envelope as the dataset's id tells it."""
    split = [dataset_ids.split(d) for d in frame["_dataset"].to_list()]
    envelope: dict[str, Sequence[object]] = {
        "MaTruongHoc": [s for s, _, _ in split],
        "NamHoc": [y for _, y, _ in split],
    }
    return {n: frame[n].to_list() if n in frame.columns else envelope[n] for n in names}
