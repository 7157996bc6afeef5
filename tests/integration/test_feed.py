"""The feed on real servers: each event once, in its order, of the push it concerns, whatever happens."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from kafka import TopicPartition

from doctor import feed as doctor_feed
from readings import chains as chains_shown
from readings import feed as reading
from readings.feed import Gone, Page, Place
from runtime import kafka, postgres
from runtime.process import Fenced
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_EVENTS, PARTITIONS, PUSH_ANSWERS
from sinks.chains import faults
from sinks.feed import feed, store
from sinks.feed.process import Feed
from sinks.feed.told import SCHOOL as BY_SCHOOL
from sinks.feed.told import of_answer, of_event
from sinks.provincial.load import removals
from streams.confirmation.events import Event
from streams.machines import wire
from tests.chained import chain_of, chained, raw, sealed
from tests.integration.ministry_road import version_row, write
from tests.support import wait_until

SCHOOL = "19164999"
DATASET = f"{SCHOOL}.2019.start"
NOW = datetime(2019, 10, 1, tzinfo=UTC)


def answer(push="p", outcome="version", version=1, vendor="smas", school=SCHOOL, **more):
    """A PushAnswered's bytes."""
    said = {
        "PushId": push, "Vendor": vendor, "MaTruongHoc": school, "NamHoc": 2019, "LoaiDongBo": "1",
        "DatasetId": f"{school}.2019.start", "Outcome": outcome, "Code": "", "Version": version,
        "Received": 4, "Accepted": 2, "Refused": 2, "AnsweredAt": NOW, "Written": 2,
    }  # fmt: skip
    return codec.encode("PushAnswered", said | more)


def checked(conn, version=1, digest="d1", vendor="smas", push="p", school=SCHOOL):
    """The version as load and check leave it."""
    version_row(conn, school, version)
    with conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE version SET digest = %s, vendor = %s, push_id = %s "
            "WHERE dataset_id = %s AND version = %s",
            (digest, vendor, push, f"{school}.2019.start", version),
        )


def act(settings, *events):
    for one in events:
        key = one["MaTruongHoc"].encode()
        write(settings, CONFIRMATION_EVENTS, codec.encode("ConfirmationEvent", one), key=key)


def ask(conn, query, *params):
    with conn, conn.cursor() as cur:
        cur.execute(query, params)
        return cur.fetchall()


def acts(conn, push):
    """Kinds of what was told of a push."""
    return [kind for kind, of, _ in told(conn) if of == push]


def told(conn):
    """(kind, push, version) in the feed's order."""
    return ask(conn, "SELECT kind, push_id, version FROM push_event ORDER BY id")


def waiting(conn):
    return ask(conn, "SELECT kind, version, lost FROM push_event_waiting ORDER BY number")


def page_of(conn, after, limit):
    """The next events of smas for the school."""
    found = reading.page(conn, "smas", SCHOOL, after, limit)
    assert isinstance(found, Page), found
    return found


def until(settings, done):
    """The feed works until it is so."""
    with Feed(settings) as process:
        wait_until(done, process.step)


def test_an_answer_and_the_acts_on_its_version_are_told_in_their_order_to_the_vendor_of_the_push(
    settings, conn
):
    checked(conn)
    chain = chain_of("version_checked", "submitted", "returned", ReasonCode="R1", ReasonText="Nguyễn Văn A")
    write(settings, PUSH_ANSWERS, answer())
    act(settings, *chain)
    until(settings, lambda: len(told(conn)) == 4)
    assert told(conn) == [
        ("answered", "p", 1), ("version_checked", "p", 1), ("submitted", "p", 1), ("returned", "p", 1)
    ]  # fmt: skip
    page = page_of(conn, None, 10)
    first, *_, last = page.events
    assert [first["said"][name] for name in ("accepted", "refused", "outcome")] == [2, 2, "version"]
    assert [last["said"][name] for name in ("state", "reason_code")] == ["forwarding", "R1"]
    assert "Nguyễn" not in str(page.events)


