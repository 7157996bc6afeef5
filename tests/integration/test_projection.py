"""The read model follows the machines' topics: once each, in order, and says when a chain is broken."""

import random
import string
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest

from readings import chains as chains_shown
from runtime import kafka, postgres
from schemas.encoding import codec
from schemas.organisation.units import Ended, Kind, Period
from schemas.topics import CONFIRMATION_EVENTS, CONFIRMATION_REFUSALS, GRANTS_EVENTS, dlq
from sinks.chains.chains import CONFIRMATION
from sinks.chains.reader import ChainReader
from sinks.projection.process import Projection
from sinks.projection.project import Refused, project
from streams.confirmation import commands, machine
from streams.grants import commands as grant_commands
from streams.grants import machine as grants
from streams.machines import wire
from streams.machines.machine import CommandSource
from streams.machines.refusal import Refusal
from streams.organisation import commands as unit_commands
from streams.organisation import machine as units
from tests.chained import chain_of, chained, message, sealed
from tests.support import wait_until

SCHOOL = "19164501"
DATASET = f"{SCHOOL}.2019.start"
OTHER = {"MaTruongHoc": "19164502", "DatasetId": "19164502.2019.start"}
AT = datetime(2019, 10, 1, tzinfo=UTC)


def command(number, name, role, unit, **more):
    at = AT + timedelta(minutes=number)
    return commands.Command(
        f"c{number}", DATASET, SCHOOL, 2019, "start", name, at, unit, role, account="vp", **more
    )


COMMANDS = [
    command(1, "open", "department_officer", "19", route=("164", "19")),
    command(
        2,
        "version_checked",
        "system",
        "system",
        version=1,
        digest="d1",
        counts={"records": 3, "refused": 0, "blocking": 0, "warnings": 0},
    ),
    command(3, "submit", "school_head", SCHOOL, version=1, digest="d1", sequence=2),
    command(4, "confirm", "district_officer", "165", version=1, digest="d1", sequence=3),  # not its school
    command(5, "claim", "district_officer", "164", version=1, digest="d1", sequence=3),
]


def run_machine(some):
    """(events as records, refusals as records, last state)."""
    state = machine.initial(some[0])
    events, refusals = [], []
    for offset, each in enumerate(some):
        decided = machine.decide(state, each, CommandSource("a topic", offset, AT))
        if isinstance(decided, Refusal):
            refusals.append(wire.to_record(decided))
            continue
        for event in decided:
            events.append(wire.to_record(event))
            state = machine.evolve(state, event)
    return events, refusals, state


EVENTS, REFUSALS, STATE = run_machine(COMMANDS)


def ask(conn, query):
    with conn, conn.cursor() as cur:
        cur.execute(query)
        return cur.fetchall()


def take(conn, *events, refused=()):
    """As the projection takes a batch: what follows its chain, and refusals."""
    chains = ChainReader("projection", CONFIRMATION)
    with conn, conn.cursor() as cur:
        found = chains.verified(cur, [message("ConfirmationEvent", e) for e in events])
        project(cur, found.events, [Refused("confirmation", r) for r in refused])
    return found


