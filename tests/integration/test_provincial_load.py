"""Load and outbox as processes on a real Kafka and PostgreSQL: killed, doubled, and nothing is lost."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime

import pytest
from kafka.structs import OffsetAndMetadata

from runtime import kafka, postgres
from runtime.process import Fenced
from schemas.encoding import codec
from schemas.topics import PUSH_ANSWERS, RECORDS_ACCEPTED, SOURCE_OFFSET, VALIDATION_GROUP, in_topic
from sinks.postgres import outbox
from sinks.provincial.load.process import Load
from tests import pushed
from tests.pushed import chunk, pupil, whole
from tests.support import ANSWER_S, wait_until


@pytest.fixture
def send(settings):
    """``send(topic, [(school, value)])``: written and acknowledged; a third word is the source offset."""
    with closing(kafka.producer(settings)) as producer:

        def all_of(topic, messages):
            sent = [
                producer.send(topic, value, school.encode(), [(SOURCE_OFFSET, b"%d" % o) for o in offset])
                for school, value, *offset in messages
            ]
            producer.flush()
            for future in sent:
                future.get(ANSWER_S)

        yield all_of


def a_push(school, push, rows, hour=0):
    """Three chunks and the closing."""
    parts = [rows[i::3] for i in range(3)]
    chunks = [chunk("HocSinh", p, number=n, push=push, school=school) for n, p in enumerate(parts)]
    end = pushed.closing({"HocSinh": len(rows)}, chunks=3, push=push, school=school, hour=hour)
    return [(school, value) for value in [*chunks, end]]


SCHOOLS = [f"191640{n:03}" for n in range(40)]


def two_rounds():
    """(school, message, offset): each school's first push, and one that changes, adds and lacks pupils."""
    first = [m for s in SCHOOLS for m in a_push(s, f"1-{s}", [pupil(n) for n in range(30)])]
    second = [
        m
        for s in SCHOOLS
        for m in a_push(s, f"2-{s}", [pupil(n, HoTen="mới") for n in range(10, 35)], hour=1)
    ]
    return [(school, value, n) for n, (school, value) in enumerate(first + second)]


def wait_until_loaded(process, settings, ask):
    process.wait_until(lambda: ask("SELECT count(*) FROM push WHERE outcome IS NOT NULL") == [(80,)])
    process.wait_until(lambda: _offsets(ask) == _ends(settings))


def assert_nothing_is_lost_or_doubled(ask):
    assert ask("SELECT outcome, version, count(*) FROM push GROUP BY 1, 2 ORDER BY 2") == [
        ("version", 1, 40),
        ("version", 2, 40),
    ]
    of_version = (
        "SELECT min(n), max(n) FROM (SELECT count(*) AS n FROM hoc_sinh WHERE valid_from <= %s "
        "AND (valid_to IS NULL OR valid_to > %s) GROUP BY dataset_id) AS counts"
    )
    assert ask(of_version, 1, 1) == [(30, 30)]
    assert ask(of_version, 2, 2) == [(35, 35)]
    assert ask("SELECT count(*) FROM hoc_sinh") == [(40 * (30 + 25),)]
    answers = [codec.decode(bytes(value))[1] for (value,) in ask("SELECT value FROM outbox")]
    assert sorted(a["PushId"] for a in answers) == sorted(f"{n}-{s}" for n in (1, 2) for s in SCHOOLS)
    assert ask("SELECT count(*) FROM push_chunk") == [(0,)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_kill_9_in_the_middle_loses_and_doubles_nothing(settings, run_process, ask, send, seed):
    rng = random.Random(seed)
    numbered = two_rounds()
    repeats = random.Random(seed)

    def vendors():
        """Both rounds of pushes, over some seconds; validation repeats itself now and then."""
        for start in range(0, len(numbered), 20):
            some = numbered[start : start + 20]
            send(RECORDS_ACCEPTED, some * (2 if repeats.random() < 0.3 else 1))
            time.sleep(0.3)

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(vendors)
        while not sending.done():
            with run_process("load", settings) as process:
                time.sleep(rng.uniform(0.05, 1.0))
                process.popen.kill()
                process.popen.wait()
        sending.result()
    with run_process("load", settings) as process:
        wait_until_loaded(process, settings, ask)
    assert_nothing_is_lost_or_doubled(ask)


@pytest.mark.slow
def test_two_share_the_schools_and_a_third_takes_the_place_of_one_that_is_killed(
    settings, run_process, ask, send
):
    halves = settings.model_copy(update={"instances": {"load": 2}})
    messages = two_rounds()
    with (
        run_process("load-1", halves) as first,
        run_process("load-2", halves) as second,
        run_process("load-1", halves, wait=False) as third,
    ):
        send(RECORDS_ACCEPTED, messages[:200])
        third.wait_until(lambda: "SYS-006" in third.log.read_text(encoding="utf-8"))
        first.popen.kill()
        send(RECORDS_ACCEPTED, messages[200:])
        wait_until_loaded(third, settings, ask)
        for process in (third, second):
            process.wait_until(process.is_ready)
    assert_nothing_is_lost_or_doubled(ask)


def test_a_consumer_whose_partitions_were_taken_writes_nothing_more(settings, ask, send):
    with Load(settings) as zombie, Load(settings) as successor:
        send(RECORDS_ACCEPTED, [("19164501", m) for m in whole("HocSinh", [pupil(1)])])
        with pytest.raises(Fenced):
            wait_until(lambda: False, zombie.step)
        assert ask("SELECT count(*) FROM push") == [(0,)]
        wait_until(lambda: ask("SELECT outcome FROM push") == [("version",)], successor.step)


def test_a_push_that_stays_open_is_answered_when_nothing_more_waits(settings, ask, send):
    with Load(settings.model_copy(update={"push_timeout_s": 0.5})) as load:
        send(RECORDS_ACCEPTED, [("19164501", chunk("HocSinh", [pupil(1)]))])
        wait_until(lambda: ask("SELECT outcome, code FROM push") == [("incomplete", "PUSH-003")], load.step)


def test_a_push_does_not_expire_while_validation_has_not_read_what_its_vendor_wrote(settings, ask, send):
    """Validation was down for longer than a push may be open: only its own vendor's pushes wait for it."""

    def outcomes():
        return dict(ask("SELECT vendor, outcome FROM push"))

    rest = [("19164501", b"the rest of the push"), ("19164502", b"of another")]
    vendors = ["smas", "of-no-topic-yet", "vnedu"]
    with Load(settings.model_copy(update={"push_timeout_s": 0.5, "vendors": vendors})) as load:
        send(in_topic("smas"), rest)
        some = [chunk("HocSinh", [pupil(1)], vendor=v, push=v, number=1) for v in ("smas", "vnedu")]
        send(RECORDS_ACCEPTED, [("19164501", message) for message in some])
        wait_until(lambda: outcomes().get("vnedu") == "incomplete", load.step)
        assert outcomes() == {"vnedu": "incomplete", "smas": None}
        validated(settings, in_topic("smas"))
        wait_until(lambda: outcomes()["smas"] == "incomplete", load.step)


def test_a_vendor_that_writes_in_transactions_has_its_open_pushes_ended_too(settings, ask, send):
    """A transaction's mark has an offset, which no reader ever commits behind."""
    topic = in_topic("smas")
    with closing(kafka.producer(settings, transactional_id="a-vendor")) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topic, b"a chunk", b"19164501")
        producer.commit_transaction()
    validated(settings, topic, marks=1)
    with Load(settings.model_copy(update={"push_timeout_s": 0.5})) as load:
        send(RECORDS_ACCEPTED, [("19164501", chunk("HocSinh", [pupil(1)]))])
        wait_until(lambda: ask("SELECT outcome FROM push") == [("incomplete",)], load.step)


