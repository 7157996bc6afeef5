"""Positions of every reader against the logs: what `csdl doctor` and `csdl positions` show."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from kafka import KafkaConsumer, TopicPartition

from doctor.section import Finding, of
from runtime import agreement, broker_settings, kafka, postgres
from runtime.positions import Log, Position, disagreement
from runtime.settings import Settings
from schemas.errors import Problem
from sinks.postgres import offsets
from sinks.watch.readers import IN_POSTGRES, readers
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.grants.machine import MACHINE as GRANTS
from streams.machines import standing
from streams.machines.machine import AnyMachine
from streams.organisation.machine import MACHINE as ORGANISATION
from streams.validation import positions as validation

MACHINES: Final = (GRANTS, CONFIRMATION, ORGANISATION)

Positions = dict[TopicPartition, Position]
Asked = tuple[str, Positions, list[Problem]]
"""A reader's name, where it stands, and a problem for each partition of which that is not known."""


@dataclass(frozen=True)
class Standing:
    """A reader on one partition. ``position`` is None if nothing says where it stands."""

    reader: str
    tp: TopicPartition
    position: Position | None
    log: Log
    problem: Problem | None


def standings(settings: Settings) -> list[Standing]:
    """Every reader on every partition. Raises KafkaError, psycopg2.Error of a server that is away."""
    with closing(agreement.narrow(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as consumer:
        return [
            one
            for reader, found, problems in _asked(settings)
            for one in _compared(consumer, reader, found, problems)
        ]


def brokers(settings: Settings) -> list[Finding]:
    """Settings of the brokers that would lose positions, messages or transactions; what one alone loses."""
    alone = [Finding(problem, remark=True) for problem in broker_settings.remarks(settings)]
    return of(broker_settings.deviations(settings)) + alone


def section(settings: Settings) -> list[Finding]:
    """Readers that may not go on."""
    return of(one.problem for one in standings(settings) if one.problem is not None)


def _asked(settings: Settings) -> Iterator[Asked]:
    for machine in MACHINES:
        yield _machine(settings, machine)
    with closing(_of_group(settings, validation.GROUP)) as consumer:
        found, problems, _ = validation.standing(settings, consumer)
        yield validation.GROUP, found, problems
    with closing(postgres.connect(settings, "csdl positions")) as conn, conn, conn.cursor() as cur:
        kept = offsets.read(cur)
    for reader in readers(settings.vendors):
        if reader.kept == IN_POSTGRES:
            wanted = kafka.partitions(*reader.topics)
            yield reader.name, {tp: kept.get((reader.name, tp), Position()) for tp in wanted}, []


def _of_group(settings: Settings, group: str) -> KafkaConsumer:
    return kafka.consumer(settings, group_id=group, bootstrap_timeout_ms=kafka.STAND_BY_MS)


def _machine(settings: Settings, machine: AnyMachine) -> Asked:
    name = standing.reader(machine)
    with closing(_of_group(settings, name)) as consumer:
        kept = list(kafka.to_end(consumer, kafka.partitions(machine.state_topic)))
        inputs = kafka.partitions(*machine.input_topics())
        found, problems = standing.inputs(machine, consumer, inputs, kept)
    return name, found | standing.outputs(machine, kept), problems


def _compared(
    consumer: KafkaConsumer, reader: str, found: Positions, problems: list[Problem]
) -> Iterator[Standing]:
    unknown = {TopicPartition(p.params["topic"], p.params["partition"]): p for p in problems}
    for tp, log in agreement.logs(consumer, [*found, *unknown]).items():
        if tp in unknown:
            yield Standing(reader, tp, None, log, unknown[tp])
            continue
        lies = agreement.lying_at(consumer, tp, found[tp], log)
        yield Standing(reader, tp, found[tp], log, disagreement(reader, tp, found[tp], log, lies))