def test_all_answers_before_an_act_are_told_before_it_however_far_behind_the_feed_is(settings, conn):
    """Answers lie in all partitions, and there are more of them than are fetched at once."""
    checked(conn, push="last")
    write(settings, PUSH_ANSWERS, *(answer(push=f"p{n}", outcome="unchanged") for n in range(2500)))
    write(settings, PUSH_ANSWERS, answer(push="last"))
    act(settings, *chain_of("version_checked"))
    until(settings, lambda: ("version_checked", "last", 1) in told(conn))
    assert told(conn)[-2:] == [("answered", "last", 1), ("version_checked", "last", 1)]
    assert len(told(conn)) == 2502


def test_what_is_sent_or_written_twice_is_told_once(settings, conn):
    checked(conn)
    chain = chain_of("version_checked", "submitted")
    same_ids = chain_of("version_checked", DatasetId="19164998.2019.start", MaTruongHoc="19164998")
    checked(conn, school="19164998", push="other")
    later = answer(AnsweredAt=NOW + timedelta(days=1))
    write(settings, PUSH_ANSWERS, answer(), answer(), answer(Code="PUSH-007"), later, answer())
    act(settings, *chain, *chain, sealed(same_ids[0] | {"EventId": chain[0]["EventId"]}))
    write(settings, PUSH_ANSWERS, answer(), answer(push="end"))
    until(settings, lambda: ("answered", "end", 1) in told(conn) and len(told(conn)) == 6)
    assert acts(conn, "other") == ["version_checked"]
    kinds = sorted(kind for kind, push, _ in told(conn) if push == "p")
    assert kinds == ["answered", "answered", "submitted", "version_checked"]


def test_an_act_on_a_version_that_is_not_here_yet_waits_and_nothing_of_its_dataset_overtakes_it(
    settings, conn
):
    """An older copy of the database was restored: the feed may be at an act before load is at its version."""
    other = chain_of("version_checked", DatasetId="19164998.2019.start", MaTruongHoc="19164998")
    checked(conn, school="19164998", push="other")
    act(settings, *chain_of("version_checked", "submitted"), *other)
    with Feed(settings) as process:
        wait_until(lambda: len(waiting(conn)) == 2 and len(told(conn)) == 1, process.step)
        assert told(conn) == [("version_checked", "other", 1)]
        version_row(conn, SCHOOL, checked=False)
        act(settings, *chain_of("version_checked", "submitted", "claimed")[2:])
        wait_until(lambda: len(waiting(conn)) == 3, process.step)
        checked(conn)
        wait_until(lambda: not waiting(conn), process.step)
    assert acts(conn, "p") == [
        "version_checked",
        "submitted",
        "claimed",
    ]


def test_an_act_on_a_version_that_will_not_come_any_more_is_kept_as_lost_and_holds_nothing_up(settings, conn):
    act(settings, *chain_of("version_checked", "submitted", Digest="lost"))
    until(settings, lambda: len(waiting(conn)) == 2)
    checked(conn, digest="another")
    checked(conn, version=2, digest="d2", push="q")
    both = chain_of("version_checked", "submitted", Digest="lost")
    act(settings, chained(both[1], Event="submitted", Version=2, Digest="d2"))
    until(settings, lambda: told(conn) == [("submitted", "q", 2)])
    assert waiting(conn) == [("version_checked", 1, True), ("submitted", 1, True)]
    [found] = doctor_feed.section(settings)
    assert (found.problem.code, found.problem.params["count"]) == ("DOC-010", 2)


