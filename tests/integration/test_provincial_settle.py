"""Pushes become versions in a real PostgreSQL: scenarios of what arrives, what then became of the push."""

from datetime import timedelta
from typing import Any

import pytest

from sinks.provincial.load import batch, push_store
from sinks.provincial.load.apply import apply
from sinks.provincial.load.batch import expire
from sinks.provincial.load.pushes import LIMITS, Limits
from tests import pushed
from tests.integration.provincial_book import NOW, PUPILS
from tests.pushed import chunk, pupil, whole

CLOSED = pushed.closing({"HocSinh": 3}, chunks=2)
CHUNKS = [chunk("HocSinh", PUPILS[:2], number=0), chunk("HocSinh", PUPILS[2:], number=1)]


@pytest.mark.parametrize(
    "order",
    [
        [[*CHUNKS, CLOSED]],
        [[CLOSED, *reversed(CHUNKS)]],
        [[CHUNKS[1]], [CLOSED], [CHUNKS[0]]],
        [[CHUNKS[0]], [CHUNKS[0], CHUNKS[1]], [CHUNKS[1], CLOSED]],
        [[*CHUNKS, CLOSED], [*CHUNKS, CLOSED]],
        [[*CHUNKS, CLOSED, *CHUNKS, CLOSED]],
    ],
    ids=["in order", "closed first", "one by one", "repeated chunks", "sent twice", "twice in a batch"],
)
def test_a_push_becomes_one_version_however_it_arrives(book, order):
    for some in order:
        book.arrive(*some)
    assert book.push() == ("version", "", 1, 3, 3, 0)
    assert book.version(1) == PUPILS
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]
    again = sum(some.count(CLOSED) for some in order) - 1
    assert book.answers() == [("p1", "version", ""), *[("p1", "version", "PUSH-009")] * again]


def test_a_push_that_validation_passed_on_twice_is_answered_once(book):
    for _ in range(2):
        book.arrive(*CHUNKS, CLOSED, offsets=[4, 5, 6])
    assert book.answers() == [("p1", "version", "")]
    assert book.ask("SELECT late FROM push") == [(0,)]


def test_the_first_verdict_of_a_chunk_counts(book):
    book.arrive(CHUNKS[0])
    book.arrive(chunk("HocSinh", [pupil(9)], number=0), CHUNKS[1], CLOSED)
    assert book.version(1) == PUPILS


@pytest.mark.parametrize(
    ("closing", "outcome", "code"),
    [
        (pushed.closing({"HocSinh": 4}, chunks=2), "mismatch", "PUSH-002"),
        (pushed.closing({"HocSinh": 3}, chunks=1), "mismatch", "PUSH-001"),
        (pushed.closing({"HocSinh": 3, "LopHoc": 1}, chunks=2), "mismatch", "PUSH-002"),
    ],
)
def test_a_push_closed_with_the_wrong_count_applies_nothing(book, closing, outcome, code):
    book.arrive(*CHUNKS, closing)
    assert book.push()[:3] == (outcome, code, 0)
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(0,)]
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]


def test_a_push_that_never_closes_is_answered_as_incomplete_and_stays_so(book):
    book.arrive(CHUNKS[0], at=NOW)
    with book.conn, book.conn.cursor() as cur:
        assert not expire(cur, NOW + timedelta(seconds=600), LIMITS).outcomes
    with book.conn, book.conn.cursor() as cur:
        assert expire(cur, NOW + timedelta(seconds=601), LIMITS).outcomes == {"incomplete": 1}
    book.arrive(CHUNKS[1], CLOSED)
    assert book.push()[:2] == ("incomplete", "PUSH-003")
    assert book.ask("SELECT late FROM push") == [(2,)]
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(0,)]


@pytest.mark.parametrize("batches", [[3], [1, 2], [2, 1], [1, 1, 1]])
def test_a_push_open_for_too_long_ends_alike_however_far_behind_load_was(book, batches):
    """Its last message was written 601 s after its first: read with a backlog, or one by one."""
    messages = [(CHUNKS[0], 0), (CHUNKS[1], 300), (CLOSED, 601)]
    for size in batches:
        some, messages = messages[:size], messages[size:]
        book.arrive(*(m for m, _ in some), sent=[NOW + timedelta(seconds=s) for _, s in some])
    assert book.push()[:2] == ("incomplete", "PUSH-003")
    assert book.answers()[0] == ("p1", "incomplete", "PUSH-003")
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(0,)]


