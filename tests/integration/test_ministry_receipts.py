"""The Ministry answers record by record, and the confirmation machine is told the sums."""

import pytest

from readings import exports
from schemas.encoding import codec
from schemas.topics import MINISTRY_RECEIPTS, dlq
from sinks.ministry.export.forwarding import export_id
from sinks.ministry.export.package import record_ids
from sinks.ministry.export.process import Exporter
from sinks.ministry.receipt_codes import ACCEPTED
from sinks.ministry.receipts.process import Receiver, command_id
from tests.integration.ministry_road import (
    answer_all,
    commands,
    event,
    export_all,
    forward,
    states,
    store,
    write,
)
from tests.support import wait_until


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
    made = export_id(forwarded["DatasetId"], 1, forwarded["Sequence"])
    assert (command["ExportId"], command["Sequence"]) == (made, forwarded["Sequence"])
    assert command["CommandId"] == command_id(made)


def test_a_version_that_is_forwarded_again_is_answered_again(settings, conn):
    store(conn, "19164999", "HocSinh", 2)
    first = event(conn, "19164999")
    forward(settings, first)
    export_all(settings, conn)
    answer_all(settings, conn, refuse_percent=100)
    forward(settings, event(conn, "19164999", after=first))
    export_all(settings, conn, count=1)
    with Exporter(settings) as exporter:
        wait_until(
            lambda: len(exports.listed(conn)) == 2 and "opened" not in states(conn).values(), exporter.step
        )
    answer_all(settings, conn, refuse_percent=0)
    assert [(c["Sequence"], c["Counts"]) for c in commands(conn)] == [
        (1, {"accepted": 0, "refused": 2}),
        (2, {"accepted": 2, "refused": 0}),
    ]


def receipt(export, record_id, code=ACCEPTED):
    record = {
        "ExportId": export, "DatasetId": "19164999.2019.start", "MaTruongHoc": "19164999", "NamHoc": 2019,
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
    (export, first), (_, second) = known_ids(conn)
    write(
        settings,
        MINISTRY_RECEIPTS,
        receipt("no-such-export", first),
        receipt(export, "no-such-record"),
        receipt(export, first, code=" "),
        receipt(export, f"{first}\0"),
        receipt(f"{export}\0", first),
        receipt(export, "x" * 10_000),
        b"no receipt at all",
        codec.encode("ConfirmationEvent", event(conn, "19164999")),
        receipt(export, first),
        receipt(export, first, code="MA_HOC_SINH"),
        receipt(export, second, code="MA_HOC_SINH_001"),
    )
    with Receiver(settings) as receiver:
        wait_until(lambda: "answered" in states(conn).values(), receiver.step)
    with conn, conn.cursor() as cur:
        cur.execute("SELECT code FROM ministry_receipt_aside ORDER BY source_offset")
        assert [code for (code,) in cur.fetchall()] == [
            *("RCP-001", "RCP-002", "RCP-003", "RCP-002", "RCP-001", "RCP-002")
        ]
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
    for export, record_id in known_ids(conn):
        write(settings, MINISTRY_RECEIPTS, receipt(export, record_id))
    with Receiver(settings) as receiver:
        for _ in range(3):
            receiver.step()
    assert len(commands(conn)) == 1


def test_receipts_that_came_before_their_export_count_once_it_is_there(settings, conn):
    """An older database was restored: the topic holds the Ministry's answers, the export comes once more."""
    store(conn, "19164999", "HocSinh", 2)
    forwarded = event(conn, "19164999")
    made = export_id(forwarded["DatasetId"], 1, forwarded["Sequence"])
    ids = record_ids(made, "HocSinh", ["HocSinh-0000", "HocSinh-0001"])
    write(settings, MINISTRY_RECEIPTS, receipt(made, ids[0]), receipt(made, ids[1], code="MA_LOP"))
    write(settings, MINISTRY_RECEIPTS, receipt(made, "no-such-record"))

    def aside():
        with conn, conn.cursor() as cur:
            cur.execute("SELECT count(*) FROM ministry_receipt_aside")
            return cur.fetchone()[0]

    with Receiver(settings) as receiver:
        wait_until(lambda: aside() == 3, receiver.step)
        assert not commands(conn)
        forward(settings, forwarded)
        export_all(settings, conn)
        wait_until(lambda: "answered" in states(conn).values(), receiver.step)
    assert aside() == 1
    assert [c["Counts"] for c in commands(conn)] == [{"accepted": 1, "refused": 1}]
