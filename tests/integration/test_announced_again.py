"""What an earlier release announced where nobody may write now is not lost, and does nothing twice."""

from collections import defaultdict
from contextlib import closing
from datetime import UTC, datetime
from uuid import UUID, uuid5

import psycopg2
import pytest

from runtime import postgres
from schemas import topics
from schemas.encoding import codec
from sinks.ministry.export.forwarding import export_id
from sinks.ministry.receipts import process as receipts
from sinks.provincial.check import process as checking
from sinks.provincial.migrate import migrate
from streams.confirmation.commands import Command
from streams.confirmation.machine import MACHINE
from streams.confirmation.state import Stage, State
from streams.machines import wire
from streams.machines.machine import CommandSource
from streams.machines.refusal import Refusal
from tests.landed.restore import restored

NOW = datetime(2026, 11, 25, tzinfo=UTC)
WAITED = (
    "INSERT INTO outbox (topic, key, value) VALUES ('csdl.confirmation.commands.v1', 'k', 'landed bytes')"
)
UNSEEN = "DELETE FROM confirmation_event WHERE event = 'forwarded'"


@pytest.fixture(scope="module", params=["SELECT 1", UNSEEN], ids=["whole", "a read model that lags"])
def landed(stack, request):
    """Connection to the migrated database of a release whose outbox had not been emptied."""
    with restored(stack, "0.1.0") as settings:
        with closing(psycopg2.connect(settings.database_url.get_secret_value())) as conn, conn:
            conn.cursor().execute(WAITED)
            conn.cursor().execute(request.param)
        migrate(settings)
        migrate(settings)
        with closing(postgres.connect(settings, "test")) as conn:
            yield conn


def ask(conn, query):
    with conn, conn.cursor() as cur:
        cur.execute(query)
        return cur.fetchall()


def announced(conn, topic):
    """(key, command) of what waits for a topic, in the order in which the relay sends it."""
    rows = ask(conn, f"SELECT key, value FROM outbox WHERE topic = '{topic}' ORDER BY id")
    commands = [wire.from_record(Command, codec.decode(bytes(value))[1]) for _, value in rows]
    assert all(bytes(key).decode() == c.ma_truong_hoc for (key, _), c in zip(rows, commands, strict=True))
    return commands


def test_every_checked_version_is_announced_once_in_order_as_it_was(landed):
    found = [
        (c.dataset_id, c.version, c.digest, c.counts["records"])
        for c in announced(landed, topics.CONFIRMATION_CHECKS)
    ]
    query = (
        "SELECT dataset_id, version, digest, records FROM version WHERE checked_at IS NOT NULL ORDER BY 1, 2"
    )
    assert found == [(d, n, digest, sum(records.values())) for d, n, digest, records in ask(landed, query)]
    assert len(found) > 1
    for c in announced(landed, topics.CONFIRMATION_CHECKS):
        assert c.command_id == str(uuid5(checking.COMMANDS, f"{c.dataset_id}/{c.version}"))


def test_every_answered_export_is_announced_with_its_forwarding(landed):
    found = announced(landed, topics.CONFIRMATION_RECEIPTS)
    answered = ask(landed, "SELECT export_id FROM ministry_export WHERE state = 'answered'")
    assert sorted(c.export_id for c in found) == sorted(e for (e,) in answered) != []
    for c in found:
        assert c.export_id == export_id(c.dataset_id, c.version, c.sequence)
        assert c.command_id == receipts.command_id(str(UUID(c.export_id)))


def test_nothing_waits_for_the_units_topic(landed):
    assert announced(landed, topics.CONFIRMATION_COMMANDS) == []


def test_a_machine_that_knew_it_all_stays_silent(landed):
    states = {
        d: State(d, s, y, p, n, "h", Stage(stage), version=v, digest=digest, held_version=hv, held_digest=hd)
        for d, s, y, p, n, stage, v, digest, hv, hd in ask(
            landed,
            "SELECT dataset_id, school, school_year, period, sequence, state, version, digest, held_version, "
            "held_digest FROM confirmation",
        )
    }
    for topic in (topics.CONFIRMATION_CHECKS, topics.CONFIRMATION_RECEIPTS):
        for c in announced(landed, topic):
            state = states[c.dataset_id]
            if state.state in (Stage.ACCEPTED, Stage.PARTLY_ACCEPTED):
                state = wire.replace(state, forwarded=c.sequence)  # what the fold of its events says
            outcome = MACHINE.answer(state, c, CommandSource(topic, 0, NOW))
            assert outcome == [], (c, outcome)


def test_a_machine_that_took_none_of_the_versions_takes_each(landed):
    states: dict[str, list[State]] = defaultdict(list)
    for c in announced(landed, topics.CONFIRMATION_CHECKS):
        state = states[c.dataset_id][-1] if states[c.dataset_id] else MACHINE.initial(c)
        outcome = MACHINE.answer(state, c, CommandSource(topics.CONFIRMATION_CHECKS, 0, NOW))
        assert not isinstance(outcome, Refusal)
        states[c.dataset_id].append(MACHINE.evolve(state, outcome[0]))
    newest = dict(ask(landed, "SELECT dataset_id, max(version) FROM version GROUP BY 1"))
    assert {d: s[-1].held_version for d, s in states.items()} == newest
