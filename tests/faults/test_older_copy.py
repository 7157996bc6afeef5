"""An older copy of Kafka's or of PostgreSQL's folder is put in place of the newer, and the stack started.

Older Kafka: who is ahead of it says so and waits, until the newer one is back. Older PostgreSQL: all is read
again from its own positions, until the tables are as they were.
"""

import shutil
import subprocess
import time
from contextlib import closing

import pytest

from access import confirmation_acts as confirmation
from access import grant_acts as grants
from demo.ledger import Ledger
from deploy.local import stack as local
from deploy.local.layout import SERVERS, Stack
from producers.client import PushClient
from producers.synthetic.write import write_register
from readings import exports
from runtime import kafka, postgres
from schemas.contracts.contracts import record_types
from schemas.datasets import dataset_id
from schemas.encoding import codec
from schemas.topics import (
    CONFIRMATION_EVENTS,
    CONFIRMATION_REFUSALS,
    GRANTS_EVENTS,
    GRANTS_REFUSALS,
    MINISTRY_EXPORT,
    RECORDS_ACCEPTED,
)
from sinks.provincial.records import read
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.grants.commands import Act
from streams.grants.machine import MACHINE as GRANTS
from streams.machines import topic_log
from streams.machines.commands_client import CommandsClient
from tests import support
from tests.faults import inputs, road
from tests.faults.inputs import KIND, YEAR
from tests.faults.office import usual_command
from tests.integration.command_line import csdl

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(600)]

WORK = (*road.PROCESSES, "feed")
"""Whose work is compared. Beside an older Kafka all the others run, too."""

AHEAD = {"load", "projection", "export", "feed"}
"""Who has done more than the older Kafka knows of, and keeps where it stands in PostgreSQL."""

SAYS = dict.fromkeys(AHEAD, "POS-003") | {"checkpoints": "AUD-017"}
"""What each that waits says: who signs has sealed more than the older Kafka has."""

SAID = (
    RECORDS_ACCEPTED,
    GRANTS_EVENTS,
    GRANTS_REFUSALS,
    CONFIRMATION_EVENTS,
    CONFIRMATION_REFUSALS,
    MINISTRY_EXPORT,
)
"""What was judged, decided, exported."""

READ_MODEL = {
    "dataset": "SELECT dataset_id, version FROM dataset ORDER BY 1",
    "version": "SELECT dataset_id, version, digest, checked_at IS NOT NULL FROM version ORDER BY 1, 2",
    "push": "SELECT push_id, outcome, version FROM push ORDER BY 1",
    "events": "SELECT dataset_id, sequence, hash FROM confirmation_event ORDER BY 1, 2",
    "chains": "SELECT reader, subject, sequence, hash FROM chain_position ORDER BY 1, 2",
    "outcomes": "SELECT command_id FROM command_outcome ORDER BY 1",
    "exports": "SELECT export_id, state, digest_found, records FROM ministry_export ORDER BY 1",
    "feed": "SELECT event_id, vendor, push_id, kind FROM push_event ORDER BY 1",
    "records of exports": "SELECT export_id, record_id, identity FROM ministry_export_record ORDER BY 1, 2",
}
"""All but the times at which it was written."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A stack that stands still, its tables, its topics. Its folders were copied before its last work."""
    it = Stack(tmp_path_factory.mktemp("older") / "stack", support.free_port_base())
    it.data_dir.mkdir(parents=True)
    first, second = inputs.schools(1, 2)
    write_register(support.everybody(it).register_file, [first, second])
    try:
        local.up(it, processes=WORK)
        begin(support.everybody(it), first)
        confirm(support.everybody(it), first, "submitted")
        local.down(it)
        for folder in (it.kafka_dir, it.postgres_dir):
            copy(folder, older(folder))
        local.up(it, processes=WORK)
        begin(support.everybody(it), second)
        for plan in (first, second):
            confirm(support.everybody(it), plan, "forwarding")
        exported(support.everybody(it), 2)
        support.wait_until(lambda: is_projected(support.everybody(it)))
        tables, topics = read_model(support.everybody(it)), said(support.everybody(it))
        local.down(it)
        yield it, tables, topics
    finally:
        local.down(it, delete=True)


@pytest.fixture
def running(kept):
    """It stands still again at the end."""
    yield kept
    local.down(kept[0])


def test_an_older_kafka_is_said_and_nothing_goes_on_until_the_newer_is_back(running):
    it, tables, _ = running
    settings = support.everybody(it)
    newer = it.data_dir / "kafka.newer"
    it.kafka_dir.rename(newer)
    copy(older(it.kafka_dir), it.kafka_dir)
    local.up(it, wait=False)
    support.wait_until(
        lambda: unready(it) >= set(SAYS) and all(code in log(it, name) for name, code in SAYS.items()),
        seen=lambda: (unready(it), {name: log(it, name) for name in SAYS}),
    )
    support.each_is_ready(it, {*SERVERS, *it.processes} - set(SAYS))
    before = said(settings)
    assert before[MINISTRY_EXPORT] == []
    assert read_model(settings) == tables

    code, found = csdl(settings, "positions", "show")
    assert (code, {(one["reader"], one["code"]) for one in found if one["code"]}) == (
        1,
        {(name, "POS-003") for name in AHEAD},
    )
    code, wrong = examined(settings)
    assert (code, wrong) == (1, {("positions", "POS-003"), ("chains", "DOC-001")})
    code, verified = csdl(settings, "confirmation", "verify")
    assert (code, {one["fault"] for one in verified["unlike_read"]}) == (1, {"lost"})
    assert (said(settings), read_model(settings)) == (before, tables)
    assert unready(it) >= set(SAYS)

    local.down(it)
    shutil.rmtree(it.kafka_dir)
    newer.rename(it.kafka_dir)
    local.up(it, processes=WORK)
    assert csdl(settings, "confirmation", "verify")[0] == 0
    assert examined(settings) == (0, set())
    assert read_model(settings) == tables


