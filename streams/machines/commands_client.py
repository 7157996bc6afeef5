"""The one place that asks a machine something and waits for what came of it.

The answer is read from the events and refusals topics themselves, so it is there as soon as the machine has
committed, whether or not any read model runs.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

from kafka.errors import KafkaError

from runtime import kafka
from runtime.clock import ClockCheck
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.errors import Problem, ProblemList, message
from streams.machines import wire
from streams.machines.machine import AnyMachine

ANSWER_S: Final = 30.0
"""Longest silence of the machine, in seconds, before a caller is told that it may be down."""

POLL_MS: Final = 100


@dataclass(frozen=True)
class CommandOutcome:
    """What came of a command: the records of its events, or of its refusal. ``warnings``: of the clock."""

    command_id: str
    events: tuple[dict[str, Any], ...] = ()
    refusal: dict[str, Any] | None = None
    warnings: tuple[Problem, ...] = ()

    @property
    def code(self) -> str:
        """Code of the refusal, empty if the command was carried out."""
        return self.refusal["Code"] if self.refusal else ""

    @property
    def state(self) -> str:
        """State of the subject afterwards."""
        last = self.refusal or self.events[-1]
        return str(last["State"])

    def messages(self) -> tuple[str, str]:
        """(Vietnamese, English): why it was refused and what to do."""
        params = {name.lower(): value for name, value in (self.refusal or {}).items() if name != "Code"}
        return message(self.code, **params)


class CommandsClient:
    """Sends people's commands to one machine. A context manager; reads from the moment it was made."""

    def __init__(self, machine: AnyMachine, settings: Settings) -> None:
        """Raises ProblemList (SYS-001) if Kafka is away."""
        self.machine = machine
        self._settings = settings
        self._clock = ClockCheck()
        try:
            self._producer = kafka.producer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
            self._consumer = kafka.consumer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
            answers = kafka.partitions(*machine.answer_topics())
            self._consumer.assign(answers)
            for tp, end in self._consumer.end_offsets(answers).items():
                self._consumer.seek(tp, end)
        except KafkaError:
            raise kafka.away(self._settings) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer.close()
        self._consumer.close()

    def send_many(self, commands: Sequence[Any], silence_s: float = ANSWER_S) -> list[CommandOutcome]:
        """All commands at once, in this order; their outcomes in the same order.

        Commands of one key are decided in the order given. Raises ProblemList: SYS-001 if Kafka does not
        take a command, CMD-SILENT if the machine says nothing for ``silence_s`` (the commands are written
        and will be carried out when it runs again).
        """
        self._clock.sending()
        sent = [self._write(command) for command in commands]
        try:
            self._producer.flush(timeout=silence_s)
            for future in sent:
                self._clock.stamped(future.get(timeout=0).timestamp)
        except KafkaError:
            raise kafka.away(self._settings) from None
        found = self._collect({command.command_id for command in commands}, silence_s)
        warnings = tuple(self._clock.warnings())
        return [replace(found[command.command_id], warnings=warnings) for command in commands]

    def send(self, command: Any, silence_s: float = ANSWER_S) -> CommandOutcome:
        """One command. Raises as ``send_many`` does."""
        return self.send_many([command], silence_s)[0]

    def _write(self, command: Any) -> Any:
        value = codec.encode(self.machine.command_contract, wire.to_record(command))
        key = self.machine.key(command).encode("utf-8")
        try:
            return self._producer.send(self.machine.inputs[0].topic, value, key=key)
        except KafkaError:
            raise kafka.away(self._settings) from None

    def _collect(self, awaited: set[str], silence_s: float) -> dict[str, CommandOutcome]:
        found: dict[str, CommandOutcome] = {}
        deadline = time.monotonic() + silence_s
        while len(found) < len(awaited):
            for messages in self._consumer.poll(timeout_ms=POLL_MS).values():
                for kafka_message in messages:
                    try:
                        name, record = codec.decode(kafka_message.value or b"")
                    except codec.Undecodable:
                        continue
                    command_id = record.get("CommandId")
                    if command_id not in awaited:
                        continue
                    deadline = time.monotonic() + silence_s
                    if name == self.machine.refusal_contract:
                        found[command_id] = CommandOutcome(command_id, refusal=record)
                    else:
                        before = found.get(command_id, CommandOutcome(command_id))
                        found[command_id] = CommandOutcome(command_id, (*before.events, record))
            if time.monotonic() > deadline:
                params = {"machine": self.machine.name, "seconds": int(silence_s)}
                raise ProblemList([Problem("CMD-SILENT", params=params)])
        return found


def send(machine: AnyMachine, settings: Settings, command: Any) -> CommandOutcome:
    """One command to a machine, with clients made for it. Raises as ``CommandsClient`` does."""
    with CommandsClient(machine, settings) as client:
        return client.send(command)
