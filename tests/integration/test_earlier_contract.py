"""What a landed release wrote in a machine's topics: folded anew, believed, never decided again."""

import io
import json

import fastavro
import pytest
from kafka.structs import OffsetAndMetadata

from runtime import kafka
from schemas import topics as names
from schemas.contracts import versions
from schemas.encoding import codec
from streams.confirmation.machine import MACHINE
from streams.machines import chain, machine_log, topic_log, wire
from streams.machines.wire import replace
from tests.integration.command_line import csdl
from tests.unit.streams.confirmation_steps import SCHOOL, Story


def landed(name, record):
    """The record in the contract's first version, its hash made of that version's fields."""
    contract = versions.contracts()[name][0]
    fields = {f["name"] for f in json.loads(contract.text)["fields"]}
    return contract, {n: v for n, v in record.items() if n in fields}


def value(name, record):
    contract, record = landed(name, record)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, contract.parsed, record)
    return codec.frame(contract, out.getvalue())


@pytest.fixture
def story():
    """Forwarded to the Ministry; then another version was checked, so the state ends with another event."""
    told = Story().forwarding()
    assert told.checked(2) == "version_held"
    return told


def write(settings, story, state_hash=None):
    """As the landed release left the topics."""
    producer = kafka.producer(settings)

    def send(topic, name, record, key=SCHOOL):
        place = kafka.partition_of(SCHOOL.encode())
        producer.send(topic, value(name, record), key=key.encode(), partition=place)

    last = chain.FIRST
    for command, _ in story.commands:
        send(names.CONFIRMATION_COMMANDS, "ConfirmationCommand", wire.to_record(command))
    for event in story.events:
        record = landed("ConfirmationEvent", wire.to_record(event))[1] | {"PreviousHash": last}
        last = chain.digest(record)
        send(names.CONFIRMATION_EVENTS, "ConfirmationEvent", record | {"Hash": last})
    state = wire.to_record(replace(story.state, hash=state_hash or last))
    send(names.CONFIRMATION_STATE, "ConfirmationState", state, key=story.state.dataset_id)
    producer.close()
    group = kafka.consumer(settings, group_id="csdl.confirmation")
    ends = group.end_offsets(kafka.partitions(names.CONFIRMATION_COMMANDS))
    group.commit({tp: OffsetAndMetadata(end, "", -1) for tp, end in ends.items()})
    group.close()


def test_a_state_knows_after_the_upgrade_what_its_events_say(topics, run_process, story):
    """Its forwarding: without it no receipt could ever close the dataset."""
    write(topics, story)
    with run_process("confirmation", topics):
        (state,) = topic_log.read_states(MACHINE, topics).values()
    assert state.forwarded == story.state.forwarded == story.events[-2].sequence
    assert replace(state, hash="") == replace(story.state, hash="")


def test_landed_answers_are_believed_and_their_chain_holds(topics, run_process, story):
    write(topics, story)
    with run_process("confirmation", topics):
        pass
    log = machine_log.read(MACHINE, topics)
    again = log.replayed(MACHINE)
    assert (again.differences, again.believed, again.decided) == ([], len(story.events), 0)
    code, said = csdl(topics, "confirmation", "verify")
    assert code == 0, said
    assert (said["breaks"], said["differences"], said["believed"]) == ([], [], len(story.events))


def test_a_state_that_its_events_do_not_lead_to_stops_the_start(topics, run_process, story):
    write(topics, story, state_hash="another")
    with run_process("confirmation", topics, wait=False) as process:
        process.wait_until(lambda: "CMD-STATE" in process.tail())
        assert not process.is_ready()
