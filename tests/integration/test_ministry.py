"""To the Ministry and back, on a real Kafka and a real PostgreSQL: export, answers, sums."""

import json
import time
from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime

import polars as pl
import pytest
from click.testing import CliRunner

from cli.main import main
from runtime import kafka, postgres
from schemas import codec
from schemas.errors import ProblemList
from schemas.topics import CONFIRMATION_EVENTS, MINISTRY_EXPORT, MINISTRY_RECEIPTS, dlq
from sinks.ministry import exports
from sinks.ministry.export import Exporter
from sinks.ministry.forwarding import Forwarding
from sinks.ministry.judge import ACCEPTED
from sinks.ministry.package import digest
from sinks.ministry.receipts import Receiver, command_id
from sinks.ministry.simulate import StandIn
from sinks.provincial import copying, read
from sinks.provincial.rows import WRITTEN
from sinks.provincial.tables import table

AT = datetime(2019, 10, 1, tzinfo=UTC)


@pytest.fixture
def conn(settings):
    with closing(postgres.connect(settings, "test")) as connection:
        yield connection


@pytest.fixture
def sent(settings):
    """``sent(topic)``: every committed message of the topic, oldest first in each partition."""

    def read_all(topic):
        with closing(kafka.consumer(settings)) as consumer:
            return list(kafka.to_end(consumer, kafka.partitions(topic)))

    return read_all


def store(conn, school, record_type, count, version=1):
    """Rows of a version, straight into the typed table."""
    t = table(record_type)
    schema = codec.frame_schema(record_type)
    frame = pl.DataFrame({name: pl.Series([None] * count, dtype=dtype) for name, dtype in schema.items()})
    frame = frame.with_columns(ClientId=pl.Series([f"CL-{n:04}" for n in range(count)]))
    placed = frame.select(
        pl.lit(f"{school}.2019.start"),
        pl.Series("identity", [f"{record_type}-{n:04}" for n in range(count)]),
        pl.lit(version).alias("valid_from"),
        pl.lit("").alias("row_hash"),
        pl.lit("smas").alias("vendor"),
        *[pl.col(c.field) for c in t.columns],
    )
    with conn, conn.cursor() as cur:
        copying.copy_in(cur, t.name, [*WRITTEN, *(c.name for c in t.columns)], placed)


def event(conn, school, *, sequence=9, approved=None):
    """A forwarding of version 1, with the digest of its rows unless another was approved."""
    dataset_id = f"{school}.2019.start"
    with conn, conn.cursor() as cur:
        found = digest(read.version(cur, dataset_id, 1))
    return {
        "EventId": f"event-{school}-{sequence}", "CommandId": "command", "DatasetId": dataset_id,
        "MaTruongHoc": school, "NamHoc": 2019, "Period": "start", "Sequence": sequence, "PreviousHash": "p",
        "Hash": "h", "Event": "forwarded", "State": "forwarding", "Level": 1, "At": AT, "Unit": "19",
        "Role": "department_officer", "Account": "", "Version": 1, "Digest": approved or found,
        "ReasonCode": "", "ReasonText": "", "Route": ["164", "19"], "Counts": {},
    }  # fmt: skip


def write(settings, topic, *values, key=b"19164999"):
    producer = kafka.producer(settings)
    futures = [producer.send(topic, key=key, value=value) for value in values]
    producer.flush()
    for future in futures:
        future.get(timeout=0)
    producer.close()


def forward(settings, *events):
    for one in events:
        key = one["MaTruongHoc"].encode()
        write(settings, CONFIRMATION_EVENTS, codec.encode("ConfirmationEvent", one), key=key)


def wait_until(done, meanwhile=lambda: time.sleep(0.01), seconds=30):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "not done in time"
        meanwhile()


def steps_until(worker, done):
    wait_until(done, worker.step)


def states(conn):
    return {e.dataset_id: e.state for e in exports.listed(conn)}


def export_all(settings, conn, count=1):
    with closing(Exporter(settings)) as exporter:
        steps_until(exporter, lambda: len(states(conn)) >= count and "opened" not in states(conn).values())


def answer_all(settings, conn, refuse_percent=0.0):
    with closing(StandIn(settings, refuse_percent=refuse_percent, seed=0)) as stand_in:
        while stand_in.step(timeout_ms=2000):
            pass
    with closing(Receiver(settings)) as receiver:
        steps_until(receiver, lambda: "sent" not in states(conn).values())


def commands(conn):
    with conn, conn.cursor() as cur:
        cur.execute("SELECT value FROM outbox ORDER BY id")
        return [codec.decode(bytes(value))[1] for (value,) in cur.fetchall()]