@pytest.mark.parametrize(
    ("messages", "limits", "code"),
    [
        ([*CHUNKS, CLOSED], Limits(chunks=1), "PUSH-014"),
        ([CHUNKS[1]], Limits(chunks=1), "PUSH-014"),
        ([pushed.closing({"HocSinh": 3}, chunks=2**31 - 1)], Limits(), "PUSH-014"),
        ([*CHUNKS, CLOSED], Limits(bytes=len(CHUNKS[0]) + 1), "PUSH-015"),
        ([CHUNKS[0]], Limits(bytes=1), "PUSH-015"),
    ],
    ids=["more chunks", "a number beyond", "closed with more", "more bytes", "one chunk of more bytes"],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_push_larger_than_allowed_is_refused_and_keeps_nothing(book, messages, limits, code, at_once):
    for some in [messages] if at_once else [[m] for m in messages]:
        book.arrive(*some, limits=limits)
    book.arrive(*whole("HocSinh", PUPILS, push="p2"))
    assert book.push()[:3] == ("refused", code, 0)
    assert book.answers()[0] == ("p1", "refused", code)
    assert book.push("p2")[0] == "version"
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(3,)]


def test_what_ends_unapplied_is_not_read_back(book, monkeypatch):
    """An open push of 522 MB took load to 2.7 GB when it expired, and again after each restart."""

    def reads(cur, keys):
        assert not list(keys)
        return []

    monkeypatch.setattr(push_store, "take_back", reads)
    book.arrive(CHUNKS[0])
    with book.conn, book.conn.cursor() as cur:
        assert expire(cur, NOW + timedelta(seconds=601), LIMITS).outcomes == {"incomplete": 1}
    book.arrive(*(chunk("HocSinh", PUPILS[:1], push="p2", number=n) for n in range(2)))
    book.arrive(chunk("HocSinh", PUPILS[:1], push="p2", number=2), limits=Limits(chunks=2))
    assert book.push("p2")[:2] == ("refused", "PUSH-014")
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]


def test_pushes_that_end_in_one_batch_are_applied_a_portion_at_a_time(book, monkeypatch):
    """Closings are small: a batch holds thousands, each of a push whose chunks lie aside."""
    sizes = []

    def watched(cur, jobs, *rest):
        sizes.append(len(jobs))
        return apply(cur, jobs, *rest)

    monkeypatch.setattr(batch, "apply", watched)
    monkeypatch.setattr(batch, "PORTION_BYTES", 2 * len(CHUNKS[0]))
    monkeypatch.setattr(push_store, "TAKE_BYTES", 1)
    schools = [f"191645{n:02}" for n in range(4)]
    for school in schools:
        book.arrive(chunk("HocSinh", PUPILS[:1], school=school))
    book.arrive(*(pushed.closing({"HocSinh": 1}, school=school) for school in schools))
    assert book.ask("SELECT outcome, count(*) FROM push GROUP BY 1") == [("version", 4)]
    assert len(sizes) > 1 and sum(sizes) == 4
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]


def test_the_same_data_again_makes_no_version(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*whole("HocSinh", PUPILS, push="p2", hour=1))
    assert book.push("p2") == ("unchanged", "PUSH-008", 1, 3, 3, 0)
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(3,)]


def minutes(past_eight):
    return pushed.MORNING + timedelta(minutes=past_eight)


def test_a_slow_upload_loses_to_the_correction_that_overtook_it(book):
    """Begun at 8:00, ended at 8:10, the correction sent at 8:05: Kafka's time decides, no sender's clock."""
    slow = whole("HocSinh", [pupil(1, HoTen="cũ")], push="slow", hour=5)
    book.arrive(slow[0], at=minutes(0))
    book.arrive(*whole("HocSinh", PUPILS, push="correction", hour=-5), at=minutes(5))
    book.arrive(slow[1], at=minutes(10))
    assert book.push("slow")[:2] == ("superseded", "PUSH-005")
    assert book.version(1) == PUPILS


def test_a_slow_upload_loses_by_whatever_door_it_came(book):
    """The gateway had it from 8:00 to 8:10 and sent it on then; the correction came to Kafka at 8:05."""
    book.arrive(*whole("HocSinh", PUPILS, push="correction"), at=minutes(5))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="cũ")], push="slow"), at=minutes(10), began=minutes(0))
    assert book.push("slow")[:2] == ("superseded", "PUSH-005")
    assert book.version(1) == PUPILS


