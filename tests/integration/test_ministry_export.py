"""What was forwarded goes to the Ministry once, whole and as it was approved: real Kafka, real PostgreSQL."""

import json
from collections import defaultdict
from contextlib import closing, suppress

import pytest
from click.testing import CliRunner
from kafka import KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from cli.main import main
from readings import exports
from runtime import kafka
from schemas.encoding import codec
from schemas.errors import ProblemList
from schemas.topics import MINISTRY_EXPORT
from sinks.ministry.export import process
from sinks.ministry.export.package import digest, package
from sinks.ministry.export.process import Exporter
from sinks.ministry.export.retry import retry
from sinks.provincial.records import read
from tests.conftest import delete_topics
from tests.integration.ministry_road import (
    answer_all,
    commands,
    event,
    export_all,
    forward,
    forward_two,
    states,
    store,
    version_row,
)
from tests.support import wait_until


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
    retry(conn, exports.listed(conn)[0].export_id)
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
        retry(conn, export_id)
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
            process.wait_until(lambda: done() >= enough)  # noqa: B023
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


def test_what_was_approved_by_the_first_digest_rule_is_exported_by_it(settings, conn, sent):
    """A new rule for digests must not hold back what officers have approved."""
    school = "19164999"
    store(conn, school, "HocSinh", 3)
    dataset = f"{school}.2019.start"
    with conn, conn.cursor() as cur:
        by_rule_1 = digest(dataset, 1, read.version(cur, dataset, 1), rule=1)
    version_row(conn, school, rule=1)
    forward(settings, event(conn, school, approved=by_rule_1))
    export_all(settings, conn)
    assert states(conn) == {dataset: "sent"}
    assert len(sent(MINISTRY_EXPORT)) == 3


def test_a_forwarded_version_with_blocking_findings_is_withheld_and_the_others_go_out(settings, conn, sent):
    """The log may be older than the tables, or another's: what was found is looked at once more."""
    for school, blocking in (("19164998", 1), ("19164999", 0)):
        store(conn, school, "HocSinh", 1)
        version_row(conn, school, blocking=blocking)
        forward(settings, event(conn, school))
    export_all(settings, conn, count=2)
    assert states(conn) == {"19164998.2019.start": "mismatch", "19164999.2019.start": "sent"}
    assert {m.key for m in sent(MINISTRY_EXPORT)} == {b"19164999"}
    assert [e.code for e in exports.listed(conn, "mismatch")] == ["EXP-004"]


def test_what_load_and_check_have_yet_to_bring_is_waited_for_and_the_others_go_out(
    settings, conn, sent, caplog
):
    """An older PostgreSQL was restored: its exporter may be at a forwarding before load is at its records."""
    early, unchecked, there = "19164997", "19164998", "19164999"
    store(conn, early, "HocSinh", 3, checked=None)
    store(conn, unchecked, "HocSinh", 3, checked=False)
    store(conn, there, "HocSinh", 3)
    forward(settings, *[event(conn, school) for school in (early, unchecked, there)])

    def waits():
        return {e.dataset_id[:8] for e in exports.listed(conn, "opened") if e.code == "EXP-008"}

    def went_out():
        return {m.key.decode() for m in sent(MINISTRY_EXPORT)}

    with Exporter(settings) as exporter:
        wait_until(lambda: waits() == {early, unchecked} and went_out() == {there}, exporter.step)
        version_row(conn, early, checked=False)
        version_row(conn, unchecked)
        wait_until(lambda: went_out() == {there, unchecked}, exporter.step)
        assert waits() == {early}
        version_row(conn, early)
        wait_until(lambda: went_out() == {there, unchecked, early}, exporter.step)
    assert [(e.state, e.code) for e in exports.listed(conn)] == [("sent", "")] * 3
    said = [record.getMessage() for record in caplog.records if "EXP-008" in record.getMessage()]
    assert len(said) == 2, "each is told of once"


def test_what_waits_is_waited_for_by_the_next_process_too(settings, conn, sent):
    store(conn, "19164999", "HocSinh", 1, checked=False)
    forward(settings, event(conn, "19164999"))
    with Exporter(settings) as exporter:
        wait_until(lambda: [e.code for e in exports.listed(conn)] == ["EXP-008"], exporter.step)
    version_row(conn, "19164999")
    export_all(settings, conn)
    assert len(sent(MINISTRY_EXPORT)) == 3


def test_a_version_that_came_late_and_differs_from_what_was_approved_is_withheld(settings, conn, sent):
    store(conn, "19164999", "HocSinh", 1, checked=False)
    forward(settings, event(conn, "19164999", approved="0" * 64))
    with Exporter(settings) as exporter:
        wait_until(lambda: [e.code for e in exports.listed(conn)] == ["EXP-008"], exporter.step)
    version_row(conn, "19164999")
    export_all(settings, conn)
    assert [(e.state, e.code) for e in exports.listed(conn)] == [("mismatch", "EXP-001")]
    assert not sent(MINISTRY_EXPORT)