def test_a_forwarded_version_goes_out_once_opened_and_closed_with_its_totals(settings, conn, sent):
    store(conn, "19164999", "LopHoc", 2)
    store(conn, "19164999", "HocSinh", 501)
    forward(settings, event(conn, "19164999"))
    export_all(settings, conn)
    messages = sent(MINISTRY_EXPORT)
    names = [codec.contract_name(m.value) for m in messages]
    assert names == ["ExportOpened", "LopHocExported", "HocSinhExported", "HocSinhExported", "ExportClosed"]
    assert {m.key for m in messages} == {b"19164999"}
    assert codec.decode(messages[-1].value)[1]["Records"] == {"LopHoc": 2, "HocSinh": 501}
    [listed] = exports.listed(conn)
    assert (listed.state, listed.records) == ("sent", 503)


@pytest.mark.parametrize(("refuse_percent", "all_accepted"), [(0, True), (30, False)])
def test_when_every_record_is_answered_the_machine_is_told_the_sums(
    settings, conn, refuse_percent, all_accepted
):
    store(conn, "19164999", "HocSinh", 40)
    forwarded = event(conn, "19164999")
    forward(settings, forwarded)
    export_all(settings, conn)
    answer_all(settings, conn, refuse_percent)
    [command] = commands(conn)
    assert command["Command"] == "record_receipts"
    assert command["Role"] == "ministry_adapter"
    assert (command["Version"], command["Digest"]) == (1, forwarded["Digest"])
    assert sum(command["Counts"].values()) == 40
    assert (command["Counts"]["refused"] == 0) is all_accepted
    made = Forwarding.of(forwarded)
    assert made is not None
    assert command["CommandId"] == command_id(made.export_id)


def test_a_version_whose_rows_were_changed_is_withheld_and_the_next_one_goes_out(settings, conn, sent):
    store(conn, "19164998", "HocSinh", 3)
    store(conn, "19164999", "HocSinh", 3)
    forward(settings, event(conn, "19164998", approved="0" * 64), event(conn, "19164999"))
    export_all(settings, conn, count=2)
    assert states(conn) == {"19164998.2019.start": "mismatch", "19164999.2019.start": "sent"}
    assert {m.key for m in sent(MINISTRY_EXPORT)} == {b"19164999"}
    [withheld] = exports.listed(conn, "mismatch")
    assert withheld.code == "EXP-001"


def test_a_withheld_export_is_tried_again_when_somebody_asks(settings, conn, sent):
    store(conn, "19164999", "HocSinh", 3)
    forwarded = event(conn, "19164999")
    with conn, conn.cursor() as cur:
        cur.execute("UPDATE hoc_sinh SET ho_ten = 'changed' WHERE identity = 'HocSinh-0001'")
    forward(settings, forwarded)
    export_all(settings, conn)
    assert not sent(MINISTRY_EXPORT)
    with conn, conn.cursor() as cur:
        cur.execute("UPDATE hoc_sinh SET ho_ten = NULL WHERE identity = 'HocSinh-0001'")
    exports.retry(conn, exports.listed(conn)[0].export_id)
    export_all(settings, conn)
    assert len(sent(MINISTRY_EXPORT)) == 3


@pytest.mark.parametrize(("sent_before", "code"), [(False, "EXP-002"), (True, "EXP-003")])
def test_only_a_withheld_export_can_be_tried_again(settings, conn, sent_before, code):
    export_id = "no-such-export"
    if sent_before:
        store(conn, "19164999", "HocSinh", 1)
        forward(settings, event(conn, "19164999"))
        export_all(settings, conn)
        export_id = exports.listed(conn)[0].export_id
    with pytest.raises(ProblemList) as refused:
        exports.retry(conn, export_id)
    assert [p.code for p in refused.value.problems] == [code]


def test_the_command_line_lists_exports_and_says_what_is_wrong(settings, conn, monkeypatch):
    store(conn, "19164999", "HocSinh", 2)
    forward(settings, event(conn, "19164999"))
    export_all(settings, conn)
    monkeypatch.setenv("CSDL_DATABASE_URL", settings.database_url.get_secret_value())
    listed = CliRunner().invoke(main, ["ministry", "exports", "--json"])
    [export] = json.loads(listed.output)
    assert (export["dataset_id"], export["state"], export["records"]) == ("19164999.2019.start", "sent", 2)
    assert "19164999.2019.start" in CliRunner().invoke(main, ["ministry", "exports"]).output
    retried = CliRunner().invoke(main, ["ministry", "retry", export["export_id"]])
    assert retried.exit_code == 1
    assert "EXP-003" in retried.stderr


def test_an_event_that_comes_twice_is_exported_once(settings, conn, sent):
    store(conn, "19164999", "HocSinh", 2)
    forward(settings, *[event(conn, "19164999")] * 2)
    export_all(settings, conn)
    assert len(sent(MINISTRY_EXPORT)) == 3


def test_a_version_that_is_forwarded_again_is_answered_again(settings, conn):
    store(conn, "19164999", "HocSinh", 2)
    forward(settings, event(conn, "19164999", sequence=9))
    export_all(settings, conn)
    answer_all(settings, conn, refuse_percent=100)
    forward(settings, event(conn, "19164999", sequence=15))
    export_all(settings, conn, count=1)
    with closing(Exporter(settings)) as exporter:
        steps_until(
            exporter, lambda: len(exports.listed(conn)) == 2 and "opened" not in states(conn).values()
        )
    answer_all(settings, conn, refuse_percent=0)
    assert [c["Counts"] for c in commands(conn)] == [
        {"accepted": 0, "refused": 2},
        {"accepted": 2, "refused": 0},
    ]