def test_one_message_that_cannot_be_held_stops_its_dataset_or_goes_aside_and_the_rest_is_shown(
    settings, conn, sent, monkeypatch
):
    """Kind 2: each of these ended the projection for good, for all schools."""
    other = [dict(e) for e in chain_of("opened", "version_checked", **OTHER)]
    poison = sealed(other[1] | {"ReasonText": "why\0"})
    refusals = [
        REFUSALS[0] | {"CommandId": "r\0"},
        REFUSALS[0] | {"CommandId": "".join(random.Random(1).choices(string.ascii_letters, k=1900)) * 5},
        REFUSALS[0] | {"CommandId": "fine"},
    ]
    with closing(kafka.producer(settings, max_request_size=64 << 20)) as producer:
        for event in (other[0], poison, *EVENTS):
            value = codec.encode("ConfirmationEvent", event)
            producer.send(CONFIRMATION_EVENTS, value, key=event["MaTruongHoc"].encode())
        producer.send(CONFIRMATION_EVENTS, b"garbage", key=SCHOOL.encode())
        for refusal in refusals:
            value = codec.encode("CommandRefused", refusal)
            producer.send(CONFIRMATION_REFUSALS, value, key=SCHOOL.encode())
        producer.send(CONFIRMATION_REFUSALS, bytes(20 << 20), key=SCHOOL.encode())
    # One that no look at it finds: only PostgreSQL does, when it is stored.
    monkeypatch.setattr("sinks.projection.process.bounds.kept", lambda record: None)
    with Projection(settings) as projection:
        wait_until(lambda: len(sent(dlq(CONFIRMATION_REFUSALS))) == 3, projection.step)
    shown = ask(conn, "SELECT dataset_id, sequence, chain_broken FROM confirmation ORDER BY dataset_id")
    assert shown == [(DATASET, STATE.sequence, False), (other[0]["DatasetId"], 1, True)]
    assert ("fine",) in ask(conn, "SELECT command_id FROM command_outcome")
    codes = [dict(m.headers)["error-code"] for m in sent(dlq(CONFIRMATION_REFUSALS))]
    assert sorted(codes) == [b"MSG-001", b"MSG-008", b"MSG-008"]
    assert sorted(f.subject for f in chains_shown.faults(conn)) == ["", other[0]["DatasetId"]]


def test_the_read_model_is_the_fold_of_the_events(conn):
    take(conn, *EVENTS[:2])
    take(conn, *EVENTS[2:])
    take(conn, refused=REFUSALS)
    found = ask(conn, "SELECT sequence, state, level, route, version, digest, chain_broken FROM confirmation")
    expected = (STATE.sequence, STATE.state.value, STATE.level, list(STATE.route), 1, "d1", False)
    assert found == [expected]
    assert ask(conn, "SELECT sequence, hash FROM confirmation_event ORDER BY 1") == [
        (e["Sequence"], e["Hash"]) for e in EVENTS
    ]
    outcomes = ask(conn, "SELECT command_id, outcome, code <> '' FROM command_outcome ORDER BY 1")
    assert outcomes == [
        (c.command_id, *(("refused", True) if c.command_id == "c4" else ("accepted", False)))
        for c in COMMANDS
    ]


def test_an_event_that_comes_again_changes_nothing(conn):
    take(conn, *EVENTS)
    before = ask(conn, "SELECT * FROM confirmation, confirmation_event ORDER BY 1, 2")
    again = take(conn, *EVENTS)
    assert (again.events, again.aside) == ([], [])
    assert ask(conn, "SELECT * FROM confirmation, confirmation_event ORDER BY 1, 2") == before


def test_a_held_version_is_not_the_version_in_hand(conn):
    later = command(
        6, "version_checked", "system", "system", version=2, digest="d2", counts={"records": 4, "blocking": 0}
    )
    events, _, _ = run_machine([*COMMANDS, later])
    take(conn, *events)
    assert ask(conn, "SELECT version, digest, held_version, held_digest FROM confirmation") == [
        (1, "d1", 2, "d2")
    ]


def test_a_command_sent_twice_is_accepted_whichever_topic_is_read_first(conn):
    refused = REFUSALS[0] | {"CommandId": "c3", "Command": "submit"}
    take(conn, refused=[refused])
    take(conn, *EVENTS)
    take(conn, refused=[refused])
    assert ask(conn, "SELECT outcome, code FROM command_outcome WHERE command_id = 'c3'") == [
        ("accepted", "")
    ]