def test_what_the_gateway_took_long_to_receive_orders_what_comes_after_it(book):
    book.arrive(*whole("HocSinh", PUPILS, push="slow"), at=minutes(10), began=minutes(0))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="mới")], push="next"), at=minutes(11), began=minutes(4))
    assert book.push("next")[0] == "version"
    assert book.ask("SELECT opened_at FROM dataset") == [(minutes(4),)]


def test_how_long_the_gateway_received_takes_no_time_from_the_sending(book):
    """A push is open from its first message on, however long ago it was begun."""
    chunk, closing = whole("HocSinh", PUPILS, push="slow")
    book.arrive(chunk, at=minutes(10), began=minutes(0))
    with book.conn, book.conn.cursor() as cur:
        assert not expire(cur, minutes(19), LIMITS).outcomes
    book.arrive(closing, at=minutes(19), began=minutes(9))
    assert book.push("slow")[0] == "version"
    assert book.ask("SELECT opened_at, began_at FROM push") == [(minutes(10), minutes(0))]


def test_a_sender_whose_clock_is_ahead_supersedes_nobody(book):
    book.arrive(*whole("HocSinh", PUPILS, push="ahead", hour=23), at=minutes(0))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="mới")], push="next", hour=0), at=minutes(1))
    assert book.push("next")[0] == "version"
    assert book.ask("SELECT opened_at FROM dataset") == [(minutes(1),)]


def test_the_vendors_message_is_what_is_timed_not_its_verdict(book):
    """Validation was behind: what it passes on late was sent before the correction."""
    book.arrive(*whole("HocSinh", PUPILS, push="correction"), at=minutes(5))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="cũ")], push="old"), at=minutes(9), sent=minutes(4))
    assert book.push("old")[0] == "superseded"


def test_the_first_message_times_a_push_in_whatever_order_they_come(book):
    book.arrive(CHUNKS[1], at=minutes(8), sent=minutes(2))
    book.arrive(CHUNKS[0], CLOSED, at=minutes(8), sent=minutes(1))
    assert book.ask("SELECT opened_at, first_seen FROM push") == [(minutes(1), minutes(8))]


def test_a_closing_with_a_wrong_header_is_refused_with_its_code_and_makes_nothing(book):
    book.arrive(*CHUNKS)
    book.arrive(CLOSED, fault="VAL-001")
    assert book.push() == ("refused", "VAL-001", 0, 3, 0, 0)
    assert book.answers() == [("p1", "refused", "VAL-001")]
    for table in ("dataset", "version", "hoc_sinh", "push_chunk"):
        assert book.ask(f"SELECT count(*) FROM {table}") == [(0,)]


def test_several_pushes_of_one_dataset_in_one_batch_are_applied_in_turn(book):
    later = [pupil(1, HoTen="mới"), pupil(4)]
    book.arrive(*whole("HocSinh", PUPILS), *whole("HocSinh", later, push="p2", hour=1))
    assert book.version(1) == PUPILS
    assert book.version(2) == [later[0], *PUPILS[1:], later[1]]


def test_what_validation_refused_is_kept_and_counted_once_a_record(book):
    refused: list[dict[str, Any]] = [{"row": 7, "rule": "HS-002"}, {"row": 7, "rule": "HS-102"}, {"row": 9}]
    book.arrive(chunk("HocSinh", PUPILS, refused=refused), pushed.closing({"HocSinh": 5}))
    assert book.push() == ("version", "", 1, 5, 3, 2)
    assert len(book.ask("SELECT 1 FROM record_refused")) == 3


def test_a_push_of_refused_records_only_is_refused(book):
    book.arrive(chunk("HocSinh", [], refused=[{"row": 1}]), pushed.closing({"HocSinh": 1}))
    assert book.push() == ("refused", "PUSH-007", 0, 1, 0, 1)


def test_a_message_of_no_dataset_stops_nothing(book):
    old = chunk("HocSinh", PUPILS, kind="4")
    _, codes = book.arrive(b"", b"\x00\x00\x00\x00\x01junk", old, *whole("HocSinh", PUPILS))
    assert codes.count("REC-004") == 1 and len(codes) == 3
    assert book.push()[0] == "version"
