"""An insider with every right cuts, drops or rebuilds chains: found against the checkpoints, and counted."""

import re
import shutil
from contextlib import closing, suppress

import pytest

from access.audit import AuditEvent, Kind, record
from deploy.grafana.dashboard import REFUSALS
from doctor import checkpoints
from runtime import kafka, postgres
from runtime.topic_admin import ensure_topics
from schemas.encoding import codec
from schemas.errors import ProblemList
from schemas.topics import CONFIRMATION_EVENTS, CONFIRMATION_REFUSALS
from sinks.checkpoints import audit, folder
from tests.chained import chain_of
from tests.conftest import delete_topics
from tests.integration.command_line import csdl
from tests.support import wait_until

A, B = "19164999.2019.start", "19164998.2019.start"
ROAD = chain_of("opened", "version_checked", "submitted", "claimed", "confirmed")
OTHER = chain_of("opened", "version_checked", DatasetId=B, MaTruongHoc="19164998")


C = "19164997.2019.start"
OF_C = {"DatasetId": C, "MaTruongHoc": "19164997"}
THIRD = chain_of("opened", "version_checked", "submitted", **OF_C)
REBUILT = chain_of("opened", "version_checked", "returned", "submitted", **OF_C, Account="another")


def write(settings, *records):
    with closing(kafka.producer(settings)) as producer:
        for record in records:
            key = record["MaTruongHoc"].encode()
            producer.send(CONFIRMATION_EVENTS, codec.encode("ConfirmationEvent", record), key=key)
        producer.flush()


def refuse(settings, number):
    with closing(kafka.producer(settings)) as producer:
        for n in range(number):
            producer.send(CONFIRMATION_REFUSALS, f"refusal {n}".encode(), key=b"19164999")
        producer.flush()


def made_anew(settings, *records):
    """The topic, by an insider who may do everything: deleted, made again, with these events."""
    with closing(kafka.admin(settings)) as admin:
        delete_topics(admin, {CONFIRMATION_EVENTS})
        ensure_topics(settings)
    wait_until(lambda: try_to_write(settings, records))


def try_to_write(settings, records):
    write(settings, *records)
    return True


def verify(settings, *more):
    code, answer = csdl(settings, "audit", "verify", *more)
    return [(f["code"], f["subject"], f["first"], f["last"]) for f in answer["findings"]], code, answer


@pytest.fixture
def sealed_log(settings, run_process):
    """A log, its checkpoints of a running process that has stopped since."""
    ours = settings.model_copy(update={"checkpoint_every_s": 0.1})
    with run_process("checkpoints", ours) as process:
        write(ours, *ROAD[:2], *OTHER, *THIRD)
        refuse(ours, 10)
        process.wait_until(lambda: sealed(ours) == {A: 2, B: 2, C: 3})
        put_on_record(ours, *"abcd")
        process.wait_until(lambda: acts(ours) == 4)
        write(ours, *ROAD[2:])
        process.wait_until(lambda: sealed(ours) == {A: 5, B: 2, C: 3})
        process.wait_until(lambda: refusals(ours) == 10)
        assert "csdl_checkpoint_age_seconds" in process.metrics()
    return ours


def row_of(settings):
    with suppress(ProblemList):  # there is none yet
        return audit.read_row(settings, settings.checkpoints_dir)[0]
    return None


def sealed(settings):
    row = row_of(settings)
    return {s: h.sequence for s, h in row.state.heads[CONFIRMATION_EVENTS].items()} if row else None


def refusals(settings):
    row = row_of(settings)
    return sum(h.sequence for h in row.state.heads[CONFIRMATION_REFUSALS].values()) if row else None


def put_on_record(settings, *names):
    """Acts at the access service."""
    with closing(postgres.connect(settings)) as conn:
        for name in names:
            record(conn, [AuditEvent(Kind.REFUSED, account=name, act="claim", subject=A, code="ACC-035")])


def acts(settings):
    row = row_of(settings)
    return sum(h.sequence for h in row.state.heads["audit_event"].values()) if row else None


def test_an_insider_who_cuts_drops_or_rebuilds_a_chain_is_found(sealed_log, tmp_path, run_process):
    copy = tmp_path / "another machine's"
    shutil.copytree(sealed_log.checkpoints_dir, copy)
    found, code, answer = verify(sealed_log)
    assert (found, code) == ([], 0)
    assert (answer["chains"], answer["events"], answer["refusals"]) == (3, 10, 10)
    assert answer["unsealed"] == {"number": 0, "since": None}
    with closing(postgres.connect(sealed_log)) as conn, conn, conn.cursor() as cur:
        cur.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_event_stays")
        cur.execute("DELETE FROM audit_event WHERE account = 'b'")
    made_anew(sealed_log, *ROAD[:3], *REBUILT)
    found, code, _ = verify(sealed_log, "--checkpoints", str(copy))
    assert code == 1
    assert [f for f in found if f[0] != "AUD-017"] == [
        ("AUD-011", A, 4, 5),
        ("AUD-012", B, 1, 2),
        ("AUD-013", C, 1, 3),
        ("AUD-019", "0", 0, 4),
    ]
    with run_process("checkpoints", sealed_log, wait=False) as process:
        process.wait_until(lambda: "AUD-017" in process.log.read_text(encoding="utf-8"))
        assert not process.is_ready(), "nothing is signed of another log"
        assert re.search(r'csdl_audit_findings\{rule="AUD-017"\} [1-9]', process.metrics())
        assert any("csdl_audit_findings" in expression for _, expression, _ in REFUSALS)
        last = folder.numbers(sealed_log.checkpoints_dir)[-1]
        code, answer = csdl(sealed_log, "audit", "accept", "--reason", "restored")
        assert (code, answer["checkpoint"]) == (0, last + 1)
        process.wait_until(process.is_ready)
        process.wait_until(lambda: 'csdl_audit_findings{rule="AUD-017"} 0.0' in process.metrics())
    found, code, answer = verify(sealed_log)
    assert (found, code) == ([], 0)
    assert [each["reason"] for each in answer["accepted"]] == ["restored"]


def test_a_row_without_checkpoints_or_with_another_key_is_told(sealed_log, tmp_path):
    code, answer = csdl(sealed_log, "audit", "verify", "--checkpoints", str(tmp_path / "none"))
    assert (code, answer["problems"][0]["code"]) == (1, "AUD-001")
    assert list(checkpoints.section(sealed_log)) == []
    sealed_log.checkpoint_key_file.unlink()
    with pytest.raises(ProblemList, match="AUD-022"):
        list(checkpoints.section(sealed_log))
