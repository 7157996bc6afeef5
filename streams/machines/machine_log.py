"""All that is on record of a machine, read from its topics: for a replay."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from runtime import dead_letters, kafka
from runtime.settings import Settings
from schemas.contracts import bounds
from schemas.errors import ProblemList
from schemas.topics import dlq
from streams.machines import standing, topic_log
from streams.machines.command_messages import Misfit, command_record, source
from streams.machines.machine import AnyMachine
from streams.machines.refusal import Refusal
from streams.machines.replay import Replayed, TakenCommand, replay

Record = dict[str, Any]
Place = tuple[str, int, Any]
"""Topic, partition and offset of a command; of one that its answer does not place, its id."""


@dataclass(frozen=True)
class MachineLog:
    """Commands that were decided, their answers, and the events of commands decided since the reading began.

    What went to the dead letters is not among the commands.
    """

    commands: Sequence[TakenCommand]
    events: Sequence[Record]
    refusals: Sequence[Record]
    later: Sequence[Record]

    def replayed(self, machine: AnyMachine) -> Replayed:
        """All of it decided once more."""
        return replay(machine, self.commands, self.events, self.refusals)


def read(machine: AnyMachine, settings: Settings) -> MachineLog:
    """What had been decided when reading began. Raises ProblemList (SYS-001) if Kafka is away."""
    ends = _decided(machine, settings)
    answered: set[Place] = set()
    contract, refusal = (machine.event_contract, machine.event), (machine.refusal_contract, Refusal)
    events, later = _answers(settings, machine.events_topic, *contract, ends, answered)
    refusals, _ = _answers(settings, machine.refusals_topic, *refusal, ends, answered)
    aside = _put_aside(machine, settings)
    commands = []
    for message in topic_log.read(settings, list(ends)):
        if message.offset < ends[TopicPartition(message.topic, message.partition)]:
            try:
                record = command_record(machine, message)
            except Misfit:
                continue
            # An earlier release knew other bounds, or none: what it answered was decided.
            place = (message.topic, message.partition, message.offset)
            unfit = place in aside or bounds.asked(machine.command_contract, record)
            if not unfit or answered & {place, ("", -1, record["CommandId"])}:
                commands.append(TakenCommand(source(message), record))
    return MachineLog(commands, events, refusals, later)


def _decided(machine: AnyMachine, settings: Settings) -> dict[TopicPartition, int]:
    """Input partition → offset after the last command whose answer is committed.

    Raises ProblemList: POS-001 if nothing says where the machine stands.
    """
    inputs = kafka.partitions(*machine.input_topics())
    kept = list(topic_log.read(settings, kafka.partitions(machine.state_topic)))
    try:
        with closing(
            kafka.consumer(
                settings, group_id=standing.reader(machine), bootstrap_timeout_ms=kafka.STAND_BY_MS
            )
        ) as consumer:
            stood, problems = standing.inputs(machine, consumer, inputs, kept)
    except KafkaError:
        raise kafka.away(settings) from None
    if problems:
        raise ProblemList(problems)
    return {tp: position.next for tp, position in stood.items()}


def _put_aside(machine: AnyMachine, settings: Settings) -> set[tuple[str, int | None, int | None]]:
    """Where the commands lie whose dead letters are still kept."""
    letters = topic_log.read(settings, kafka.partitions(*map(dlq, machine.input_topics())))
    covers = map(dead_letters.cover, letters)
    return {(c.source_topic, c.source_partition, c.source_offset) for c in covers}


def _answers(
    settings: Settings,
    topic: str,
    contract: str,
    kind: Any,
    ends: Mapping[TopicPartition, int],
    answered: set[Place],
) -> tuple[list[Record], list[Record]]:
    """Records of answers to commands before the ends, and after. An earlier contract's name no command.

    ``answered`` gets where their commands lie; of an earlier contract's, their ids.
    """
    before: list[Record] = []
    after: list[Record] = []
    for message in topic_log.read(settings, kafka.partitions(topic)):
        record = topic_log.record(message, contract, kind)
        if record is None:
            continue
        command = TopicPartition(record.get("CommandTopic", ""), message.partition)
        decided = command not in ends or record["CommandOffset"] < ends[command]
        (before if decided else after).append(record)
        if command.topic:
            answered.add((command.topic, command.partition, record["CommandOffset"]))
        else:
            answered.add(("", -1, record["CommandId"]))
    return before, after
