"""Preflight says what the stream, the load and the check say: of pushes with faults at random, row by row."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from cli.rehearsal import rehearse
from producers.client import PushReceipt, chunks_of, closing, totals
from producers.model import SourceTable, Target
from schemas.encoding import codec
from schemas.rules import catalogue
from schemas.topics import in_topic
from sinks.provincial.check import process as check
from streams.validation.verdict.header import RulesInForce
from streams.validation.verdict.input_messages import InputMessage, sort
from streams.validation.verdict.judge import judge
from tests import damaged
from tests.damaged import YEAR
from tests.integration.provincial_book import NOW, Book



@pytest.mark.parametrize("seeds", [range(3)])
def test_preflight_finds_what_the_stream_the_load_and_the_check_find(book: Book, seeds: range) -> None:
    for seed in seeds:
        target, known, tables = damaged.push(seed)
        told = rehearse(tables, target, known, [YEAR])
        book.arrive(*_verdicts(tables, target, known, Random(seed), f"p{seed}"))
        push = told.push
        expected = (push.outcome, push.code, push.version, push.received, push.accepted, push.refused)
        assert book.push(f"p{seed}") == expected
        assert {
            (f.record_type, f.place.sheet, f.place.row, f.rule, f.place.field)
            for f in told.findings
            if f.verdict == "refused" and f.record_type
        } == _refused(book, f"p{seed}")
        check.check(book.conn, NOW)
        assert {
            (f.record_type, f.client_id, f.verdict == "blocking", f.rule, f.place.field)
            for f in told.findings
            if f.verdict != "refused" and f.rule in _TOGETHER
        } == _found(book, push.key.dataset_id)


_TOGETHER = {r.id for r in catalogue.all_rules() if r.tier > 1}


def _verdicts(
    tables: list[SourceTable], target: Target, known: Any, rng: Random, push_id: str
) -> Iterator[bytes]:
    """What validation passes on, the messages cut and judged otherwise than preflight does it."""
    chunks = [value for _, value in chunks_of(tables, target, push_id, rng.choice([3, 17, 250]))]
    counts = totals(tables)
    sent = PushReceipt(push_id, target, len(chunks), NOW, NOW, counts, whole=sorted(counts))
    values = [*chunks, codec.encode("PushClosed", closing(sent))]
    in_force = RulesInForce(
        grant_fault=lambda *_: "",
        may_remove=lambda *_: False,
        awaits_first_push=lambda *_: False,
        is_school=lambda code, day: known.school(code, day) is not None,
        school_years={YEAR},
        rules=catalogue.rules,
        violations=catalogue.violations,
    )
    for value in values:
        came = [InputMessage(value, in_topic(target.vendor), datetime.now(UTC).date())]
        (verdict,) = judge(sort(came), came, in_force)
        yield verdict.accepted


def _refused(book: Book, push_id: str) -> set[tuple[Any, ...]]:
    found = book.ask(
        "SELECT record_type, sheet, source_row, rule, array_to_string(fields, ', ') FROM record_refused"
        " WHERE push_id = %s",
        push_id,
    )
    return set(found)


def _found(book: Book, dataset: str) -> set[tuple[Any, ...]]:
    who = {
        identity: client_id
        for table in ("hoc_sinh", "can_bo", "lop_hoc")
        for identity, client_id in book.ask(f"SELECT identity, client_id FROM {table}")
    }
    found = book.ask(
        "SELECT record_type, identity, severity = 'block', rule, array_to_string(fields, ', ') FROM finding"
        " WHERE dataset_id = %s AND rule = ANY(%s)",
        dataset,
        sorted(_TOGETHER),
    )
    return {(t, who.get(identity, ""), *rest) for t, identity, *rest in found}
