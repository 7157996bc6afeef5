"""Apply complete pushes: their records become rows of the typed tables, type by type, in one transaction.

Several pushes at once, of different datasets, so that frames are long and PostgreSQL sees few statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from psycopg2 import DataError
from psycopg2.extensions import cursor

from schemas.contracts import contracts
from sinks.postgres.copying import Records
from sinks.provincial.load.push_store import RefusedRecord
from sinks.provincial.load.pushed_records import Complete, PushedRecords, pushed_records
from sinks.provincial.load.resolve import Resolved, fields_asked, resolve
from sinks.provincial.records import rows, tables
from sinks.provincial.records.tables import Table


@dataclass
class Applied:
    """What applying a push did: rows written and records added by type, records refused here, absent ones."""

    accepted: int = 0
    written: int = 0
    added: dict[str, int] = field(default_factory=dict)
    refused: list[RefusedRecord] = field(default_factory=list)
    absent: dict[str, list[str]] = field(default_factory=dict)


def apply(cur: cursor, pushes: Sequence[Complete]) -> list[Applied]:
    """Write the rows of these pushes, of which no two are for one dataset; the answers in the same order."""
    out = [Applied() for _ in pushes]
    for record_type in contracts.record_types():
        records = pushed_records(record_type, pushes)
        if records is not None:
            table = tables.table(record_type)
            # Only of datasets that bring this type: a push of pupils alone does not lack the staff.
            datasets = records.place["_dataset"].unique().to_list()
            current = rows.current(cur, table, datasets, fields_asked(record_type))
            _report(records, _write(cur, table, records, current), current, out)
    return out


def _write(cur: cursor, table: Table, records: PushedRecords, current: pl.DataFrame) -> Resolved:
    """Rows in, replaced rows ended; a record that cannot be stored is refused, and the rest tried anew."""
    unstorable: list[int] = []
    while True:
        resolved = resolve(records, current, unstorable)
        kept, texts = resolved.written()
        place = _place(records, kept)
        cur.execute("SAVEPOINT apply_type")
        try:
            rows.replace(cur, table, resolved.changes.replaced.join(_starts(records), on="_dataset"))
            rows.insert(cur, table, place, texts)
            return resolved
        except DataError:
            cur.execute("ROLLBACK TO SAVEPOINT apply_type")
            unstorable += _unstorable(cur, table, kept, place, texts)


def _unstorable(
    cur: cursor, table: Table, kept: pl.DataFrame, place: pl.DataFrame, texts: Records
) -> list[int]:
    found = rows.unstorable(cur, table, place, texts)
    if not found:
        raise RuntimeError(f"{table.name}: refused as a whole, though each row can be stored")
    return kept["_row"].gather(found).to_list()


def _place(records: PushedRecords, kept: pl.DataFrame) -> pl.DataFrame:
    """The columns that a row has before the contract's own (rows.WRITTEN)."""
    versions = pl.Series("valid_from", [p.version for p in records.pushes], dtype=pl.Int32)
    return kept.select(
        pl.col("_dataset").alias("dataset_id"),
        pl.col("_identity").alias("identity"),
        versions.gather(kept["_push"]),
        "row_hash",
        pl.col("Vendor").alias("vendor"),
    )


def _starts(records: PushedRecords) -> pl.DataFrame:
    """``_version`` with which the new rows of each ``_dataset`` begin, and the replaced ones end."""
    return pl.DataFrame(
        [(p.push.key.dataset_id, p.version) for p in records.pushes],
        schema={"_dataset": pl.String, "_version": pl.Int32},
        orient="row",
    )


def _report(records: PushedRecords, resolved: Resolved, current: pl.DataFrame, out: list[Applied]) -> None:
    """Add to the pushes' answers what became of their records."""
    written, _ = resolved.written()
    added = written.join(current, on=["_dataset", "_identity"], how="anti")
    for index, n in resolved.kept["_push"].value_counts().rows():
        out[index].accepted += n
    for index, n in written["_push"].value_counts().rows():
        out[index].written += n
    for index, n in added["_push"].value_counts().rows():
        out[index].added[records.record_type] = n
    at = {p.push.key.dataset_id: i for i, p in enumerate(records.pushes)}
    for dataset, identity in resolved.changes.absent.sort("_identity").rows():
        out[at[dataset]].absent.setdefault(records.record_type, []).append(identity)
    for row, rule, fields in sorted(resolved.refused):
        index, refused = records.refusal(row, rule, fields)
        out[index].refused.append(refused)
