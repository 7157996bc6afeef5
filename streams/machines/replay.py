"""A machine's commands decided once more, beside what was recorded when they were taken. Pure.

Which command met which state is on record: an event and a refusal name the topic and offset of their command,
and the sequence that it met. So a replay needs no order between the topics: each command is decided against
the fold of the events up to that sequence, and must come to the very same answer; those of one topic must
have been taken in their order. A command without an answer must have been one that only repeats what is
known: somewhere between its neighbours in the topic it comes to nothing.

What an earlier contract wrote is believed and counted, not decided again: its events are folded, its commands
left out.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.contracts import versions
from streams.machines import wire
from streams.machines.machine import AnyMachine, CommandSource
from streams.machines.refusal import Refusal

Record = Mapping[str, Any]
Place = tuple[str, int]
"""Topic and offset of a command, in the partition of its key."""


@dataclass(frozen=True)
class TakenCommand:
    """A command as it lies in its topic; ``record`` in the writer's contract version."""

    source: CommandSource
    record: Record


@dataclass(frozen=True)
class Difference:
    """Where a replay differs.

    ``fault``: "answer" (it comes to another one than is recorded), "unanswered", "repeated" (answered twice,
    or an event out of its place), "order" (taken before one that lay before it), "no command" (an answer to
    nothing).
    """

    subject: str
    topic: str
    offset: int
    fault: str


@dataclass
class Replayed:
    """``states`` are the folds; ``decided`` commands were decided again, ``believed`` answers were not."""

    states: dict[str, Any] = field(default_factory=dict)
    decided: int = 0
    believed: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass
class _Subject:
    """All that is on record of one subject."""

    commands: list[tuple[CommandSource, Any, bool]] = field(default_factory=list)
    """The flag here and below: whether the newest contract wrote it."""

    events: list[tuple[Any, bool]] = field(default_factory=list)
    refusals: list[tuple[Any, bool]] = field(default_factory=list)


def replay(
    machine: AnyMachine,
    commands: Iterable[TakenCommand],
    events: Iterable[Record],
    refusals: Iterable[Record],
) -> Replayed:
    """Commands of any number of subjects, all of each; events of a subject in the order of their topic.

    What is no command of this machine (dead letters) must not be among them.
    """
    subjects: dict[str, _Subject] = defaultdict(_Subject)
    new = _fields(machine.command_contract)
    for taken in commands:
        command = wire.from_record(machine.command, dict(taken.record))
        known = subjects[machine.subject(command)].commands
        known.append((taken.source, command, new <= taken.record.keys()))
    new = _fields(machine.event_contract)
    for record in events:
        event = wire.from_record(machine.event, dict(record))
        subjects[machine.subject(event)].events.append((event, new <= record.keys()))
    new = _fields(machine.refusal_contract)
    for record in refusals:
        refusal = wire.from_record(Refusal, dict(record))
        subjects[refusal.subject].refusals.append((refusal, new <= record.keys()))
    out = Replayed()
    for name, subject in sorted(subjects.items()):
        _Replay(machine, name, subject, out).run()
    return out


@dataclass
class _Answer:
    """What is on record of one command: the sequence that it met, the one after it, and what came of it."""

    met: int
    after: int
    outcome: list[Any] | Refusal


class _Replay:
    """The replay of one subject."""

    def __init__(self, machine: AnyMachine, name: str, subject: _Subject, out: Replayed) -> None:
        self._machine, self._name, self._subject, self._out = machine, name, subject, out
        self._answers: dict[Place, _Answer] = {}
        self._states: dict[int, Any] = {}
        """Sequence → the state that a command could meet there: after all events of one command."""

    def run(self) -> None:
        self._fold()
        self._read_refusals()
        topics: dict[str, list[tuple[CommandSource, Any]]] = defaultdict(list)
        for source, command, new in self._subject.commands:
            if new or (source.topic, source.offset) in self._answers:
                topics[source.topic].append((source, command))
        for of_topic in topics.values():
            self._decide_again(sorted(of_topic, key=lambda taken: taken[0].offset))
        for topic, offset in self._answers:
            self._differ(topic, offset, "no command")

    def _fold(self) -> None:
        about = self._subject.events[0][0] if self._subject.events else None
        about = about or (self._subject.commands[0][1] if self._subject.commands else None)
        if about is None:
            return
        state = self._machine.initial(about)
        self._states[0] = state
        last: Place | None = None
        for event, new in self._subject.events:
            place = (event.command_topic, event.command_offset)
            if event.sequence != state.sequence + 1:
                self._differ(*place, "repeated")
                continue
            met, state = state.sequence, self._machine.evolve(state, event)
            if not new:
                self._out.believed += 1
            elif place == last:
                answer = self._answers[place]
                assert isinstance(answer.outcome, list)
                answer.outcome.append(event)
                self._states.pop(answer.after)
                answer.after = state.sequence
            elif place in self._answers:
                self._differ(*place, "repeated")
            else:
                self._answers[place] = _Answer(met, state.sequence, [event])
            self._states[state.sequence] = state
            last = place if new else None
        self._out.states[self._name] = state

    def _read_refusals(self) -> None:
        for refusal, new in self._subject.refusals:
            place = (refusal.command_topic, refusal.command_offset)
            if not new:
                self._out.believed += 1
            elif place in self._answers:
                self._differ(*place, "repeated")
            else:
                self._answers[place] = _Answer(refusal.sequence, refusal.sequence, refusal)

    def _decide_again(self, commands: list[tuple[CommandSource, Any]]) -> None:
        """The commands of one topic, in its order."""
        answers = [self._answers.pop((source.topic, source.offset), None) for source, _ in commands]
        low = 0
        for n, ((source, command), answer) in enumerate(zip(commands, answers, strict=True)):
            self._out.decided += 1
            if answer is None:
                high = next((a.met for a in answers[n + 1 :] if a), max(self._states, default=0))
                if not any(self._comes_to(s, command, source) == [] for s in range(low, high + 1)):
                    self._differ(source.topic, source.offset, "unanswered")
                continue
            if answer.met < low:
                self._differ(source.topic, source.offset, "order")
            if self._comes_to(answer.met, command, source) != answer.outcome:
                self._differ(source.topic, source.offset, "answer")
            low = max(low, answer.after)

    def _comes_to(self, sequence: int, command: Any, source: CommandSource) -> list[Any] | Refusal | None:
        """What the command comes to where it meets that sequence; None where no command could."""
        state = self._states.get(sequence)
        if state is None:
            return None
        outcome = self._machine.answer(state, command, source)
        return outcome if isinstance(outcome, Refusal) else list(outcome)

    def _differ(self, topic: str, offset: int, fault: str) -> None:
        self._out.differences.append(Difference(self._name, topic, offset, fault))


def _fields(contract: str) -> frozenset[str]:
    """Names of the fields of the newest version."""
    return frozenset(f["name"] for f in json.loads(versions.newest(contract).text)["fields"])