def test_an_export_that_was_cut_off_is_sent_again_with_the_same_bytes(settings, conn, sent):
    store(conn, "19164999", "HocSinh", 501)
    forward(settings, event(conn, "19164999"))
    export_all(settings, conn)
    with conn, conn.cursor() as cur:  # as if it had been killed between Kafka and the last UPDATE
        cur.execute("UPDATE ministry_export SET state = 'opened', sent_at = NULL")
    export_all(settings, conn)
    values = [m.value for m in sent(MINISTRY_EXPORT)]
    assert values[: len(values) // 2] == values[len(values) // 2 :]
    answer_all(settings, conn)
    assert [c["Counts"] for c in commands(conn)] == [{"accepted": 501, "refused": 0}]


def test_an_exporter_killed_in_the_middle_leaves_no_half_export(settings, conn, sent, run_process):
    schools = [f"191649{n:02}" for n in range(60, 90)]
    for school in schools:
        store(conn, school, "HocSinh", 600)
    forward(settings, *[event(conn, school) for school in schools])

    def done():
        return sum(state == "sent" for state in states(conn).values())

    for _ in range(3):
        enough = min(done() + 5, len(schools))
        with run_process("export", settings) as process:
            wait_until(lambda: done() >= enough or process.popen.poll() is not None)  # noqa: B023
            assert process.popen.poll() is None, process.log.read_text()
            process.popen.kill()
            process.popen.wait()
    export_all(settings, conn, count=len(schools))
    assert set(states(conn).values()) == {"sent"}
    whole = ["ExportOpened", "HocSinhExported", "HocSinhExported", "ExportClosed"]
    by_school = defaultdict(list)
    for message in sent(MINISTRY_EXPORT):
        by_school[message.key].append(message.value)
    assert len(by_school) == len(schools)
    for values in by_school.values():
        runs = [values[i : i + 4] for i in range(0, len(values), 4)]
        assert [codec.contract_name(v) for v in runs[0]] == whole
        assert all(run == runs[0] for run in runs)


def receipt(export_id, record_id, code=ACCEPTED):
    record = {
        "ExportId": export_id, "DatasetId": "19164999.2019.start", "MaTruongHoc": "19164999", "NamHoc": 2019,
        "Period": "start", "Chunk": 0, "RecordType": "HocSinh", "Receipts": [{"Id": record_id, "Code": code}],
    }  # fmt: skip
    return codec.encode("MinistryReceipts", record)


def known_ids(conn):
    with conn, conn.cursor() as cur:
        cur.execute("SELECT export_id, record_id FROM ministry_export_record ORDER BY identity")
        return cur.fetchall()


def test_receipts_that_fit_nothing_are_put_aside_and_the_others_count(settings, conn, sent):
    store(conn, "19164999", "HocSinh", 2)
    forward(settings, event(conn, "19164999"))
    export_all(settings, conn)
    (export_id, first), (_, second) = known_ids(conn)
    write(
        settings,
        MINISTRY_RECEIPTS,
        receipt("no-such-export", first),
        receipt(export_id, "no-such-record"),
        receipt(export_id, first, code=" "),
        b"no receipt at all",
        codec.encode("ConfirmationEvent", event(conn, "19164999")),
        receipt(export_id, first),
        receipt(export_id, first, code="MA_HOC_SINH"),
        receipt(export_id, second, code="MA_HOC_SINH_001"),
    )
    with closing(Receiver(settings)) as receiver:
        steps_until(receiver, lambda: "answered" in states(conn).values())
    with conn, conn.cursor() as cur:
        cur.execute("SELECT code FROM ministry_receipt_aside ORDER BY source_offset")
        assert [code for (code,) in cur.fetchall()] == ["RCP-001", "RCP-002", "RCP-003"]
        cur.execute("SELECT code FROM ministry_receipt ORDER BY code")
        assert [code for (code,) in cur.fetchall()] == [ACCEPTED, "MA_HOC_SINH_001"]
    letters = sent(dlq(MINISTRY_RECEIPTS))
    assert letters[0].value == b"no receipt at all"
    assert [dict(m.headers)["error-code"] for m in letters] == [b"AVRO-001", b"RCP-004"]
    assert [c["Counts"] for c in commands(conn)] == [{"accepted": 1, "refused": 1}]


def test_receipts_that_come_again_tell_the_machine_nothing_new(settings, conn):
    store(conn, "19164999", "HocSinh", 2)
    forward(settings, event(conn, "19164999"))
    export_all(settings, conn)
    answer_all(settings, conn)
    for export_id, record_id in known_ids(conn):
        write(settings, MINISTRY_RECEIPTS, receipt(export_id, record_id))
    with closing(Receiver(settings)) as receiver:
        for _ in range(3):
            receiver.step()
    assert len(commands(conn)) == 1
