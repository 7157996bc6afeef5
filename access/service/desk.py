"""Where commands leave for a machine and what became of them comes back: one for all requests.

A thread follows the machine's answers from the moment the service was opened, so that an act costs no new
client. It keeps the place where it stands: after a broker was away, no answer is missed.
"""

import logging
import os
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any, Final

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from runtime import kafka
from runtime.clock import ClockCheck
from runtime.logs import AGAIN
from runtime.settings import Settings
from schemas.contracts import bounds
from schemas.encoding import codec
from schemas.errors import Problem, ProblemList
from streams.machines import wire
from streams.machines.commands_client import ANSWER_S, CommandOutcome
from streams.machines.machine import AnyMachine

log = logging.getLogger("csdl")
again = logging.getLogger(AGAIN)

POLL_MS: Final = 500
"""Longest wait for an answer that comes; a stop is noticed within it."""
AGAIN_S: Final = 0.5
SEND_S: Final = 10.0
"""Longest wait for the broker to take a command."""


@dataclass
class _Waiting:
    """Who waits for a command's answer, and the events that came so far."""

    answer: "Future[CommandOutcome]" = field(default_factory=Future)
    events: tuple[dict[str, Any], ...] = ()


class CommandsDesk:
    """Commands to one machine, from any thread."""

    def __init__(self, machine: AnyMachine, settings: Settings) -> None:
        """Raises KafkaError if the broker is away."""
        self.machine = machine
        self._settings = settings
        self._waiting: dict[str, _Waiting] = {}
        self._lock = Lock()
        self._stopping = Event()
        self._positions: dict[TopicPartition, int] = {}
        self._producer = kafka.producer(settings, max_block_ms=int(SEND_S * 1000))
        self._consumer: KafkaConsumer | None = self._following()
        self._thread = Thread(target=self._run, daemon=True, name=f"{machine.name} answers")
        self._thread.start()

    def close(self) -> None:
        """Answers that are still awaited do not come any more."""
        self._stopping.set()
        self._thread.join(timeout=5)
        kafka.abandon(self._producer)

    def ask(self, commands: Sequence[Any], silence_s: float = ANSWER_S) -> list[CommandOutcome]:
        """All at once, in this order; their outcomes in the same order.

        Raises ProblemList: MSG-005/006 for one that no machine would read (nothing is sent then), SYS-001 if
        Kafka does not take one, CMD-SILENT if the machine says nothing of the next for ``silence_s``.
        """
        records = [wire.to_record(command) for command in commands]
        unfit = {bounds.asked(self.machine.command_contract, record) for record in records} - {None}
        if unfit:
            raise ProblemList([Problem(str(code)) for code in sorted(map(str, unfit))])
        clock = ClockCheck()
        waiting = [_Waiting() for _ in commands]
        ids = [command.command_id for command in commands]
        with self._lock:
            self._waiting.update(zip(ids, waiting, strict=True))
        try:
            clock.sending()
            self._send(commands, records, clock)
            found = [self._answer(one, silence_s) for one in waiting]
        finally:
            with self._lock:
                for command_id in ids:
                    self._waiting.pop(command_id, None)
        warnings = tuple(clock.warnings())
        return [
            CommandOutcome(one.command_id, one.events, one.refusal, warnings) if warnings else one
            for one in found
        ]

    def _send(self, commands: Sequence[Any], records: Sequence[dict[str, Any]], clock: ClockCheck) -> None:
        topic, contract = self.machine.inputs[0].topic, self.machine.command_contract
        try:
            sent = [
                self._producer.send(
                    topic, codec.encode(contract, record), key=self.machine.key(command).encode("utf-8")
                )
                for command, record in zip(commands, records, strict=True)
            ]
            kafka.answered(sent, SEND_S)
            for future in sent:
                clock.stamped(future.get(timeout=0).timestamp)
        except KafkaError:
            raise kafka.away(self._settings) from None

    def _answer(self, one: _Waiting, silence_s: float) -> CommandOutcome:
        try:
            return one.answer.result(silence_s)
        except NotInTime:
            params = {"machine": self.machine.name, "seconds": int(silence_s)}
            raise ProblemList([Problem("CMD-SILENT", params=params)]) from None

    def _following(self) -> KafkaConsumer:
        consumer = kafka.consumer(self._settings)
        answers = kafka.partitions(*self.machine.answer_topics())
        consumer.assign(answers)
        ends = self._positions or consumer.end_offsets(answers)
        for tp, offset in ends.items():
            consumer.seek(tp, offset)
            self._positions[tp] = offset
        return consumer

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._consumer = self._consumer or self._following()
                    self._poll(self._consumer)
                except KafkaError as fault:
                    again.warning("%s answers: %s; following again", self.machine.name, type(fault).__name__)
                    self._let_go()
                    self._stopping.wait(AGAIN_S)
        except BaseException as fault:  # nobody would hear an answer any more
            log.error("%s answers: %s; ending", self.machine.name, type(fault).__name__)
            os._exit(1)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _poll(self, consumer: KafkaConsumer) -> None:
        heard: list[str] = []
        for tp, messages in consumer.poll(timeout_ms=POLL_MS).items():
            for message in messages:
                heard += self._hear(message.value)
            self._positions[tp] = messages[-1].offset + 1
        for command_id in dict.fromkeys(heard):  # all events of a command lie in one transaction
            with self._lock:
                one = self._waiting.pop(command_id, None)
            if one is not None and not one.answer.done():
                one.answer.set_result(CommandOutcome(command_id, one.events))

    def _hear(self, value: bytes | None) -> list[str]:
        """Ids of the commands that have an event in it."""
        try:
            name, record = codec.decode(value or b"")
        except codec.Undecodable:
            return []
        with self._lock:
            one = self._waiting.get(record.get("CommandId", ""))
            if one is None:
                return []
            if name == self.machine.refusal_contract:
                one.answer.set_result(CommandOutcome(record["CommandId"], refusal=record))
                del self._waiting[record["CommandId"]]
                return []
            one.events = (*one.events, record)
            return [record["CommandId"]]
