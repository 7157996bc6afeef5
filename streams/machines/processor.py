"""The transactional loop that runs a state machine on Kafka.

Invariant: **events, refusals, dead letters, the new states and the position after the commands they come from
become visible together or not at all, and in this order:**

1. decide every command of the batch against the states in memory, each evolving what the next one sees
   (commands of several topics in the order in which the poll gave them; their events and refusals say it);
2. send events, refusals and dead letters to the commands' own partition number, and each changed state once;
3. send the position after the last command of each partition, to the state topic beside the states (now and
   then the group's offset too, for Kafka's own tools: nothing reads it once the state topic has a position);
4. wait until the broker has every record, and look at each answer;
5. commit. Only then is the batch done; memory and topics agree again.

A command that cannot be dealt with, whatever the reason, goes to the dead letters and changes nothing. Any
other error ends the process, whatever memory holds by then: the next start fences this producer
(``init_transactions`` with the same transactional id, which also ends an open transaction), reads the state
topic ``read_committed`` to its end, and goes on from the positions there (``standing``), if the logs agree
with them; else it says why and waits. So a kill at any line repeats nothing, and a paused process that wakes
beside its successor cannot write: the broker refuses its epoch, and
it ends alone (``kafka.TRANSACTIONAL_PROTOCOL``).

Step 4 stands before the commit on purpose: kafka-python 3.0.12 lets a record that timed out fail in its own
future alone and would commit the rest.

A state that an earlier contract wrote lacks fields that its events may fill: the start folds it anew from
them and writes it, before the first command.

Partitions are assigned, never subscribed: a rebalance would hand one to another process while this one still
holds its states. Shards of another number that hold one of ours are fenced as well (``shards``).
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, ClassVar, Final, NamedTuple

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.structs import OffsetAndMetadata

from runtime import agreement, dead_letters, kafka, metrics, positions, reading
from runtime.logs import one_line
from runtime.positions import Mark, Position
from runtime.process import WHOLE, Process, Share
from runtime.settings import Settings
from schemas.contracts import versions
from schemas.encoding import codec
from schemas.errors import Problem, ProblemList
from streams.machines import shards, standing, topic_log, wire
from streams.machines.command_messages import Misfit, asked, source
from streams.machines.machine import AnyMachine
from streams.machines.refusal import Refusal

log = logging.getLogger("csdl")

POLL_MS: Final = 500
"""Longest wait for a command; a stop is noticed within it."""

MAX_BATCH: Final = 1000
"""Commands in one transaction: a few hundred ms of work, so that no reader of committed data waits long."""

RETRY_BACKOFF_MS: Final = 5
"""The previous transaction's markers may still be on their way when the next begins; the client then sleeps
this long (100 ms by default, which every command of a busy machine would feel)."""


GATHER_S: Final = 0.04
"""Between the beginnings of two transactions: what comes meanwhile shares the next one. A command that comes
alone waits for nothing; of 50 a second two share what a transaction costs the broker and all its readers."""

TELL_S: Final = 5.0
"""The group's offsets are told so often while commands come, and when none comes any more. Told in each
transaction they took half of its time: two requests more, and a third topic to be marked."""

IDLE_S: Final = 12 * 3600.0
"""An idle machine writes its positions again so often: Kafka forgets a transactional id and a group's offsets
that nobody has used for a week."""


class Output(NamedTuple):
    """One record to send, to a partition of that number."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Processor(Process):
    """One machine over the partitions of one instance. A machine's own process names its ``machine``."""

    machine: ClassVar[AnyMachine]

    def __init__(self, settings: Settings, share: Share = WHOLE) -> None:
        super().__init__(settings, share)
        numbers = share.partitions()
        self.id = shards.transactional_id(self.machine.name, numbers)
        self.states: dict[str, Any] = {}
        self._stopped: set[str] = set()
        """Keys whose state nobody can read or make anew: what is asked of them is put aside."""
        topics = self.machine.input_topics()
        self._inputs = [TopicPartition(topic, n) for topic in topics for n in numbers]
        self._events = [TopicPartition(self.machine.events_topic, n) for n in numbers]
        self._refusals = [TopicPartition(self.machine.refusals_topic, n) for n in numbers]
        self._kept = [TopicPartition(self.machine.state_topic, n) for n in numbers]
        self._found: list[ConsumerRecord] = []
        self._garbled: dict[str, ConsumerRecord] = {}
        self._stands: dict[TopicPartition, Position] = {}
        self._written: dict[TopicPartition, Position] = {}
        self._untold: dict[TopicPartition, Position] = {}
        self._told_at = self._committed_at = time.monotonic()

    def open(self) -> None:
        """Fence whoever held these partitions, read their states, find the first command to decide."""
        self._producer = self.closes(
            kafka.producer(
                self.settings, transactional_id=self.id, retry_backoff_ms=RETRY_BACKOFF_MS, linger_ms=0
            ),
            kafka.abandon,  # what is not committed is aborted
        )
        self._producer.init_transactions()
        shards.fence_others(self.settings, self.machine.name, self.share.partitions())
        self._consumer = self.closes(
            kafka.consumer(self.settings, group_id=f"csdl.{self.machine.name}", max_poll_records=MAX_BATCH),
            lambda consumer: consumer.close(autocommit=False),
        )
        # Every transaction on these partitions has ended: the end of the state topic is the end of the story.
        agreement.wait(self._disagreements)
        last = {(m.key or b"").decode("utf-8", "replace"): m for m in self._found if m.value}
        self._bring_up({k: m for k, m in last.items() if k in self.states}, self._garbled)
        self._commit([], self._stands)
        self._consumer.assign(self._inputs)
        for tp, position in self._stands.items():
            self._consumer.seek(tp, position.next)
        log.info("%s: %d subjects", self.id, len(self.states))

    def step(self) -> None:
        """Wait for commands and deal with one batch of them."""
        batches = self._consumer.poll(timeout_ms=POLL_MS)
        if not batches:
            if time.monotonic() - self._committed_at >= IDLE_S:
                self._commit([], self._stands)
            elif self._untold:
                self._commit([], {})
            return
        began = time.monotonic()
        outputs: list[Output] = []
        changed: dict[str, int] = {}
        for tp, messages in batches.items():
            for message in messages:
                outputs += self._deal_with(message, tp.partition, changed)
        outputs += [self._kept_state(subject, partition) for subject, partition in changed.items()]
        self._commit(outputs, {tp: positions.after(messages[-1]) for tp, messages in batches.items()})
        metrics.BATCH_SECONDS.labels(self.machine.name).observe(time.monotonic() - began)
        for tp, messages in batches.items():
            metrics.MESSAGES.labels(self.machine.name, tp.topic).inc(len(messages))
        self.stopping.wait(max(began + GATHER_S - time.monotonic(), 0))

    def _bring_up(
        self, kept: Mapping[str, ConsumerRecord], garbled: Mapping[str, ConsumerRecord] | None = None
    ) -> None:
        """Fold anew what an earlier contract wrote, and what is no state. Raises ProblemList if the events do
        not lead where a state stood; of what is no state, that key alone stops, and its commands are put
        aside."""
        newest = versions.newest(self.machine.state_contract)
        old = {k: m for k, m in kept.items() if codec.contract_of(m.value) != newest} | dict(garbled or {})
        if not old:
            return
        folded = topic_log.fold(self.machine, kafka.to_end(self._consumer, self._events), old)
        outputs = []
        for subject, message in old.items():
            stood, state = self.states.get(subject), folded.get(subject)
            if stood is None:
                if state is None:
                    self._stopped.add(subject)
                    continue
            elif state is None or (state.sequence, state.hash) != (stood.sequence, stood.hash):
                raise ProblemList([self._unlike(subject, stood.sequence)])
            self.states[subject] = state
            outputs.append(self._kept_state(subject, message.partition))
        self._commit(outputs, {})
        log.info("%s: %d states folded anew", self.id, len(outputs))

    def _disagreements(self) -> list[Problem]:
        """Read what is kept; why the logs do not agree with it. Sets what was found."""
        self._found = list(kafka.to_end(self._consumer, self._kept))
        self._garbled = {}
        self.states = topic_log.states(self.machine, self._found, self._garbled)
        stood, problems = standing.inputs(self.machine, self._consumer, self._inputs, self._found)
        written = standing.outputs(self.machine, self._found)
        if not positions.decode(self._found):  # of an earlier release, or gone with the states
            problems += self._unlike_their_events()
        problems += agreement.compare(self.settings, standing.reader(self.machine), stood | written)
        self._stands = stood
        return problems

    def _unlike_their_events(self) -> list[Problem]:
        """States that are not what their events lead to, or are not there at all."""
        folded = topic_log.fold(self.machine, kafka.to_end(self._consumer, self._events))
        told = {subject: (state.sequence, state.hash) for subject, state in folded.items()}
        kept = {subject: (state.sequence, state.hash) for subject, state in self.states.items()}
        unlike = sorted(name for name in told.keys() | kept.keys() if told.get(name) != kept.get(name))
        return [self._unlike(name, kept.get(name, (0, ""))[0]) for name in unlike]

    def _unlike(self, subject: str, sequence: int) -> Problem:
        params = {"machine": self.machine.name, "subject": subject, "sequence": sequence}
        return Problem("CMD-STATE", params=params)

    def _kept_state(self, subject: str, partition: int) -> Output:
        value = codec.encode(self.machine.state_contract, wire.to_record(self.states[subject]))
        return Output(self.machine.state_topic, partition, subject.encode("utf-8"), value, [])

    def _deal_with(self, message: ConsumerRecord, partition: int, changed: dict[str, int]) -> list[Output]:
        """Decide one command; ``changed`` gets its subject and partition. The output records, in order.

        Nothing has changed where it fails: then the command is put aside, whatever it was.
        """
        try:
            return self._decide(message, partition, changed)
        except Misfit as misfit:
            code = misfit.code
        except Exception as fault:
            if not reading.of_the_message(fault):
                raise
            code = reading.code_of(fault)
            log.error("%s: put aside, %s", code, one_line(fault))
        metrics.DEAD_LETTERS.labels(message.topic, code).inc()
        letter = dead_letters.letter(message, code)
        return [Output(letter.topic, letter.partition, None, letter.value, letter.headers)]

    def _decide(self, message: ConsumerRecord, partition: int, changed: dict[str, int]) -> list[Output]:
        machine, stage = self.machine, self.machine.name
        command = wire.from_record(machine.command, asked(machine, message))
        key, subject = machine.key(command).encode("utf-8"), machine.subject(command)
        if subject in self._stopped:
            raise Misfit(reading.NO_STATE)
        state = self.states.get(subject) or machine.initial(command)
        outcome = machine.answer(state, command, source(message))
        if isinstance(outcome, Refusal):
            value = codec.encode(machine.refusal_contract, wire.to_record(outcome))
            metrics.COMMANDS.labels(stage, "refused").inc()
            metrics.COMMANDS_REFUSED.labels(stage, outcome.code).inc()
            return [Output(machine.refusals_topic, partition, key, value, [])]
        outputs = []
        for event in outcome:
            state = machine.evolve(state, event)
            value = codec.encode(machine.event_contract, wire.to_record(event))
            outputs.append(Output(machine.events_topic, partition, key, value, []))
        if any(len(output.value or b"") > reading.MAX_OUTPUT for output in outputs):
            raise Misfit(reading.CAUSES_TOO_MUCH)
        metrics.COMMANDS.labels(stage, "accepted" if outcome else "repeated").inc()
        metrics.EVENTS.labels(stage).inc(len(outcome))
        if outcome:
            self.states[subject] = state
            changed[subject] = partition
        return outputs

    def _commit(self, outputs: list[Output], ends: Mapping[TopicPartition, Position]) -> None:
        producer = self._producer
        reader = standing.reader(self.machine)
        self._untold |= ends
        overdue = time.monotonic() - self._told_at >= TELL_S
        tells = self._untold and (overdue or not outputs)
        touched = {tp.partition for tp in ends} | {output.partition for output in outputs}
        due = {tp: end for tp, end in self._written.items() if tells or tp.partition in touched}
        kept = {**ends, **due}
        outputs = outputs + [
            Output(
                self.machine.state_topic, tp.partition, positions.key(tp.topic),
                positions.encode(reader, tp, position), [],
            )
            for tp, position in kept.items()
        ]  # fmt: skip
        producer.begin_transaction()
        sent = [
            producer.send(o.topic, o.value, key=o.key, partition=o.partition, headers=o.headers)
            for o in outputs
        ]
        if tells:
            offsets = {tp: OffsetAndMetadata(end.next, "", -1) for tp, end in self._untold.items()}
            producer.send_offsets_to_transaction(offsets, reader)
            self._untold, self._told_at = {}, time.monotonic()
        producer.flush()
        answers = [future.get(timeout=0) for future in sent]
        producer.commit_transaction()
        self._stands = {**self._stands, **ends}
        self._committed_at = time.monotonic()
        # Known only now, so it is kept with the next transaction that touches its partition anyway (each is
        # forced to disk twice), or that tells: the start looks whether these are there.
        self._written = {tp: end for tp, end in self._written.items() if tp not in due} | {
            TopicPartition(answer.topic, answer.partition): Position(
                answer.offset + 1, Mark(answer.offset, answer.timestamp)
            )
            for answer in answers
            if answer.topic == self.machine.events_topic
        }
