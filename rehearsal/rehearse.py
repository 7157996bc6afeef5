"""What would become of a push: validation's verdict, load's decisions and the check's rules, run on the very
messages that would be sent, without Kafka and without a database.

The dataset is taken to be empty. What only a database knows stays out: whether the vendor has its grant,
whose keys were known before, what is held already, and for which years there is room.
"""

import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from typing import Final, Protocol

import polars as pl

from producers.client import CHUNK, PushReceipt, chunks_of, closing, totals
from producers.model import ROW, Reading, SourceTable, Target
from producers.preflight import Finding, by_place, finding, pointed, warned
from rehearsal.check import WouldBeKept, findings_of_check, said
from runtime import reading as messages_read
from runtime.settings import Settings
from schemas.contracts import contracts
from schemas.datasets import dataset_id
from schemas.days import today
from schemas.encoding import codec
from schemas.encoding.columnar import frame_schema
from schemas.rules.catalogue import rules, violations
from schemas.topics import in_topic
from sinks.provincial.load import messages, pushed_records, pushes, resolve
from sinks.provincial.load.fields import fields_asked
from sinks.provincial.load.messages import AcceptedMessage, Part
from sinks.provincial.load.process import limits
from sinks.provincial.load.pushed_records import Complete, PushedRecords
from sinks.provincial.load.pushes import Limits, Progress, Push, PushKey
from sinks.provincial.records import keys, rows, tables
from sinks.provincial.records.claims import HELD
from sinks.provincial.records.mac import Mac
from streams.validation.verdict.header import RulesInForce
from streams.validation.verdict.input_messages import InputMessage, sort
from streams.validation.verdict.judge import judge

PUSH_ID: Final = "preflight"
SHARED: Final = "REC-010"
TOLD: Final = (SHARED, contracts.REPEATED)
"""Codes under which a number that two records have is told already."""
APPLIED: Final = ("version", "unchanged")

PORTION: Final = 40
"""Messages that are judged together: what becomes of each does not depend on the others."""


class Schools(Protocol):
    """Who knows whether there is a school on a day."""

    def school(self, code: str, on: date, /) -> object | None:
        """The school, None if there is none."""


@dataclass(frozen=True)
class Rehearsal:
    """``findings``: every record and rule under which it would be refused, those refused before sending
    included; what would refuse the push as a whole; what the check would find; records that share a number.
    ``push`` counts as load's answer would: received, accepted and refused records, and the outcome."""

    push: Push
    findings: list[Finding]

    @property
    def refuses(self) -> bool:
        """Whether a record, or the push, would be refused."""
        return any(f.verdict == "refused" for f in self.findings)


def rehearse(
    tables: Sequence[SourceTable],
    target: Target,
    known: Schools,
    school_years: Sequence[int],
    *,
    parts: Collection[str] = (),
    limits: Limits = pushes.LIMITS,
) -> Rehearsal:
    """What would become of these tables as one push; ``parts``: types of which they hold a part only."""
    now = datetime.now(UTC)
    dataset = dataset_id(target.school, target.year, target.kind)
    push = Push(PushKey(target.vendor, PUSH_ID, dataset), target.kind, now, now)
    found: list[Finding] = []
    chunks: list[Part] = []
    sending, offset = _messages(tables, target, parts, now), 0
    in_force = _in_force(known, school_years)
    while portion := list(islice(sending, PORTION)):
        accepted, lost = _judged(portion, target.vendor, in_force, now, offset)
        found += [finding("refused", "", {}, "", 0, code, []) for code in lost]
        for message in accepted:
            _arrives(push, message, chunks, limits)
        offset += len(portion)
    found += _by_validation(chunks)
    if push.outcome is None and pushes.progress(push) is Progress.WAITING:
        pushes.expire(push)
    elif push.outcome is None and pushes.decide_outcome(push, pushed_records.brought(chunks), newest=None):
        found += _applied(Complete(push, chunks, 1))
    told = {(f.record_type, f.place.file, f.place.sheet, f.place.row) for f in found if f.rule in TOLD}
    found += _shared_by_refused(tables, push.key, told)
    if push.outcome not in APPLIED:
        found.append(finding("refused", "", {}, "", 0, push.code, []))
    return Rehearsal(push, found)