def test_a_schools_own_act_concerns_the_push_whose_records_it_took(settings, conn):
    assert removals.SCHOOL == BY_SCHOOL
    checked(conn)
    checked(conn, version=2, digest="d2", vendor=BY_SCHOOL, push="removal")
    write(
        settings,
        PUSH_ANSWERS,
        answer(push="removal", vendor=BY_SCHOOL, version=2, Removed={"HocSinh": 1}),
        answer(push="again", vendor=BY_SCHOOL, version=2, Code=removals.ASKED_BEFORE),
        answer(push="refused", vendor=BY_SCHOOL, outcome="refused", Code=removals.STALE),
    )
    act(settings, *chain_of("version_checked", Version=2, Digest="d2"))
    until(settings, lambda: len(told(conn)) == 2)
    assert told(conn) == [("removal", "p", 2), ("version_checked", "p", 2)]


def test_what_is_no_answer_is_left_out_and_said_and_the_rest_is_told(settings, conn, monkeypatch, caplog):
    wrong = [b"garbage", answer(push="p\0"), answer(DatasetId="19164998.2019.start"), answer(vendor="a b")]
    write(settings, PUSH_ANSWERS, *wrong, answer(push="fails alone"), answer())
    real = store.append

    def failing(cur, some):
        real(cur, some)
        if any(push.push_id == "fails alone" for _, push in some):
            cur.execute("SELECT 1/0")

    monkeypatch.setattr(store, "append", failing)
    until(settings, lambda: told(conn) == [("answered", "p", 1)])
    codes = sorted({record.args[0] for record in caplog.records if "left out" in record.message})
    assert codes == ["AVRO-001", "MSG-005", "MSG-008", "REC-004"]


def test_a_broken_chain_stops_its_dataset_alone_and_goes_on_when_it_is_mended(settings, conn):
    checked(conn)
    first, gone, third = chain_of("version_checked", "submitted", "claimed")
    act(settings, first, sealed(gone | {"Unit": "a liar", "PreviousHash": "x"}), third)
    write(settings, PUSH_ANSWERS, answer(push="q", outcome="unchanged"))
    until(settings, lambda: len(told(conn)) == 2 and len(chains_shown.faults(conn)) == 2)
    assert sorted(told(conn)) == [("answered", "q", 1), ("version_checked", "p", 1)]
    act(settings, gone, third)
    until(settings, lambda: len(told(conn)) == 4)
    assert faults.reread(conn, "feed") == 2
    write(settings, PUSH_ANSWERS, answer(push="end"))
    until(settings, lambda: ("answered", "end", 1) in told(conn))
    assert acts(conn, "p") == [
        "version_checked",
        "submitted",
        "claimed",
    ]


@pytest.mark.parametrize("line", ["told_before", "append"])
def test_a_crash_between_any_two_lines_loses_and_repeats_nothing(settings, conn, monkeypatch, line):
    checked(conn)
    write(settings, PUSH_ANSWERS, *(answer(push=f"p{n}") for n in range(20)))
    act(settings, *chain_of("version_checked", "submitted"))
    real, crashes = getattr(store, line), iter(range(3))

    def crashing(*args):
        done = real(*args)
        if next(crashes, None) is not None:
            raise psycopg2.OperationalError("the server is gone")
        return done

    monkeypatch.setattr(store, line, crashing)
    ended = 0
    while len(told(conn)) < 22:
        try:
            until(settings, lambda: len(told(conn)) == 22)
        except psycopg2.OperationalError:
            ended += 1
    assert ended == 3
    assert len(set(told(conn))) == 22
    assert told(conn)[-2:] == [("version_checked", "p", 1), ("submitted", "p", 1)]


@pytest.mark.slow
def test_a_process_that_is_killed_goes_on_where_it_was(settings, conn, run_process):
    pushes = [f"p{n}" for n in range(2000)]
    with run_process("feed", settings) as process:
        write(settings, PUSH_ANSWERS, *(answer(push=push) for push in pushes[:1000]))
        process.wait_until(lambda: told(conn))
        process.popen.kill()
        process.popen.wait()
    write(settings, PUSH_ANSWERS, *(answer(push=push) for push in pushes[1000:]))
    with run_process("feed", settings) as process:
        process.wait_until(lambda: len(told(conn)) >= len(pushes))
    assert sorted(push for _, push, _ in told(conn)) == sorted(pushes)


