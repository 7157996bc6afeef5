"""Every process that holds what others made large stays within the memory that the table of processes states.

Each is fed the largest push that the settings allow. A process that outgrew its bound would be killed where
something keeps bounds (compose, systemd), again and again by the same push.
"""

from base64 import b64encode
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from deploy.processes import TABLE
from runtime import kafka
from schemas.encoding import codec, columnar
from schemas.topics import CONFIRMATION_EVENTS, MINISTRY_EXPORT, RECORDS_ACCEPTED, in_topic
from tests import pushed
from tests.chained import chained
from tests.integration.test_validation import REGISTER, grant, row
from tests.organisation import put_units
from tests.pushed import SCHOOL, chunk, pupil

PORTRAIT = 15_000
LARGE_CHUNKS = 40
"""Characters of every twentieth pupil's."""

LARGEST_PORTRAIT = 1_400_000
"""Characters that the contract allows."""

DATASET = f"{SCHOOL}.2019.start"


def largest(settings):
    """Chunks of the largest push but for one chunk, and its closing."""
    left, number, first = settings.push_max_mb * 1024 * 1024, 0, 0
    while True:
        rows = [pupil(first + n, **({} if n % 20 else {"AnhChanDung": "A" * PORTRAIT})) for n in range(500)]
        value = chunk("HocSinh", [FULL | row for row in rows], number=number)
        if len(value) > left:
            yield pushed.closing({"HocSinh": first}, chunks=number)
            return
        yield value
        left, number, first = left - len(value), number + 1, first + 500


_OWN = ("ClientId", "HoTen", "AnhChanDung")
FULL = {
    name: "x" * 12
    for name, dtype in columnar.frame_schema("HocSinh").items()
    if str(dtype) == "String" and name not in _OWN and not name.startswith("Ma")
}


def send(settings, topic, values):
    producer = kafka.producer(settings)
    sent = [producer.send(topic, value, SCHOOL.encode()) for value in values]
    producer.flush()
    for future in sent:
        future.get(timeout=0)
    producer.close()


def within_bound(process):
    """Its peak is below what is stated of it."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) // 1024
    bound = {declared.name: declared.memory_mb for declared in TABLE}[process.name]
    return peak <= bound


@pytest.mark.slow
def test_the_largest_push_is_loaded_checked_and_exported_within_the_stated_memory(
    settings, conn, sent, run_process
):
    def ask(query):
        with conn, conn.cursor() as cur:
            cur.execute(query)
            return cur.fetchall()

    send(settings, RECORDS_ACCEPTED, largest(settings))
    with run_process("load", settings) as load:
        load.wait_until(lambda: ask("SELECT outcome FROM push") == [("version",)])
        assert within_bound(load)
    with run_process("check", settings) as check:
        check.wait_until(lambda: ask("SELECT 1 FROM version WHERE checked_at IS NOT NULL"))
        assert within_bound(check)
    [(digest,)] = ask("SELECT digest FROM version")
    conn.cursor().execute("UPDATE version SET blocking = 0")
    conn.cursor().execute("DELETE FROM finding")
    conn.commit()
    event = chained(None, DatasetId=DATASET, MaTruongHoc=SCHOOL, Event="forwarded", Digest=digest)
    send(settings, CONFIRMATION_EVENTS, [codec.encode("ConfirmationEvent", event)])
    with run_process("export", settings) as export:
        export.wait_until(lambda: ask("SELECT 1 FROM ministry_export WHERE state <> 'opened'"))
        assert ask("SELECT state, code FROM ministry_export") == [("sent", "")]
        assert within_bound(export)
    assert codec.contract_name(sent(MINISTRY_EXPORT)[-1].value) == "ExportClosed"


@pytest.mark.slow
def test_the_largest_chunks_are_judged_within_the_stated_memory(topics, run_process):
    """Portraits as large as they may be, and more chunks of them than are judged at once."""
    register = topics.data_dir / "register.csv"
    register.write_text(REGISTER + row(SCHOOL), encoding="utf-8")
    settings = put_units(topics.model_copy(update={"register_file": register}))
    grant(settings, "smas", SCHOOL)
    portrait = b64encode(Random(1).randbytes(LARGEST_PORTRAIT * 3 // 4)).decode()
    chunks = (
        chunk("HocSinh", [pupil(n, AnhChanDung=portrait), pupil(n + 1, AnhChanDung=portrait)], number=n)
        for n in range(LARGE_CHUNKS)
    )
    send(settings, in_topic("smas"), chunks)
    with run_process("validation", settings) as validation, closing(kafka.consumer(settings)) as consumer:
        ends = kafka.partitions(RECORDS_ACCEPTED)
        validation.wait_until(lambda: sum(consumer.end_offsets(ends).values()) == LARGE_CHUNKS)
        assert within_bound(validation)
