"""Apply complete pushes: their records become rows of the typed tables, type by type, in one transaction.

Several pushes at once, of different datasets, so that frames are long and PostgreSQL sees few statements.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import polars as pl
from psycopg2 import DataError
from psycopg2.errors import UniqueViolation
from psycopg2.extensions import cursor

from schemas import datasets as dataset_ids
from schemas.contracts import contracts
from sinks.postgres.copying import Records
from sinks.provincial.load import absences, removal_store, removals, tombstones
from sinks.provincial.load.fields import CLIENT_ID, fields_asked
from sinks.provincial.load.push_store import RefusedRecord
from sinks.provincial.load.pushed_records import Complete, PushedRecords, pushed_records
from sinks.provincial.load.resolve import Resolved, resolve
from sinks.provincial.records import ledger, rows, tables
from sinks.provincial.records.ledger import Seen
from sinks.provincial.records.mac import Mac
from sinks.provincial.records.tables import Table

RECORD = ["_dataset", "_identity"]

UNCONFIGURED: Final = "ENV-303"


@dataclass
class Applied:
    """What applying a push did, by record type.

    ``accepted`` counts its records that were not refused, ``written`` those of them that are new or changed,
    ``added`` those that were not held before;
    ``absent`` counts what its whole lists lacked, of which ``begun`` (type, identity) were not absent before,
    and ``ended`` are not absent any more; ``left`` and ``waiting`` are identities removed, or to be.
    """

    accepted: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    refused: list[RefusedRecord] = field(default_factory=list)
    begun: list[tuple[str, str]] = field(default_factory=list)
    ended: list[tuple[str, str]] = field(default_factory=list)
    left: dict[str, list[str]] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)


def apply(
    cur: cursor,
    pushes: Sequence[Complete],
    mac: Mac,
    removal_share: float = removals.SHARE,
    seen: Seen | None = None,
) -> list[Applied]:
    """Write the rows of these pushes, of which no two are for one dataset; the answers in the same order.

    All records of a school year that setup has made no room for are refused (ENV-303). ``seen``: keys that
    this process knows of the ledger; without it, the ledger is asked for all.
    """
    years = tables.years(cur)
    done = iter(_apply(cur, [p for p in pushes if _year(p) in years], mac, removal_share, seen))
    return [next(done) if _year(p) in years else _unconfigured(p) for p in pushes]


def _year(job: Complete) -> int:
    return dataset_ids.split(job.push.key.dataset_id)[1]


def _unconfigured(job: Complete) -> Applied:
    out = Applied()
    for record_type in contracts.record_types():
        if (records := pushed_records(record_type, [job])) is not None:
            rows_of = range(records.place.height)
            out.refused += [records.refusal(row, UNCONFIGURED, ["NamHoc"])[1] for row in rows_of]
    return out


def _apply(
    cur: cursor, pushes: Sequence[Complete], mac: Mac, removal_share: float, seen: Seen | None
) -> list[Applied]:
    out = [Applied() for _ in pushes]
    opened = absences.open_absences(cur, (p.push.key.dataset_id for p in pushes)) if pushes else None
    for record_type in contracts.record_types():
        table = tables.table(record_type)
        # Only of datasets that this type concerns: a push of pupils alone does not lack the staff.
        datasets = [p.push.key.dataset_id for p in pushes if _concerns(p, record_type)]
        if opened is None or not datasets:
            continue
        current = rows.current(cur, table, datasets, [*fields_asked(record_type), CLIENT_ID])
        kept = current.clear()[RECORD]
        if (records := pushed_records(record_type, pushes)) is not None:
            resolved = _write(cur, table, records, current, mac, seen)
            _report(records, resolved, current, out)
            kept = resolved.kept[RECORD]
        brought = absent = current
        if current.height:
            brought, absent = (current.join(kept, on=RECORD, how=how) for how in ("semi", "anti"))
        _remove(cur, table, pushes, current, brought, out, removal_share)
        removal_store.come_again(cur, record_type, kept)
        _lacking(record_type, pushes, absent, opened, out)
    for push, applied in zip(pushes, out, strict=True):
        applied.refused += tombstones.refused_as_a_whole(push)
    return out


def _concerns(push: Complete, record_type: str) -> bool:
    brought = {c.record_type for c in push.chunks} | {t.record_type for t in push.tombstones}
    return record_type in brought | push.whole()


def _write(
    cur: cursor,
    table: Table,
    records: PushedRecords,
    current: pl.DataFrame,
    mac: Mac,
    seen: Seen | None,
) -> Resolved:
    """Rows in, replaced rows ended; a record that cannot be stored is refused, and the rest tried anew.

    So is the whole where another process has told the ledger of the same key in the meantime, and where
    somebody is contradicted: the ledger is asked for all of its keys then, not only for those seen.
    """
    unstorable: list[int] = []
    limited = seen
    starts = _starts(records.pushes)
    while True:
        resolved = resolve(records, current, mac, partial(ledger.known, cur, seen=limited), unstorable)
        if limited is not None and resolved.contradicts:
            limited = None
            continue
        kept, texts = resolved.written
        place = _place(records, kept)
        cur.execute("SAVEPOINT apply_type")
        try:
            ledger.write(cur, resolved.added, resolved.renewed, mac)
            if resolved.changes.replaced.height:
                rows.replace(cur, table, resolved.changes.replaced.join(starts, on="_dataset"))
            rows.insert(cur, table, place, texts)
            _say(cur, records, resolved)
            if seen is not None:
                seen.add(resolved.added["key"])
            return resolved
        except UniqueViolation as clash:
            if clash.diag.table_name != ledger.TABLE:
                raise
            cur.execute("ROLLBACK TO SAVEPOINT apply_type")
            limited = None
        except DataError:
            cur.execute("ROLLBACK TO SAVEPOINT apply_type")
            unstorable += _unstorable(cur, table, kept, place, texts)


def _say(cur: cursor, records: PushedRecords, resolved: Resolved) -> None:
    """Put down for the check whose vendor's own id stood for another record."""
    if not resolved.moved:
        return
    of = resolved.kept.filter(pl.col("_row").is_in([row for row, _, _ in resolved.moved]))
    known = {row: (push, who) for row, push, who in of.select("_row", "_push", "_identity").rows()}
    said = []
    for row, rule, fields in resolved.moved:
        push, who = known[row]
        job = records.pushes[push]
        said.append((job.push.key.dataset_id, job.version, rule, records.record_type, who, fields))
    ledger.say(cur, said)


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
    columns = [
        kept["_dataset"].alias("dataset_id"),
        kept["_identity"].alias("identity"),
        versions.gather(kept["_push"]),
        kept["row_hash"],
        kept["Vendor"].alias("vendor"),
    ]
    return pl.DataFrame(columns)