@pytest.mark.slow
def test_a_projection_that_is_killed_goes_on_where_it_was(settings, run_process):
    allow = grant_commands.Command(
        "g1", "smas", SCHOOL, "allow", AT, "19", "department_officer", "vp", sequence=0
    )
    decided = grants.decide(grants.initial(allow), allow, CommandSource("a topic", 0, AT))
    assert not isinstance(decided, Refusal)
    allowed = [wire.to_record(e) for e in decided]
    with closing(kafka.producer(settings)) as producer, closing(postgres.connect(settings, "test")) as conn:

        def send(topic, name, events):
            for event in events:
                producer.send(topic, key=SCHOOL.encode(), value=codec.encode(name, event))
            producer.flush()

        with run_process("projection", settings) as process:
            send(CONFIRMATION_EVENTS, "ConfirmationEvent", EVENTS[:2])
            process.popen.kill()
            process.popen.wait()
        send(CONFIRMATION_EVENTS, "ConfirmationEvent", EVENTS[2:])
        send(CONFIRMATION_REFUSALS, "CommandRefused", REFUSALS)
        send(GRANTS_EVENTS, "GrantEvent", allowed)
        with run_process("projection", settings) as process:
            count = "SELECT (SELECT count(*) FROM command_outcome), (SELECT count(*) FROM grant_state)"
            process.wait_until(lambda: ask(conn, count) == [(6, 1)])
        assert ask(conn, "SELECT sequence, state, chain_broken FROM confirmation") == [
            (STATE.sequence, STATE.state.value, False)
        ]
        assert ask(conn, "SELECT count(*) FROM confirmation_event") == [(len(EVENTS),)]
        assert ask(conn, "SELECT vendor, school, state FROM grant_state") == [("smas", SCHOOL, "allowed")]


def test_window_lock_and_forwarding_are_columns_and_come_back_as_they_were(conn):
    days = {"Opens": date(2019, 9, 1), "Closes": None}
    opened = chained(Event="opened", State="collecting", Level=0, Window=days)
    locked = chained(opened, Event="locked", State="collecting", Level=0)
    forwarded = chained(locked, Event="forwarded")
    kept = "SELECT window_opens, window_closes, locked, forwarded, late FROM confirmation"
    for event, expected in (
        (opened, (date(2019, 9, 1), None, False, 0, False)),
        (locked, (date(2019, 9, 1), None, True, 0, False)),
        (forwarded, (date(2019, 9, 1), None, True, 3, False)),
    ):
        take(conn, event)
        assert ask(conn, kept) == [expected]
    found = "SELECT event, window_opens FROM confirmation_event WHERE window_opens IS NOT NULL"
    assert ask(conn, found) == [("opened", date(2019, 9, 1))]


def test_units_are_rows_with_their_periods_and_a_period_that_goes_leaves_no_row(conn):
    def told(sequence, periods, state):
        asked = unit_commands.Command(
            f"u{sequence}", "19164999", Kind.SCHOOL, "record", AT, "19", "department_officer",
            sequence=sequence, periods=periods,
        )  # fmt: skip
        decided = units.decide(state or units.initial(asked), asked, CommandSource("a topic", sequence, AT))
        assert isinstance(decided, list)
        (event,) = decided
        with conn, conn.cursor() as cur:
            project(cur, [event])
        return units.evolve(state or units.initial(asked), event)

    moved = Period(date(2010, 1, 1), date(2025, 7, 1), "Trường Mẫu", "164", "primary", "164", Ended.MOVED)
    since = Period(date(2025, 7, 1), None, "Trường Mẫu", "05482", "primary", successors=())
    state = told(0, (moved, since), None)
    query = "SELECT parent, valid_from, valid_to FROM unit JOIN unit_period USING (unit_code) ORDER BY 2"
    assert ask(conn, query) == [
        ("164", date(2010, 1, 1), date(2025, 7, 1)), ("05482", date(2025, 7, 1), None),
    ]  # fmt: skip
    told(1, (wire.replace(moved, valid_to=None, ended=Ended.CHANGED),), state)
    assert ask(conn, query) == [("164", date(2010, 1, 1), None)]
    outcomes = ask(conn, "SELECT machine, subject, command FROM command_outcome WHERE command_id = 'u1'")
    assert outcomes == [("organisation", "19164999", "recorded")]