def validated(settings, topic, marks=0):
    """As if validation had read the topic to its end, where some ``marks`` stand."""
    partitions = kafka.partitions(topic)
    with closing(kafka.consumer(settings, group_id=VALIDATION_GROUP)) as consumer:
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        read = {tp: max(end - marks, 0) for tp, end in ends.items()}
        consumer.commit({tp: OffsetAndMetadata(offset, "", -1) for tp, offset in read.items()})


def test_the_relay_sends_in_order_and_forgets_what_kafka_has(settings, ask, sent):
    with closing(postgres.connect(settings, "test")) as conn, closing(outbox.Sender(settings)) as sender:
        keys = [b"19164501", b"19164502", b"19164503"]
        messages = [(keys[n % 3], b"%d" % n) for n in range(2500)]
        with conn, conn.cursor() as cur:
            outbox.put(cur, PUSH_ANSWERS, messages)
        relayed = 0
        while n := sum(outbox.relay(conn, sender).values()):
            relayed += n
    assert relayed == 2500
    assert ask("SELECT count(*) FROM outbox") == [(0,)]
    arrived = sent(PUSH_ANSWERS)
    for key in keys:
        assert [m.value for m in arrived if m.key == key] == [v for k, v in messages if k == key]


@pytest.mark.slow
def test_answers_reach_the_vendor_through_a_relay_that_is_killed(settings, run_process, ask, send, sent):
    schools = [f"191640{n:03}" for n in range(30)]
    send(RECORDS_ACCEPTED, [m for s in schools for m in a_push(s, f"p-{s}", [pupil(n) for n in range(5)])])
    with run_process("load", settings) as load, run_process("outbox", settings) as relay:
        time.sleep(0.3)
        relay.popen.kill()
        relay.popen.wait()
        with run_process("outbox", settings) as successor:
            load.wait_until(lambda: ask("SELECT count(*) FROM push WHERE outcome = 'version'") == [(30,)])
            successor.wait_until(lambda: ask("SELECT count(*) FROM outbox") == [(0,)])
    answers = [codec.decode(m.value)[1] for m in sent(PUSH_ANSWERS)]
    assert {a["PushId"] for a in answers} == {f"p-{s}" for s in schools}
    assert {a["Outcome"] for a in answers} == {"version"}
    assert all(a["AnsweredAt"] <= datetime.now(UTC) for a in answers)


def _offsets(ask):
    return dict(
        ask(
            "SELECT partition, next_offset FROM consumer_offset WHERE consumer = 'load' AND topic = %s",
            RECORDS_ACCEPTED,
        )
    )


def _ends(settings):
    with closing(kafka.consumer(settings)) as consumer:
        ends = consumer.end_offsets(kafka.partitions(RECORDS_ACCEPTED))
        return {tp.partition: end for tp, end in ends.items()}