def of_reading(
    reading: Reading, target: Target, known: Schools, settings: Settings, parts: Collection[str] = ()
) -> Rehearsal:
    """The same of what files hold, with what would be warned of; findings by their place."""
    told = rehearse(
        reading.tables, target, known, settings.years_on(today()), parts=parts, limits=limits(settings)
    )
    doubts = warned(reading.tables, [*reading.warnings, *reading.unsaid], target)
    return replace(told, findings=by_place(pointed([*told.findings, *doubts], reading.tables)))


def _messages(
    tables: Sequence[SourceTable], target: Target, parts: Collection[str], now: datetime
) -> Iterator[bytes]:
    number = 0
    for _, value in chunks_of(tables, target, PUSH_ID, CHUNK):
        yield value
        number += 1
    counts = totals(tables)
    whole = sorted(counts.keys() - set(parts))
    sent = PushReceipt(PUSH_ID, target, number, now, now, counts, whole=whole)
    yield codec.encode("PushClosed", closing(sent))


def _in_force(known: Schools, school_years: Sequence[int]) -> RulesInForce:
    return RulesInForce(
        grant_fault=lambda *_: "",
        may_remove=lambda vendor, school: True,
        awaits_first_push=lambda vendor, school: False,
        is_school=lambda code, day: known.school(code, day) is not None,
        takes_year=lambda year, day: year in school_years,
        takes_vendor=lambda vendor, day: True,
        rules=rules,
        violations=violations,
    )


def _judged(
    values: Sequence[bytes], vendor: str, in_force: RulesInForce, now: datetime, offset: int
) -> tuple[list[AcceptedMessage], list[str]]:
    """(what load would get, in the order sent; codes of what it would not)."""
    came = [InputMessage(value, in_topic(vendor), today()) for value in values]
    sorted_out = sort(came)
    verdicts = sorted(judge(sorted_out, came, in_force), key=lambda v: v.position)
    fit = [v for v in verdicts if max(len(v.accepted), len(v.refused or b"")) <= messages_read.MAX_OUTPUT]
    accepted, codes = messages.arrivals(
        [messages.Verdict(v.accepted, now, offset + v.position, now, v.fault) for v in fit]
    )
    large = [messages_read.CAUSES_TOO_MUCH] * (len(verdicts) - len(fit))
    return accepted, [*(code for _, code in sorted_out.letters), *large, *codes]


def _arrives(push: Push, message: AcceptedMessage, chunks: list[Part], limits: Limits) -> None:
    """As load folds it in (``batch``)."""
    number, offset = -1, message.came.source_offset
    if isinstance(message.chunk, Part):
        number = message.chunk.header["Chunk"]
        pushes.chunk_arrives(push, number, offset, len(message.came.value))
        chunks.append(message.chunk)
    elif message.closed is not None:
        pushes.closing_arrives(push, message.closed, offset)
    if push.outcome is None:
        pushes.outgrows(push, limits, number)


