"""What would be refused of a push: validation's verdict and load's rule of identity, run on the very messages
that would be sent, without Kafka and without a database.

What only a database knows stays out: whether the vendor has its grant, whose keys were known before, and
values that PostgreSQL alone cannot take.
"""

import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Final, Protocol

import polars as pl

from producers.client import CHUNK, chunks_of
from producers.model import SourceTable, Target
from producers.preflight import Finding, Verdict, finding
from schemas.contracts import contracts
from schemas.datasets import dataset_id
from schemas.days import today
from schemas.encoding.codec import frame_schema, record_type_of
from schemas.rules.catalogue import rules, violations
from schemas.topics import in_topic
from sinks.provincial.load import messages, pushed_records, resolve
from sinks.provincial.load.fields import fields_asked
from sinks.provincial.load.pushes import Push, PushKey
from sinks.provincial.records import keys
from sinks.provincial.records.claims import HELD
from sinks.provincial.records.mac import Mac
from streams.validation.verdict.header import RulesInForce
from streams.validation.verdict.input_messages import InputMessage, sort
from streams.validation.verdict.judge import judge

PUSH_ID: Final = "preflight"
SHARED: Final = "REC-010"


class Schools(Protocol):
    """Who knows whether there is a school on a day."""

    def school(self, code: str, on: date, /) -> object | None:
        """The school, None if there is none."""


def rehearse(
    tables: Sequence[SourceTable], target: Target, known: Schools, school_years: Sequence[int]
) -> list[Finding]:
    """Every record and rule under which it would be refused, those refused before sending included; and as
    warnings the records that share a number which stands for one, yet are told apart by a stronger one."""
    chunks = list(chunks_of(tables, target, PUSH_ID, CHUNK))
    came = [InputMessage(value, in_topic(target.vendor), today()) for _, value in chunks]
    found = sort(came)
    in_force = RulesInForce(
        grant_fault=lambda *_: "",
        may_remove=lambda vendor, school: True,
        awaits_first_push=lambda vendor, school: False,
        is_school=lambda code, day: known.school(code, day) is not None,
        school_years=frozenset(school_years),
        rules=rules,
        violations=violations,
    )
    whole = [
        finding("refused", record_type_of(chunks[i][0]) or "", {}, "", 0, code, [])
        for i, code in found.letters
    ]
    verdicts = sorted(judge(found, came, in_force), key=lambda v: v.position)
    decoded, _ = messages.decode([v.accepted for v in verdicts])
    parts = [part for part in decoded if isinstance(part, messages.Part)]
    return [*whole, *_by_validation(parts), *_by_identity(parts, target)]


def _by_validation(parts: Sequence[messages.Part]) -> Iterator[Finding]:
    for part in parts:
        for r in part.header["Refused"]:
            yield finding(
                "refused", part.record_type, part.header, r["ClientId"], r["Row"], r["Rule"], r["Fields"]
            )


def _by_identity(parts: Sequence[messages.Part], target: Target) -> Iterator[Finding]:
    """Records that an earlier one of the push already is, those without any key, and those that share one."""
    dataset = dataset_id(target.school, target.year, target.kind)
    now = datetime.now(UTC)
    push = Push(PushKey(target.vendor, PUSH_ID, dataset), target.kind, now, now)
    mac = Mac(secrets.token_bytes(32))
    for record_type in contracts.record_types():
        incoming = pushed_records.pushed_records(record_type, [pushed_records.Complete(push, parts, 1)])
        if incoming is None:
            continue
        schema = frame_schema(record_type)
        nobody = pl.DataFrame(
            schema={
                "_dataset": pl.String(),
                "_identity": pl.String(),
                "row_hash": pl.String(),
                **{name: schema[name] for name in fields_asked(record_type)},
                "Vendor": pl.String(),
            }
        )
        resolved = resolve.resolve(incoming, nobody, mac, lambda asked: pl.DataFrame(schema=HELD))
        for row, code, fields in resolved.refused:
            yield _said(incoming, "refused", row, code, fields)
        yield from _sharing(incoming, resolved)


def _sharing(incoming: pushed_records.PushedRecords, resolved: resolve.Resolved) -> Iterator[Finding]:
    kinds = [k for k in contracts.record(incoming.record_type).identity if keys.VENDOR not in k]
    taken = pl.concat([resolved.kept, resolved.records.frame.select(keys.fields_of(kinds))], how="horizontal")
    keyed = keys.with_keys(taken, kinds)
    for i, kind in enumerate(kinds):
        key = pl.col(f"_k{i}")
        for row in keyed.filter(key.is_not_null() & key.is_duplicated())["_row"]:
            yield _said(incoming, "warning", row, SHARED, kind)


def _said(
    incoming: pushed_records.PushedRecords, verdict: Verdict, row: int, code: str, fields: Sequence[str]
) -> Finding:
    said = incoming.refusal(row, code, fields)[1]
    header = {"Source": said.source, "Sheet": said.sheet}
    return finding(verdict, incoming.record_type, header, said.client_id, said.row, code, fields)
