"""The chains in Kafka against what readers made of them: does each know the same last event?

A machine's state is the end of its chain. It is read before the readers' positions and, where one is ahead,
once more after them: what a running system does in between is no finding.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from kafka import TopicPartition

from doctor.section import Finding
from readings import chains as reading
from runtime import agreement, kafka, postgres
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.errors import Problem
from sinks.chains import chains as read
from streams.confirmation.machine import MACHINE as CONFIRMATION
from streams.grants.machine import MACHINE as GRANTS
from streams.machines import topic_log
from streams.machines.machine import AnyMachine
from streams.organisation.machine import MACHINE as ORGANISATION

AHEAD: Final = "DOC-001"
OTHER: Final = "DOC-002"
BEHIND: Final = "DOC-003"
ASIDE: Final = "DOC-004"

READERS: Final[Mapping[str, Sequence[AnyMachine]]] = {
    "projection": (CONFIRMATION, GRANTS, ORGANISATION),
    "export": (CONFIRMATION,),
    "feed": (CONFIRMATION,),
}
"""Whose positions in chains stand in the database."""

FORMS: Final = {
    machine.name: chain.form
    for machine in READERS["projection"]
    for chain in (read.CONFIRMATION, read.GRANTS, read.ORGANISATION)
    if chain.topic == machine.events_topic
}
"""Machine → form of its subjects, which no other machine's have."""


@dataclass(frozen=True)
class Last:
    """The last event of a chain, by sequence and hash, and the partition it lies in (-1: not known)."""

    sequence: int
    hash: str
    partition: int = -1


Chains = Mapping[str, Last]
"""subject → its last event."""


def chains(settings: Settings) -> Iterable[Finding]:
    """Findings by reader and machine, then what readers put aside."""
    ends = {machine.name: _ends(settings, machine) for machine in READERS["projection"]}
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        for reader, machines in READERS.items():
            known = {subject: Last(*last) for subject, last in reading.positions(conn, reader).items()}
            offsets = reading.offsets(conn, reader)
            for machine in machines:
                form = FORMS[machine.name]
                ours = {s: last for s, last in known.items() if form.fullmatch(s)}
                waiting = _waiting(settings, machine.events_topic, offsets)
                found = ends[machine.name]
                yield from compare(reader, found, ours, waiting, partial(_ends, settings, machine))
        yield from _aside(reading.faults(conn))


def compare(
    reader: str,
    ends: Chains,
    known: Chains,
    waiting: set[int],
    again: Callable[[], Chains],
) -> Iterator[Finding]:
    """What a reader knows against the ends of chains. ``waiting``: partitions where events wait for it;
    ``again`` reads the ends once more."""
    if any(s not in ends or last.sequence > ends[s].sequence for s, last in known.items()):
        ends = {**ends, **again()}
    none = Last(0, "")
    ahead = [s for s, last in known.items() if last.sequence > ends.get(s, none).sequence]
    same = [s for s, last in known.items() if s in ends and last.sequence == ends[s].sequence]
    other = [s for s in same if known[s].hash != ends[s].hash]
    behind = [
        s
        for s, last in ends.items()
        if last.sequence > known.get(s, none).sequence and last.partition not in waiting
    ]
    for code, subjects in ((AHEAD, ahead), (OTHER, other), (BEHIND, behind)):
        if subjects:
            params = {"reader": reader, "count": len(subjects), "subject": min(subjects)}
            yield Finding(Problem(code, params=params))


def _ends(settings: Settings, machine: AnyMachine) -> dict[str, Last]:
    found: dict[str, Last] = {}
    for message in topic_log.read(settings, kafka.partitions(machine.state_topic)):
        subject = (message.key or b"").decode("utf-8", "replace")
        if message.value is None:
            found.pop(subject, None)
            continue
        try:
            name, record = codec.decode(message.value)
        except codec.Undecodable:
            continue
        if name == machine.state_contract:
            found[subject] = Last(record["Sequence"], record["Hash"], message.partition)
    return found


def _waiting(settings: Settings, topic: str, offsets: Mapping[tuple[str, int], int]) -> set[int]:
    """Partitions of the topic where a message waits for the reader; marks of transactions are none."""
    with closing(agreement.narrow(settings)) as consumer:
        logs = agreement.logs(consumer, kafka.partitions(topic))
        found = set()
        for tp, log in logs.items():
            at = max(offsets.get((topic, tp.partition), 0), log.begin)
            if at < log.end and agreement.first(consumer, TopicPartition(topic, tp.partition), at, log.end):
                found.add(tp.partition)
    return found


def _aside(faults: Sequence[reading.ChainFault]) -> Iterator[Finding]:
    """One finding a reader: how many events nobody has looked at, since the first."""
    first: dict[str, datetime] = {}
    counts: dict[str, int] = {}
    for fault in faults:
        counts[fault.reader] = counts.get(fault.reader, 0) + 1
        first[fault.reader] = min(first.get(fault.reader, fault.first_seen), fault.first_seen)
    for reader, count in counts.items():
        yield Finding(Problem(ASIDE, params={"reader": reader, "count": count}), first[reader])
