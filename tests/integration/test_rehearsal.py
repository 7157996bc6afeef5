"""Preflight says what the stream, the load and the check say: of pushes with faults at random, row by row."""

from typing import Any

from rehearsal.rehearse import rehearse
from schemas.rules import catalogue
from sinks.provincial.check import process as check
from tests import damaged
from tests.damaged import YEAR
from tests.integration.provincial_book import NOW, Book

SEEDS = (0, 12, 48)
"""With records refused by validation, by load for their keys and for what cannot be stored."""

_TOGETHER = {r.id for r in catalogue.all_rules() if r.tier > 1}


def test_preflight_finds_what_the_stream_the_load_and_the_check_find(book: Book) -> None:
    for seed in SEEDS:
        target, known, tables = damaged.push(seed)
        told = rehearse(tables, target, known, [YEAR])
        book.arrive(*damaged.verdicts(seed, f"p{seed}"))
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
