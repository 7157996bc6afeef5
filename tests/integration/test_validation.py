"""Validation as a process on a real Kafka: each thing goes where it belongs, and nothing stops."""

import os
import signal
import time
from collections import defaultdict
from contextlib import closing
from typing import Any

import pytest
from kafka import TopicPartition

from runtime import kafka
from schemas.encoding import codec, columnar
from schemas.topics import (
    GRANTS_STATE,
    RECORDS_ACCEPTED,
    RECORDS_REFUSED,
    SOURCE_OFFSET,
    SOURCE_TIME,
    dlq,
    in_topic,
)
from streams.validation.faust.stalls import Stalls
from streams.validation.faust.watchdog import Watchdog
from streams.validation.positions import GROUP
from tests.organisation import put_units
from tests.records import records
from tests.support import ANSWER_S, wait_until
from tests.unit.streams.test_validation_incoming import COMMAND
from tests.unit.streams.validation_chunks import LONG_SCHOOL, SCHOOL, chunk, classes, closed, removed

SMAS = in_topic("smas")
NEW_SCHOOL = "19164399"


def row(code):
    return f"{code},Trường,primary,164,164,2000-01-01,,1\n"


REGISTER = (
    "code,name,level,district,managing_unit,valid_from,valid_to,active\n" + row(SCHOOL) + row(LONG_SCHOOL)
)


@pytest.fixture
def bench(topics, tmp_path):
    """Settings with a register of two schools; smas has a grant for the first."""
    register = tmp_path / "register.csv"
    register.write_text(REGISTER, encoding="utf-8")
    settings = put_units(topics.model_copy(update={"register_file": register}))
    grant(settings, "smas", SCHOOL)
    return settings


def grant(settings, vendor, school, state="allowed", rights=()):
    value = {"Vendor": vendor, "MaTruongHoc": school, "Sequence": 1, "Hash": "", "State": state}
    value["Rights"] = list(rights)
    send(settings, GRANTS_STATE, school, codec.encode("GrantState", value), key=f"{vendor}/{school}")


def send(settings, topic, school, *values, key=None):
    producer = kafka.producer(settings)
    partition = kafka.partition_of(school.encode())
    for value in values:
        name = key if isinstance(key, bytes) else (key or school).encode()
        producer.send(topic, key=name, value=value, partition=partition)
    producer.flush()
    producer.close()


def read(settings, counts):
    """topic → its records, once each has as many as ``counts`` says; a little longer for surplus ones."""
    consumer = kafka.consumer(settings)
    consumer.assign(kafka.partitions(*counts))
    consumer.seek_to_beginning()
    found: defaultdict[str, list[Any]] = defaultdict(list)
    wait_until(
        lambda: all(len(found[topic]) >= n for topic, n in counts.items()),
        lambda: _collect(consumer, found),
        lambda: {topic: len(found[topic]) for topic in counts},
    )
    _collect(consumer, found)
    consumer.close()
    assert {topic: len(found[topic]) for topic in counts} == counts
    return found


def _collect(consumer, found):
    for tp, messages in consumer.poll(timeout_ms=300).items():
        found[tp.topic] += messages


def test_bombs_garbled_headers_long_keys_and_transactions_stop_no_vendor(bench, run_process, tmp_path):
    """Kinds 2 and 3: 20 MB of zeros in a kilobyte, a header that is not UTF-8, a key of 9 MB, a grant that is
    garbage, and a vendor that writes in transactions, whose markers are offsets that nobody ever commits."""
    good = chunk(classes(0))
    for name in ("smas/19164998", "\udcff"):
        send(bench, GRANTS_STATE, SCHOOL, b"garbage", key=name.encode("utf-8", "surrogateescape"))
    with run_process("validation", bench) as process:
        partition = kafka.partition_of(SCHOOL.encode())
        with closing(kafka.producer(bench, max_request_size=64 << 20)) as producer:
            for key, value, headers in (
                (b"k", bytes(20 << 20), []),
                (bytes(9 << 20), good, []),
                (b"k", good, [(NotText(), b"x")]),
                (b"k", chunk(NamHoc=2_000_000_000), []),
                (b"k", chunk(PushId="[/x]"), []),
                (b"k", good, []),
            ):
                sent = producer.send(SMAS, value, key=key, headers=headers, partition=partition)
                sent.get(ANSWER_S)
        with closing(kafka.producer(bench, transactional_id="vendor")) as producer:
            producer.init_transactions()
            for end, number in ((producer.abort_transaction, 1), (producer.commit_transaction, 2)):
                producer.begin_transaction()
                producer.send(SMAS, chunk(classes(0), Chunk=number), key=b"k", partition=partition)
                producer.flush()
                end()
        found = read(bench, {RECORDS_ACCEPTED: 2, dlq(SMAS): 5})
        tp = TopicPartition(SMAS, partition)
        with closing(kafka.consumer(bench, group_id=GROUP)) as consumer:
            wait_until(lambda: consumer.committed(tp) == 10)
            end = consumer.end_offsets([tp])[tp]
            watchdog = Watchdog(bench, GROUP, list, tmp_path / "ends", print, Stalls(tmp_path / "standing"))
            assert end == 10  # behind the last message lies its transaction's marker
            assert not watchdog._waits(consumer, tp, 9, end) and watchdog._waits(consumer, tp, 8, end)
        assert process.popen.poll() is None
    codes = [dict(r.headers)["error-code"].decode() for r in found[dlq(SMAS)]]
    assert codes == ["MSG-001", "MSG-003", "MSG-002", "VAL-006", "VAL-006"]
    assert [columnar.decode_chunk(r.value).header["Chunk"] for r in found[RECORDS_ACCEPTED]] == [0, 2]


