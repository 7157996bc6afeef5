"""The words of the table: who a unit is to a dataset, what must hold, which of two rows it is. Pure.

Each word has one meaning, said here once: a row names it, ``decide`` asks it, the documents print it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.days import vietnam_day
from streams.confirmation.commands import RETURN_REASONS, Command
from streams.confirmation.state import State
from streams.machines.machine import CommandSource

Holds = Callable[[State, Command, CommandSource], bool]

ALREADY: Final = "CONF-ALREADY"
WRITER: Final = "CONF-WRITER"


class Who(StrEnum):
    """Which unit of that role: by the dataset's own school and route, never by the form of a code."""

    SELF = "self"
    SCHOOL = "school"
    TURN = "turn"
    LAST = "last"
    PREVIOUS = "previous"
    END = "end"


@dataclass(frozen=True, slots=True)
class Part:
    """What a unit is to a dataset: whether it has this part at all, and whether it is its turn now."""

    has: Callable[[State, str], bool]
    turn: Callable[[State, str], bool]
    doc: str


def _always(state: State, unit: str) -> bool:
    return True


def _middle(state: State, unit: str) -> bool:
    return unit in state.route[:-1]


def _end(state: State, unit: str) -> bool:
    return unit in state.route[-1:]


def _turn(state: State, unit: str) -> bool:
    return unit == state.turn


PARTS: Final[Mapping[Who, Part]] = {
    Who.SELF: Part(_always, _always, "the part of the system with that role; the topic proves it"),
    Who.SCHOOL: Part(lambda s, unit: unit == s.ma_truong_hoc, _always, "the dataset's school"),
    Who.TURN: Part(_middle, _turn, "the unit whose turn it is, if another comes after it"),
    Who.LAST: Part(_end, _turn, "the last unit of the route, when it is its turn"),
    Who.PREVIOUS: Part(
        _middle,
        lambda s, unit: s.level > 0 and unit == s.route[s.level - 1],
        "the unit that has just confirmed, before the next one claims",
    ),
    Who.END: Part(_end, _always, "the last unit of the route, whoever's turn it is"),
}
"""A unit without the part is refused with CONF-UNIT, or CONF-ROLE if it has another; one whose turn it is not
with CONF-TURN."""


class Level(StrEnum):
    """What becomes of the index in the route."""

    KEEP = "keep"
    FIRST = "first"
    NEXT = "next"
    BACK = "back"


class When(StrEnum):
    """Where one command has several rows in a state: which one. The first that holds is taken."""

    ALWAYS = ""
    NONE_REFUSED = "none refused"
    SOME_REFUSED = "some refused"
    KNOWN_VERSION = "not newer than the newest version"
    LOCKED = "locked"
    UNLOCKED = "not locked"
    NO_LAST_DAY = "no last day to submit"
    SAME_ROUTE = "the same route"


WHEN: Final[Mapping[When, Holds]] = {
    When.ALWAYS: lambda s, c, at: True,
    When.NONE_REFUSED: lambda s, c, at: c.counts.get("refused", 0) == 0,
    When.SOME_REFUSED: lambda s, c, at: c.counts.get("refused", 0) > 0,
    When.KNOWN_VERSION: lambda s, c, at: c.version <= s.newest_version,
    When.LOCKED: lambda s, c, at: s.locked,
    When.UNLOCKED: lambda s, c, at: not s.locked,
    When.SAME_ROUTE: lambda s, c, at: c.route == s.route,
    When.NO_LAST_DAY: lambda s, c, at: s.days.closes is None,
}


def _known_digest(state: State, version: int) -> str | None:
    """Digest of a version that stands in the state; None of one that has left it."""
    return {state.version: state.digest, state.held_version: state.held_digest}.get(version)


def _is_later(state: State, command: Command) -> bool:
    """Whether the new last day comes after the present one; none at all does."""
    named, now = (command.window.closes if command.window else None), state.days.closes
    return named is None or now is None or named > now


def _in_order(command: Command) -> bool:
    days = command.window
    return days is None or days.opens is None or days.closes is None or days.opens <= days.closes


GUARDS: Final[Mapping[str, Holds]] = {
    "CONF-STALE": lambda s, c, at: c.version == s.version,
    "CONF-DIGEST": lambda s, c, at: _known_digest(s, c.version) in (None, c.digest),
    "CONF-JUMP": lambda s, c, at: c.version == s.newest_version + 1,
    "CONF-SEQUENCE": lambda s, c, at: c.sequence == s.sequence,
    "CONF-EXPORT": lambda s, c, at: c.sequence == s.forwarded > 0 and bool(c.export_id),
    "CONF-LOCKED": lambda s, c, at: not s.locked,
    "CONF-WINDOW": lambda s, c, at: s.days.holds(vietnam_day(at.at)),
    "CONF-ROUTE": lambda s, c, at: (
        bool(c.route) and len(set(c.route)) == len(c.route) and c.unit == c.route[-1]
    ),
    "CONF-DAYS": lambda s, c, at: _in_order(c),
    "CONF-LATER": lambda s, c, at: _is_later(s, c),
    "CONF-BLOCKING": lambda s, c, at: s.counts.get("blocking", 0) == 0,
    "CONF-WARNINGS": lambda s, c, at: (
        s.counts.get("warnings", 0) + s.counts.get("refused", 0) == 0 or bool(c.reason_text.strip())
    ),
    "CONF-REPLY": lambda s, c, at: bool(c.reason_text.strip()),
    "CONF-REASON-CODE": lambda s, c, at: c.reason_code in RETURN_REASONS,
    "CONF-REASON-TEXT": lambda s, c, at: bool(c.reason_text.strip()),
}
"""What must hold, by the code of the refusal if it does not; asked in the order in which the row names it."""

REFUSALS: Final[Mapping[str, str]] = {
    WRITER: "the role may not write to this topic",
    "CONF-UNKNOWN": "no such command",
    "CONF-DATASET": "the dataset's id does not agree with its school, year and period",
    "CONF-ABSENT": "the dataset has not been opened",
    "CONF-ROLE": "the role may not do this",
    "CONF-UNIT": "the unit is not the dataset's school, nor on its route",
    ALREADY: "done already",
    "CONF-STATE": "not possible in this state",
    "CONF-TURN": "it is another unit's turn",
    "CONF-STALE": "another version is in hand than the one seen",
    "CONF-DIGEST": "the version's content is not the one seen, or not the one known",
    "CONF-JUMP": "the version does not follow the newest one",
    "CONF-SEQUENCE": "something has happened since the actor looked, or nothing says when that was",
    "CONF-EXPORT": "another forwarding is in hand than the one answered, or no export is named",
    "CONF-LOCKED": "the department has locked the dataset",
    "CONF-WINDOW": "the day is not in the dataset's window, and the department has not admitted it late",
    "CONF-ROUTE": "the route is empty, names a unit twice, or does not end with the opening unit",
    "CONF-DAYS": "the window's first day comes after its last",
    "CONF-LATER": "the new last day does not come after the present one",
    "CONF-BLOCKING": "the version has blocking findings",
    "CONF-WARNINGS": "warnings or refused records are not acknowledged in words",
    "CONF-REPLY": "a returned version comes again without an answer",
    "CONF-REASON-CODE": "the reason's code is not on the list",
    "CONF-REASON-TEXT": "the reason is not given in words",
}
"""Every refusal, in the order in which it is looked for."""