def test_a_second_process_takes_over_and_the_first_writes_nothing_more(settings, conn):
    with Feed(settings) as first:
        write(settings, PUSH_ANSWERS, answer())
        wait_until(lambda: told(conn), first.step)
        with Feed(settings) as second:
            write(settings, PUSH_ANSWERS, answer(push="q"))
            with pytest.raises(Fenced):
                wait_until(lambda: len(told(conn)) > 1, first.step)
            wait_until(lambda: len(told(conn)) == 2, second.step)
    assert told(conn) == [("answered", "p", 1), ("answered", "q", 1)]


def test_beside_an_older_log_the_feed_begins_where_that_begins_now(settings, conn):
    write(settings, PUSH_ANSWERS, *(answer(push=f"p{n}") for n in range(10)))
    with closing(kafka.admin(settings)) as admin:
        admin.delete_records({TopicPartition(PUSH_ANSWERS, p): -1 for p in range(PARTITIONS)})
    write(settings, PUSH_ANSWERS, answer(push="kept"))
    until(settings, lambda: told(conn))
    assert told(conn) == [("answered", "kept", 1)]


def test_pruning_takes_the_oldest_and_only_what_is_too_old(settings, conn):
    days = "UPDATE push_event SET at = now() - make_interval(days => %s) WHERE push_id = %s"
    write(settings, PUSH_ANSWERS, *(answer(push=f"p{n}") for n in range(6)))
    until(settings, lambda: len(told(conn)) == 6)
    seen = page_of(conn, None, 2)
    end = reading.newest(conn)
    for push, age in (("p0", 500), ("p1", 401), ("p2", 399), ("p3", 500)):
        with conn, conn.cursor() as cur:
            cur.execute(days, (age, push))
    until(settings, lambda: len(told(conn)) < 6)
    # p3 came behind one that is kept: it stays until that goes, so that what is kept has no hole.
    assert [push for _, push, _ in told(conn)] == ["p2", "p3", "p4", "p5"]
    page = page_of(conn, seen.next, 10)
    assert [e["push_id"] for e in page.events] == ["p2", "p3", "p4", "p5"]
    begun = reading.page(conn, "smas", SCHOOL, Place(), 10)
    assert isinstance(begun, Gone) and begun.pruned and begun.kept_since == page.events[0]["at"]
    for n in range(6):
        with conn, conn.cursor() as cur:
            cur.execute(days, (401, f"p{n}"))
    until(settings, lambda: not told(conn))
    assert page_of(conn, end, 10).events == []
    assert page_of(conn, None, 10).next == end
    write(settings, PUSH_ANSWERS, answer(push="later"))
    until(settings, lambda: told(conn))
    assert [e["push_id"] for e in page_of(conn, end, 10).events] == ["later"]


def test_a_feed_that_was_written_again_is_gone_on_with_where_it_agrees_and_nowhere_else(settings, conn):
    """What an older copy lacks is read again from Kafka: perhaps in another order."""
    write(settings, PUSH_ANSWERS, *(answer(push=f"p{n}") for n in range(4)))
    until(settings, lambda: len(told(conn)) == 4)
    places = [page_of(conn, None, n).next for n in (1, 2, 3)]
    older(conn, keep=2)
    for place, beginning in zip(places, (True, True, False), strict=True):
        found = reading.page(conn, "smas", SCHOOL, place, 10)
        assert isinstance(found, Gone) is not beginning
    again = _tolds("p3", "p2")
    with conn, conn.cursor() as cur:
        feed.tell(cur, again)
    found = reading.page(conn, "smas", SCHOOL, places[2], 10)
    assert isinstance(found, Gone) and not found.pruned
    older(conn, keep=2)
    with conn, conn.cursor() as cur:
        feed.tell(cur, again[::-1])
    found = page_of(conn, places[2], 10)
    assert [e["push_id"] for e in found.events] == ["p3"]