class NotText(str):
    """A header's name that no reader can decode."""

    def encode(self, *_):
        return b"\xff\xfe"


def rules(value):
    return {r["Rule"] for r in columnar.decode_chunk(value).header["Refused"]}


def test_every_kind_of_bad_input_goes_where_it_belongs_and_stops_nothing(bench, run_process):
    # a class that breaks no rule would need all its fields: with no records there is nothing to refuse
    good, nine = chunk(classes(0)), "191643011"
    letters = [b"junk", chunk()[:-4], codec.encode("GrantCommand", COMMAND)]
    with run_process("validation", bench) as process:
        send(bench, SMAS, SCHOOL, good, *letters, chunk(NamHoc=1999, Chunk=1), closed())
        send(bench, SMAS, LONG_SCHOOL, chunk(MaTruongHoc=LONG_SCHOOL))
        send(bench, SMAS, nine, chunk(MaTruongHoc=nine))
        send(bench, SMAS, "19999999", chunk(MaTruongHoc="19999999"))
        send(bench, in_topic("vnedu"), SCHOOL, chunk(Vendor="vnedu"))
        found = read(bench, {RECORDS_ACCEPTED: 7, RECORDS_REFUSED: 5, dlq(SMAS): 3})
        metrics = process.metrics()

    assert [r.value for r in found[dlq(SMAS)]] == letters
    codes = [dict(r.headers)["error-code"].decode() for r in found[dlq(SMAS)]]
    assert codes == ["AVRO-001", "AVRO-003", "VAL-004"]
    for record in found[dlq(SMAS)]:
        cover = {name: text.decode() for name, text in record.headers}
        assert cover["source-topic"] == SMAS and cover["source-partition"] == str(record.partition)
        assert cover["source-offset"].isdigit() and record.key is None

    values = [r.value for r in found[RECORDS_ACCEPTED]]
    source = {r.value: int(dict(r.headers)[SOURCE_OFFSET]) for r in found[RECORDS_ACCEPTED]}
    assert source[closed()] - source[good] == len(letters) + 2
    verdicts = [v for v in values if v != closed() and rules(v)]
    assert sorted(r for v in verdicts for r in rules(v)) == [
        "ENV-301",
        "ENV-303",
        "VAL-001",
        "VAL-001",
        "VAL-003",
    ]
    for record in found[RECORDS_ACCEPTED]:
        if record.key == SCHOOL.encode():
            assert record.partition == kafka.partition_of(SCHOOL.encode())
    assert 'csdl_records_total{outcome="refused",stage="validation"} 15.0' in metrics


def test_a_grant_given_a_moment_ago_counts(bench, run_process):
    with run_process("validation", bench):
        grant(bench, "smas", LONG_SCHOOL)
        value = chunk(classes(0), MaTruongHoc=LONG_SCHOOL)
        send(bench, SMAS, LONG_SCHOOL, value)
        assert read(bench, {RECORDS_ACCEPTED: 1})[RECORDS_ACCEPTED][0].value == value
        grant(bench, "smas", LONG_SCHOOL, "revoked")
        time.sleep(1)
        send(bench, SMAS, LONG_SCHOOL, chunk(MaTruongHoc=LONG_SCHOOL))
        last = read(bench, {RECORDS_ACCEPTED: 2})[RECORDS_ACCEPTED][-1]
        assert rules(last.value) == {"GRT-006"}


