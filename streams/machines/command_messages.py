"""Messages of a commands topic as commands of its machine."""

from typing import Any

from kafka.consumer.fetcher import ConsumerRecord

from runtime import kafka, reading
from schemas.contracts import bounds
from schemas.days import kafka_time
from schemas.encoding import codec
from streams.machines import wire
from streams.machines.machine import AnyMachine, CommandSource


class Misfit(Exception):
    """Bytes that are no command of this machine: for the dead letters. ``code`` is of the error catalogue."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def command_record(machine: AnyMachine, message: ConsumerRecord) -> dict[str, Any]:
    """The record of a command that lies where it belongs.

    Raises Misfit: another key's partition would give its subject two states.
    """
    if unfit := reading.fault(message, reading.MAX_SMALL):
        raise Misfit(unfit)
    try:
        name, record = codec.decode(message.value or b"")
    except codec.Undecodable as error:
        raise Misfit(error.code) from None
    if name != machine.command_contract:
        raise Misfit("CMD-CONTRACT")
    try:
        key = machine.key(wire.from_record(machine.command, record)).encode("utf-8")
    except ValueError:
        raise Misfit("CMD-CONTRACT") from None
    if message.key != key or message.partition != kafka.partition_of(key):
        raise Misfit("CMD-KEY")
    return record


def asked(machine: AnyMachine, message: ConsumerRecord) -> dict[str, Any]:
    """The record of a command to decide: one within the bounds of what may be asked. Raises Misfit."""
    record = command_record(machine, message)
    if unfit := bounds.asked(machine.command_contract, record):
        raise Misfit(unfit)
    return record


def source(message: ConsumerRecord) -> CommandSource:
    """Where it lies and when the broker took it."""
    return CommandSource(message.topic, message.offset, kafka_time(message.timestamp))