class Refused:
    """A message's future to which Kafka said no."""

    def __init__(self, fault):
        self.fault = fault

    def get(self, timeout):
        raise self.fault


def refuse_messages_of(monkeypatch, school, fault):
    """Kafka's answer to one school's chunks, found when the message's future is asked."""
    send = KafkaProducer.send

    def sends(self, topic, value=None, key=None, **more):
        future = send(self, topic, value=value, key=key, **more)
        if topic != MINISTRY_EXPORT or key != school.encode():
            return future
        return Refused(fault)

    monkeypatch.setattr(KafkaProducer, "send", sends)


def test_an_export_is_committed_only_when_kafka_has_taken_every_message(settings, conn, sent, monkeypatch):
    forward_two(settings, conn)
    refuse_messages_of(monkeypatch, "19164998", MessageSizeTooLargeError("refused"))
    export_all(settings, conn, count=2)
    assert states(conn) == {"19164998.2019.start": "mismatch", "19164999.2019.start": "sent"}
    assert {m.key for m in sent(MINISTRY_EXPORT)} == {b"19164999"}
    assert [e.code for e in exports.listed(conn, "mismatch")] == ["EXP-005"]


def test_an_export_that_its_topic_does_not_take_is_withheld_and_the_others_go_out(settings, conn, sent):
    """Kafka's own answer: somebody has lowered the topic's limit. What was sent of it nobody reads."""
    store(conn, "19164998", "HocSinh", 1000)
    store(conn, "19164999", "HocSinh", 1)
    with closing(kafka.admin(settings)) as admin:
        lower = ConfigResource(ConfigResourceType.TOPIC, MINISTRY_EXPORT, {"max.message.bytes": "5000"})
        admin.alter_configs([lower], incremental=True)
        forward(settings, event(conn, "19164998"), event(conn, "19164999"))
        export_all(settings, conn, count=2)
        assert states(conn) == {"19164998.2019.start": "mismatch", "19164999.2019.start": "sent"}
        assert {m.key for m in sent(MINISTRY_EXPORT)} == {b"19164999"}
        assert [e.code for e in exports.listed(conn, "mismatch")] == ["EXP-005"]
        delete_topics(admin, {MINISTRY_EXPORT})


def test_an_export_that_cannot_be_packed_is_withheld_and_the_others_go_out(settings, conn, sent, monkeypatch):
    forward_two(settings, conn)

    def packs(forwarding, rows):
        if forwarding.school == "19164998":
            raise ValueError("a value of a person")
        return package(forwarding, rows)

    monkeypatch.setattr(process, "package", packs)
    export_all(settings, conn, count=2)
    assert states(conn) == {"19164998.2019.start": "mismatch", "19164999.2019.start": "sent"}
    assert [e.code for e in exports.listed(conn, "mismatch")] == ["EXP-006"]


def test_an_export_that_ends_the_process_again_and_again_is_set_aside(settings, conn, sent, monkeypatch):
    """As a kill for want of memory does: no exception is caught, only that it was begun is known."""
    forward_two(settings, conn)

    def dies(self, forwarding):
        if forwarding.school == "19164998":
            raise SystemExit(9)
        return sends(self, forwarding)

    sends = Exporter._send
    monkeypatch.setattr(Exporter, "_send", dies)
    lives = 0
    while states(conn).get("19164999.2019.start") != "sent":
        lives += 1
        assert lives < 10
        with suppress(SystemExit):
            export_all(settings, conn, count=2)
    assert lives == process.ATTEMPTS + 1
    assert [e.code for e in exports.listed(conn, "mismatch")] == ["EXP-007"]
    retry(conn, exports.listed(conn, "mismatch")[0].export_id)
    monkeypatch.setattr(Exporter, "_send", sends)
    export_all(settings, conn, count=2)
    assert set(states(conn).values()) == {"sent"}


def test_a_server_that_is_away_is_no_fault_of_the_export(settings, conn, sent, monkeypatch):
    store(conn, "19164999", "HocSinh", 1)
    forward(settings, event(conn, "19164999"))
    with monkeypatch.context() as broken:
        refuse_messages_of(broken, "19164999", KafkaTimeoutError("away"))
        for _ in range(process.ATTEMPTS + 1):
            with pytest.raises(KafkaTimeoutError):
                export_all(settings, conn)
    export_all(settings, conn)
    assert set(states(conn).values()) == {"sent"}
    assert len(sent(MINISTRY_EXPORT)) == 3