def test_a_right_to_remove_given_a_moment_ago_counts(bench, run_process):
    with run_process("validation", bench):
        send(bench, SMAS, SCHOOL, removed("c1"))
        first = read(bench, {RECORDS_ACCEPTED: 1})[RECORDS_ACCEPTED][0]
        assert {r["Rule"] for r in codec.decode(first.value)[1]["Refused"]} == {"VAL-011"}
        grant(bench, "smas", SCHOOL, rights=["remove"])
        send(bench, SMAS, SCHOOL, removed("c1"))
        assert read(bench, {RECORDS_ACCEPTED: 2})[RECORDS_ACCEPTED][1].value == removed("c1")


def test_neither_a_vendors_clock_nor_its_partition_is_believed(bench, run_process):
    """Its message lies elsewhere, under another key, and says that it is of 1970."""
    ours = kafka.partition_of(SCHOOL.encode())
    before = int(time.time() * 1000) - 60_000
    producer = kafka.producer(bench)
    place = producer.send(
        SMAS, chunk(classes(0)), key=b"x", partition=(ours + 1) % 6, timestamp_ms=1, headers=[]
    ).get(ANSWER_S)
    producer.close()
    with run_process("validation", bench):
        (found,) = read(bench, {RECORDS_ACCEPTED: 1})[RECORDS_ACCEPTED]
    assert (found.partition, found.key) == (ours, SCHOOL.encode())
    headers = dict(found.headers)
    assert int(headers[SOURCE_OFFSET]) == place.offset
    assert before < place.timestamp == int(headers[SOURCE_TIME])


def test_a_school_that_the_organisation_gets_while_it_runs_counts(bench, run_process):
    grant(bench, "smas", NEW_SCHOOL)
    value = chunk(records("LopHoc"), MaTruongHoc=NEW_SCHOOL)
    with run_process("validation", bench):
        send(bench, SMAS, NEW_SCHOOL, value)
        assert rules(read(bench, {RECORDS_ACCEPTED: 1})[RECORDS_ACCEPTED][0].value) == {"ENV-301"}
        bench.register_file.write_text(REGISTER + row(NEW_SCHOOL), encoding="utf-8")
        put_units(bench)
        send(bench, SMAS, NEW_SCHOOL, value)
        assert read(bench, {RECORDS_ACCEPTED: 2})[RECORDS_ACCEPTED][1].value == value


def test_it_stops_on_sigterm_and_goes_on_where_it_stopped(bench, run_process):
    with run_process("validation", bench) as process:
        send(bench, SMAS, SCHOOL, chunk(classes(0)))
        read(bench, {RECORDS_ACCEPTED: 1})
        assert process.stop() == 0
    send(bench, SMAS, SCHOOL, chunk(classes(0), Chunk=1))
    with run_process("validation", bench):
        read(bench, {RECORDS_ACCEPTED: 2})


def test_after_a_kill_nothing_is_missing(bench, run_process):
    values = [chunk(classes(0), Chunk=i) for i in range(400)]
    with run_process("validation", bench) as process:
        send(bench, SMAS, SCHOOL, *values[:200])
        os.kill(process.pid, signal.SIGKILL)
    with run_process("validation", bench):
        send(bench, SMAS, SCHOOL, *values[200:])
        consumer = kafka.consumer(bench)
        consumer.assign([TopicPartition(RECORDS_ACCEPTED, kafka.partition_of(SCHOOL.encode()))])
        consumer.seek_to_beginning()
        found: defaultdict[str, list[Any]] = defaultdict(list)
        wait_until(
            lambda: len({r.value for r in found[RECORDS_ACCEPTED]}) >= len(values),
            lambda: _collect(consumer, found),
            lambda: len(found[RECORDS_ACCEPTED]),
        )
        consumer.close()
    assert {r.value for r in found[RECORDS_ACCEPTED]} == set(values)


def test_a_message_that_was_in_hand_at_three_ends_is_put_aside(bench, run_process):
    """Two crashes are in the file, and the third life ended with the message in hand."""
    folder = bench.data_dir / "validation"
    folder.mkdir(parents=True, exist_ok=True)
    partition = kafka.partition_of(SCHOOL.encode())
    (folder / "in-hand-0").write_text(f"{SMAS} {partition} 0 2 held\n", encoding="ascii")
    with run_process("validation", bench):
        send(bench, SMAS, SCHOOL, chunk(), chunk(classes(0)))
        found = read(bench, {RECORDS_ACCEPTED: 1, dlq(SMAS): 1})
    assert found[dlq(SMAS)][0].value == chunk()
    assert dict(found[dlq(SMAS)][0].headers)["error-code"] == b"VAL-010"