def _shared_by_refused(
    given: Sequence[SourceTable], push: PushKey, told: Collection[tuple[str, str, str, int]]
) -> Iterator[Finding]:
    """Records with another's number where one of the two is refused for something else: once that is mended,
    load would find it, so it is told now."""
    for record_type in contracts.record_types():
        of_type = [t for t in given if t.record_type == record_type]
        kinds = [k for k in contracts.record(record_type).identity if keys.VENDOR not in k]
        if not of_type or not kinds:
            continue
        schema = frame_schema(record_type)
        asked = {n: t for n, t in schema.items() if n == "ClientId" or n in keys.fields_of(kinds)}
        frame = pl.concat(
            _with_all(table.records, asked).with_columns(_table=pl.lit(i, dtype=pl.UInt32))
            for i, table in enumerate(of_type)
        )
        keyed = keys.with_keys(frame.with_columns(_dataset=pl.lit(push.dataset_id)), kinds)
        for i, kind in enumerate(kinds):
            key = pl.col(f"_k{i}")
            for row in keyed.filter(key.is_not_null() & key.is_duplicated()).iter_rows(named=True):
                table = of_type[row["_table"]]
                header = {"Source": table.source, "Sheet": table.sheet}
                if (record_type, table.source, table.sheet, row[ROW]) not in told:
                    client_id = row.get("ClientId") or ""
                    yield finding("warning", record_type, header, client_id, row[ROW], SHARED, kind)


def _with_all(records: pl.DataFrame, fields: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """These fields and the row; a sender's table may lack what its records do not have."""
    there = [pl.col(n) if n in records.columns else pl.lit(None, t).alias(n) for n, t in fields.items()]
    return records.select(ROW, *there)


def _by_validation(chunks: Sequence[Part]) -> Iterator[Finding]:
    for chunk in chunks:
        for r in chunk.header["Refused"]:
            yield finding(
                "refused", chunk.record_type, chunk.header, r["ClientId"], r["Row"], r["Rule"], r["Fields"]
            )


def _applied(job: Complete) -> list[Finding]:
    """What load would refuse of a push that it applies, and what the check would find of the rest."""
    found: list[Finding] = []
    kept: dict[str, WouldBeKept] = {}
    mac = Mac(secrets.token_bytes(32))
    for record_type in contracts.record_types():
        incoming = pushed_records.pushed_records(record_type, [job])
        if incoming is None:
            continue
        resolved = _resolved(incoming, mac)
        found += [said(incoming, "refused", *what) for what in sorted(resolved.refused)]
        found += _sharing(incoming, resolved)
        kept[record_type] = WouldBeKept(incoming, resolved)
    accepted = {record_type: k.resolved.kept.height for record_type, k in kept.items()}
    pushes.applied(job.push, 0, accepted, accepted)
    return [*found, *findings_of_check(job, kept)]


def _resolved(incoming: PushedRecords, mac: Mac) -> resolve.Resolved:
    """As load writes it: what cannot be stored is refused, and the rest tried anew."""
    table, nobody = tables.table(incoming.record_type), _nobody(incoming.record_type)
    unstorable: list[int] = []
    while True:
        resolved = resolve.resolve(incoming, nobody, mac, lambda asked: pl.DataFrame(schema=HELD), unstorable)
        kept, records = resolved.written
        odd = rows.beyond_storing(table, records.texts)
        if not odd:
            return resolved
        unstorable += kept["_row"].gather(odd).to_list()


def _nobody(record_type: str) -> pl.DataFrame:
    """The current rows of an empty dataset."""
    schema = frame_schema(record_type)
    asked: Mapping[str, pl.DataType] = {name: schema[name] for name in fields_asked(record_type)}
    place = dict.fromkeys(("_dataset", "_identity", "row_hash"), pl.String())
    return pl.DataFrame(schema={**place, **asked, "Vendor": pl.String()})


def _sharing(incoming: PushedRecords, resolved: resolve.Resolved) -> Iterator[Finding]:
    """Records that share a number which stands for one, yet are told apart by a stronger one."""
    kinds = [k for k in contracts.record(incoming.record_type).identity if keys.VENDOR not in k]
    taken = pl.concat([resolved.kept, resolved.records.frame.select(keys.fields_of(kinds))], how="horizontal")
    keyed = keys.with_keys(taken, kinds)
    for i, kind in enumerate(kinds):
        key = pl.col(f"_k{i}")
        for row in keyed.filter(key.is_not_null() & key.is_duplicated())["_row"]:
            yield said(incoming, "warning", row, SHARED, kind)