def older(conn, keep):
    """As if a copy had been restored that was made after so many events."""
    with conn, conn.cursor() as cur:
        cur.execute("DELETE FROM push_event WHERE id > %s", (keep,))
        cur.execute(f"ALTER TABLE push_event ALTER COLUMN id RESTART WITH {keep + 1}")
        cur.execute(
            "UPDATE push_feed SET head = %s, chain = (SELECT chain FROM push_event WHERE id = %s)",
            (keep, keep),
        )


def _tolds(*pushes):
    """Answers as they are read of Kafka, all of one moment."""
    return [of_answer(raw(PUSH_ANSWERS, answer(push=push))) for push in pushes]


def acted(*events):
    """Acts as they are read of Kafka."""
    records = [wire.from_record(Event, event) for event in events]
    return [of_event(record, raw(CONFIRMATION_EVENTS, b"")) for record in records]


def test_reading_while_it_is_written_loses_and_repeats_nothing(settings, conn):
    """501 events of one moment, foreign ones between them, pages of several sizes, each read as it comes."""
    every = [t for n in range(501) for t in _tolds(f"p{n}")]
    with closing(postgres.connect(settings, "test")) as reader:
        seen: dict[int, list[str]] = {1: [], 100: [], 500: []}
        place = dict.fromkeys(seen, Place())
        for start in range(0, 501, 50):
            with conn, conn.cursor() as cur:
                feed.tell(cur, every[start : start + 50])
            foreign(conn, 20)
            for limit in seen:
                page = page_of(reader, place[limit], limit)
                seen[limit] += [e["push_id"] for e in page.events]
                place[limit] = page.next
        for limit in seen:
            while (page := page_of(reader, place[limit], limit)).more or page.events:
                seen[limit] += [e["push_id"] for e in page.events]
                place[limit] = page.next
    assert all(pushes == [f"p{n}" for n in range(501)] for pushes in seen.values())


def foreign(conn, count):
    """Events of another vendor, written by the database itself; the chain goes on from the last."""
    with conn, conn.cursor() as cur:
        cur.execute(
            "INSERT INTO push_event (event_id, vendor, school, dataset_id, push_id, version, kind, at, said, "
            "topic, partition, source_offset, chain) "
            "SELECT gen_random_uuid()::text, 'vnedu', %s, %s, 'f', 1, 'answered', now(), '{}', 't', 0, n, "
            "decode(md5(n::text), 'hex') FROM generate_series(1, %s) n",
            (SCHOOL, DATASET, count),
        )
        cur.execute(
            "UPDATE push_feed SET (head, chain) = (SELECT id, chain FROM push_event ORDER BY id DESC LIMIT 1)"
        )


def test_one_own_event_behind_ten_thousand_foreign_ones_is_one_step_away(settings, conn):
    foreign(conn, 10_000)
    empty = page_of(conn, None, 1)
    assert (empty.events, empty.more) == ([], False)
    with conn, conn.cursor() as cur:
        feed.tell(cur, _tolds("own"))
    for place in (None, empty.next):
        page = page_of(conn, place, 1)
        assert [e["push_id"] for e in page.events] == ["own"] and not page.more
    assert page_of(conn, page.next, 1).events == []


def test_a_page_is_one_scan_of_one_index(settings, conn):
    foreign(conn, 20_000)
    with conn, conn.cursor() as cur:
        cur.execute("ANALYZE push_event")
        asked = {"vendor": "smas", "school": SCHOOL, "after": 5_000, "head": 20_000, "limit": 101}
        cur.execute("EXPLAIN " + reading._PAGE, asked)
        plan = [line for (line,) in cur.fetchall()]
    assert "Index Scan using push_event_read" in plan[1] and "Sort" not in str(plan)
    assert "id > 5000" in plan[2] and "vendor = 'smas'" in plan[2] and len(plan) == 3
