"""The machine: values, ``decide``, ``evolve``, its declaration."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from streams.machines import chain, wire
from streams.machines.machine import CommandSource, Input, Machine
from streams.machines.refusal import Refusal
from streams.machines.wire import Value, replace

COMMANDS, REGISTER = "csdl.units.commands.v1", "csdl.units.register.v1"


class Kind(StrEnum):
    NONE = "none"
    COMMUNE = "commune"
    DISTRICT = "district"


class Seat(Value, frozen=True):
    place: str
    since: date | None = None


class Command(Value, frozen=True):
    command_id: str
    unit_code: str
    command: str
    unit: str
    role: str
    kind: Kind = Kind.NONE
    seats: tuple[Seat, ...] = ()
    schools: Mapping[str, int] = {}
    sequence: int = -1


class Event(Value, frozen=True):
    event_id: str
    command_id: str
    unit_code: str
    sequence: int
    previous_hash: str
    hash: str
    event: str
    at: datetime
    command_topic: str
    command_offset: int
    kind: Kind
    seats: tuple[Seat, ...]
    main_seat: Seat | None
    schools: Mapping[str, int]


class State(Value, frozen=True):
    unit_code: str
    sequence: int = 0
    hash: str = ""
    kind: Kind = Kind.NONE
    seats: tuple[Seat, ...] = ()
    main_seat: Seat | None = None
    schools: Mapping[str, int] = {}


def decide(state: State, command: Command, source: CommandSource) -> list[Event] | Refusal:
    if command.command == "count":
        return [] if command.schools == state.schools else [_event(state, command, source)]
    if command.command not in ("open", "move"):
        return refuse(state, command, source, "CONF-UNKNOWN")
    if command.sequence != state.sequence:
        return refuse(state, command, source, "CONF-SEQUENCE")
    return [_event(state, command, source)]


def _event(state: State, command: Command, source: CommandSource) -> Event:
    after = evolve_fields(state, command)
    event = Event(
        event_id=chain.event_id(command.command_id, 0),
        command_id=command.command_id,
        unit_code=state.unit_code,
        sequence=state.sequence + 1,
        previous_hash=state.hash,
        hash="",
        event=command.command,
        at=source.at,
        command_topic=source.topic,
        command_offset=source.offset,
        kind=after.kind,
        seats=after.seats,
        main_seat=after.main_seat,
        schools=after.schools,
    )
    return replace(event, hash=chain.digest(wire.to_record(event)))


def evolve_fields(state: State, command: Command) -> State:
    if command.command == "count":
        return replace(state, schools=command.schools)
    main = command.seats[0] if command.seats else None
    kind = command.kind if command.command == "open" else state.kind
    return replace(state, kind=kind, seats=command.seats, main_seat=main)


def evolve(state: State, event: Event) -> State:
    return State(
        state.unit_code, event.sequence, event.hash, event.kind, event.seats, event.main_seat, event.schools
    )


def refuse(state: State, command: Command, source: CommandSource, code: str) -> Refusal:
    return Refusal(
        command_id=command.command_id,
        subject=state.unit_code,
        ma_truong_hoc="",
        command=command.command,
        code=code,
        at=source.at,
        unit=command.unit,
        role=command.role,
        state=state.kind.value,
        command_topic=source.topic,
        command_offset=source.offset,
        sequence=state.sequence,
    )


MACHINE: Final[Machine[Command, State, Event]] = Machine(
    name="units",
    inputs=(Input(COMMANDS, frozenset({"department_officer"})), Input(REGISTER, frozenset({"register"}))),
    events_topic="csdl.units.events.v1",
    state_topic="csdl.units.state.v1",
    refusals_topic="csdl.units.refusals.v1",
    command=Command,
    state=State,
    event=Event,
    command_contract="UnitCommand",
    event_contract="UnitEvent",
    state_contract="UnitState",
    writer_code="CONF-WRITER",
    key=lambda about: about.unit_code,
    initial=lambda about: State(about.unit_code),
    decide=decide,
    evolve=evolve,
    refuse=refuse,
)