def _starts(pushes: Sequence[Complete]) -> pl.DataFrame:
    """``_version`` with which the new rows of each ``_dataset`` begin, and the replaced ones end."""
    return pl.DataFrame(
        [(p.push.key.dataset_id, p.version) for p in pushes],
        schema={"_dataset": pl.String, "_version": pl.Int32},
        orient="row",
    )


def _report(records: PushedRecords, resolved: Resolved, current: pl.DataFrame, out: list[Applied]) -> None:
    """Add to the pushes' answers what became of their records."""
    written, _ = resolved.written
    added = written.join(current, on=RECORD, how="anti") if current.height else written
    for index, n in resolved.kept["_push"].value_counts().rows():
        out[index].accepted[records.record_type] = n
    for index, n in written["_push"].value_counts().rows():
        out[index].written[records.record_type] = n
    for index, n in added["_push"].value_counts().rows():
        out[index].added[records.record_type] = n
    for row, rule, fields in sorted(resolved.refused):
        index, refused = records.refusal(row, rule, fields)
        out[index].refused.append(refused)


def _remove(
    cur: cursor,
    table: Table,
    pushes: Sequence[Complete],
    current: pl.DataFrame,
    brought: pl.DataFrame,
    out: list[Applied],
    share: float,
) -> None:
    """End the rows of what the pushes' tombstones of this type mean, or let it wait for the head."""
    record_type = table.record_type
    if not tombstones.may_leave(record_type):
        return
    for push, applied in zip(pushes, out, strict=True):
        if not any(t.record_type == record_type for t in push.tombstones):
            continue
        key = push.push.key
        own = brought.filter(pl.col("_dataset") == key.dataset_id)["_identity"]
        leave, refused = tombstones.found(push, record_type, current, set(own))
        applied.refused += refused
        if not leave:
            continue
        held = current.filter(pl.col("_dataset") == key.dataset_id).height
        before = removal_store.left_without_head(cur, key.dataset_id, record_type)
        asked = removals.Removal(
            dataset_id=key.dataset_id,
            removal_id=removals.of_push(key, record_type),
            record_type=record_type,
            identities=tuple(leave),
            absent_only=False,
            vendor=key.vendor,
            push_id=key.push_id,
            role="vendor",
            account=key.vendor,
            reason="",
            asked_at=push.push.opened_at,
            version=push.version - 1,
        )
        if removals.waits(len(leave), held, before, share):
            applied.waiting[record_type] = leave
            removal_store.put(cur, asked)
        else:
            applied.left[record_type] = leave
            removal_store.end_rows(cur, table, key.dataset_id, leave, push.version)
            removal_store.put(cur, asked.done(push.version, leave))


def _lacking(
    record_type: str,
    pushes: Sequence[Complete],
    unbrought: pl.DataFrame,
    opened: pl.DataFrame,
    out: list[Applied],
) -> None:
    """Which held records the whole lists lack, and which are absent no more.

    A record that was refused is mentioned all the same: it is not absent, though what we hold of it stays.
    """
    lacked: dict[str, list[tuple[str, str, str]]] = {}
    if unbrought.height:
        own_id = CLIENT_ID if CLIENT_ID in unbrought.columns else pl.lit("").alias(CLIENT_ID)
        for dataset, *record in unbrought.select(*RECORD, "Vendor", own_id).sort(RECORD).rows():
            lacked.setdefault(dataset, []).append((record[0], record[1], record[2]))
    was_absent: dict[str, set[str]] = {}
    for of_type, dataset, identity in opened.rows():
        if of_type != record_type:
            continue
        was_absent.setdefault(dataset, set()).add(identity)
    for push, applied in zip(pushes, out, strict=True):
        key, left = push.push.key, set(applied.left.get(record_type, ()))
        refused = push.client_ids_refused(record_type)
        refused |= {r.client_id for r in applied.refused if r.record_type == record_type}
        unmentioned = [
            identity
            for identity, vendor, client_id in lacked.get(key.dataset_id, [])
            if identity not in left and not (vendor == key.vendor and client_id and client_id in refused)
        ]
        before = was_absent.get(key.dataset_id, set())
        if record_type in push.whole():
            absent = set(unmentioned)
            applied.absent[record_type] = len(absent)
            applied.begun += [(record_type, i) for i in unmentioned if i not in before]
        else:
            absent = before.intersection(unmentioned)
        applied.ended += [(record_type, i) for i in sorted(before - absent)]