def test_an_older_postgres_reads_again_what_it_lacks_and_nothing_is_there_twice(running):
    it, tables, before = running
    settings = support.everybody(it)
    shutil.rmtree(it.postgres_dir)
    older(it.postgres_dir).rename(it.postgres_dir)
    local.up(it, processes=WORK)
    all_is_read_again(settings, tables, before)


def all_is_read_again(settings, tables, before):
    """Wait until an older PostgreSQL has what these tables had, by topics that had said so much."""
    # The exporter may be at a forwarding before load is at its records: it waits for them, and nobody helps.
    exported(settings, 2)
    support.wait_until(lambda: read_model(settings) == tables, seen=lambda: (read_model(settings), tables))
    after = said(settings)
    # An export that the tables do not know of goes out again, the same to the byte under the same ids: once,
    # for its readers.
    assert set(after[MINISTRY_EXPORT]) == set(before[MINISTRY_EXPORT])
    assert {**after, MINISTRY_EXPORT: before[MINISTRY_EXPORT]} == before
    assert examined(settings) == (0, set())
    assert csdl(settings, "confirmation", "verify")[0] == 0


def older(folder):
    return folder.with_name(f"{folder.name}.older")


def copy(folder, to):
    """With owners and times, as a copy is made that shall be put back."""
    subprocess.run(["cp", "-a", str(folder), str(to)], check=True)


def begin(settings, plan):
    """Granted, opened, pushed."""
    with CommandsClient(GRANTS, settings) as client:
        client.send(grants.grant(Act.ALLOW, "smas", plan.code, unit="19", account="test"))
    with CommandsClient(CONFIRMATION, settings) as client:
        client.send(confirmation.opening(dataset_id(plan.code, YEAR, KIND), ("19",), account="test"))
    with PushClient(settings, "smas", chunk=25) as client:
        sending = inputs.sendings(plan, 1)[0]
        client.push(plan.code, YEAR, KIND, sending.tables(), sending.push_id)


def confirm(settings, plan, until):
    """One usual act after the other, until the dataset is so far."""
    dataset = dataset_id(plan.code, YEAR, KIND)
    acted = set()
    with Ledger(settings) as ledger, CommandsClient(CONFIRMATION, settings) as client:

        def act():
            ledger.poll()
            state = ledger.states.get(dataset)
            if state is None or state.state == until or state.sequence in acted:
                return
            if command := usual_command(state):
                acted.add(state.sequence)
                assert client.send(command).code == ""

        support.wait_until(lambda: ledger.states[dataset].state == until, act, lambda: ledger.states)


def exported(settings, count):
    """Wait until so many exports are sent; none may be withheld meanwhile."""
    with closing(postgres.connect(settings, "test")) as conn:

        def states():
            return [one.state for one in exports.listed(conn)]

        def none_is_withheld():
            assert "mismatch" not in states()
            time.sleep(0.05)

        support.wait_until(lambda: states() == ["sent"] * count, none_is_withheld, states)


def is_projected(settings):
    """Has the read model every decision?"""
    tables, topics = read_model(settings), said(settings)
    said_of = [
        codec.decode(v)[1]["CommandId"] for t in (CONFIRMATION_EVENTS, GRANTS_EVENTS) for v in topics[t]
    ]
    known = {str(command_id) for (command_id,) in tables["outcomes"]}  # the organisation's, too
    whole = len(topics[CONFIRMATION_EVENTS])
    acts = [v for v in topics[CONFIRMATION_EVENTS] if codec.decode(v)[1]["Version"]]
    fed = len(tables["feed"]) == len(acts) + len(tables["push"])
    return fed and len(tables["events"]) == whole and known >= set(said_of)


def read_model(settings):
    """Events, datasets, versions and rows, exports, as PostgreSQL holds them."""
    found = {}
    with closing(postgres.connect(settings, "test")) as conn, conn, conn.cursor() as cur:
        for name, query in READ_MODEL.items():
            cur.execute(query)
            found[name] = cur.fetchall()
        for record_type in record_types():
            frame = read.versions(cur, record_type, [(d, v) for d, v, *_ in found["version"]])
            names = ["_identity", "_row_hash"]
            found[record_type] = sorted(frame.select(names).rows())
    return found


def said(settings):
    """topic → the values of its committed messages."""
    return {
        topic: sorted(message.value for message in topic_log.read(settings, kafka.partitions(topic)))
        for topic in SAID
    }


def examined(settings):
    """Exit code of `csdl doctor`, and (section, code) of all that it found."""
    code, found = csdl(settings, "doctor")
    return code, {(line["name"], line["code"]) for line in found["checks"] if not line["ok"]}


def unready(it):
    return {row["name"] for row in local.status(it) if not row["ready"]}


def log(it, name):
    return (it.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")
