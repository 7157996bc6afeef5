"""The words of the table: who a unit is to a grant, what must hold, which of two rows it is. Pure.

Each word has one meaning, said here once: a row names it, ``decide`` asks it, the documents print it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.days import vietnam_day
from streams.grants.commands import REMINDERS, RETURN_REASONS, Command
from streams.grants.events import number_of
from streams.grants.state import LAPSES, Contract, Document, Scope, Signature, State
from streams.machines.machine import CommandSource

Holds = Callable[[State, Command, CommandSource], bool]

ALREADY: Final = "GRANT-ALREADY"
ABSENT: Final = "GRANT-ABSENT"
SHA256_LENGTH: Final = 64


class Who(StrEnum):
    """Which unit of that role."""

    SYSTEM = "system"
    SCHOOL = "school"
    MANAGING = "managing"
    DEPARTMENT = "department"


@dataclass(frozen=True, slots=True)
class Part:
    """What a unit is to a grant."""

    has: Callable[[State, str], bool]
    doc: str


PARTS: Final[Mapping[Who, Part]] = {
    Who.SYSTEM: Part(lambda s, unit: True, "the part of the system with that role; the topic proves it"),
    Who.SCHOOL: Part(lambda s, unit: unit == s.ma_truong_hoc, "the grant's school"),
    Who.MANAGING: Part(
        lambda s, unit: unit == s.managing != "",
        "the unit that managed the school on the day of its request; none of a direct unit's",
    ),
    Who.DEPARTMENT: Part(
        lambda s, unit: bool(unit), "the department; who sends the command asks which unit that is"
    ),
}
"""A unit without the part is refused with GRANT-UNIT."""


class When(StrEnum):
    """Where one command has several rows in a state: which one. The first that holds is taken."""

    ALWAYS = ""
    DIRECT = "the school is a direct unit"
    SAME_RIGHTS = "the same rights"
    LAPSED = "for the contract or the vendor"
    REMINDED = "reminded already"


WHEN: Final[Mapping[When, Holds]] = {
    When.ALWAYS: lambda s, c, at: True,
    When.DIRECT: lambda s, c, at: not s.managing,
    When.SAME_RIGHTS: lambda s, c, at: c.scope.rights == s.rights,
    When.LAPSED: lambda s, c, at: s.suspended_for in LAPSES and not s.without_papers,
    When.REMINDED: lambda s, c, at: 0 < s.reminded <= c.days or c.valid_until != s.valid_until,
}


def _complete(document: Document | None) -> bool:
    return (
        document is not None
        and bool(document.number.strip())
        and len(document.sha256) == SHA256_LENGTH
        and set(document.sha256) <= set("0123456789abcdef")
    )


def _follows(state: State, command: Command, at: CommandSource) -> bool:
    """Whether the document comes neither from the future nor from before the request that it batches."""
    document = command.document
    if document is None or document.date > vietnam_day(at.at):
        return False
    return document.kind != "form_2" or state.request is None or document.date >= state.request.date


def _signed(state: State, command: Command) -> bool:
    contract = command.contract
    return (
        contract is not None
        and bool(contract.number.strip())
        and contract.clause
        and {state.vendor, state.ma_truong_hoc} <= set(contract.parties)
    )


def _lasts(contract: Contract | None, at: CommandSource) -> bool:
    return contract is None or contract.ends is None or vietnam_day(at.at) <= contract.ends


def _in_order(state: State, command: Command, at: CommandSource) -> bool:
    contract = command.contract
    if contract is None or contract.date > vietnam_day(at.at):
        return False
    return (contract.ends is None or contract.begins <= contract.ends) and _lasts(contract, at)


def _says_what(scope: Scope) -> bool:
    return bool(scope.types and scope.periods)


def _not_over(scope: Scope | None, at: CommandSource) -> bool:
    return scope is None or scope.valid_until is None or vietnam_day(at.at) <= scope.valid_until


def _within(state: State, command: Command) -> bool:
    """Whether no more is given than was asked for."""
    asked, given = state.pending or Scope(), command.scope
    return (
        set(given.types) <= set(asked.types)
        and set(given.periods) <= set(asked.periods)
        and set(given.rights) <= set(asked.rights)
    )


GUARDS: Final[Mapping[str, Holds]] = {
    "GRANT-SEQUENCE": lambda s, c, at: c.sequence == s.sequence,
    "GRANT-ACCOUNT": lambda s, c, at: bool(c.account),
    "GRANT-OWN": lambda s, c, at: c.account not in s.authors and "" not in s.authors,
    "GRANT-ROUTE": lambda s, c, at: (
        bool(c.route) and len(set(c.route)) == len(c.route) and s.ma_truong_hoc not in c.route
    ),
    "GRANT-DOCUMENT": lambda s, c, at: _complete(c.document),
    "GRANT-DOCUMENT-DATE": _follows,
    "GRANT-NUMBER": lambda s, c, at: c.document is None or number_of(c.document) not in s.numbers,
    "GRANT-SCOPE": lambda s, c, at: _says_what(c.scope),
    "GRANT-MORE": lambda s, c, at: _within(s, c),
    "GRANT-OVER": lambda s, c, at: _not_over(c.scope, at),
    "GRANT-SIGNATURE": lambda s, c, at: c.signature in tuple(Signature),
    "GRANT-PAPER": lambda s, c, at: c.document is not None and c.document == s.paper,
    "GRANT-ENDED": lambda s, c, at: _not_over(s.pending or s.scope, at),
    "GRANT-CONTRACT": lambda s, c, at: _signed(s, c),
    "GRANT-CONTRACT-DATES": _in_order,
    "GRANT-CONTRACT-OVER": lambda s, c, at: _lasts(s.contract, at),
    "GRANT-NOT-OVER": lambda s, c, at: not _not_over(s.scope, at),
    "GRANT-REASON-CODE": lambda s, c, at: c.reason_code in RETURN_REASONS,
    "GRANT-REASON-TEXT": lambda s, c, at: bool(c.reason_text.strip()),
    "GRANT-REMINDER": lambda s, c, at: c.days in REMINDERS,
}
"""What must hold, by the code of the refusal if it does not; asked in the order in which the row names it."""

REFUSALS: Final[Mapping[str, str]] = {
    "GRANT-ROLE": "the role may not do this, or may not write to this topic",
    "GRANT-UNKNOWN": "no such command",
    "GRANT-RIGHT": "a right that is not on the list",
    "GRANT-LEVEL": "a vendor or a product version is only suspended and resumed; a grant is a school's",
    ABSENT: "there is no such grant",
    "GRANT-UNIT": "the unit is not the grant's school, nor the unit that manages it",
    ALREADY: "done already",
    "GRANT-STATE": "not possible as the grant stands",
    "GRANT-SEQUENCE": "something has happened since the actor looked, or nothing says when that was",
    "GRANT-ACCOUNT": "nobody says by which account",
    "GRANT-OWN": "the account that asked, checked or batched, or one that nobody knows, is no second person",
    "GRANT-ROUTE": "the units that decide are none, named twice, or the school itself",
    "GRANT-DOCUMENT": "the document lacks its number or the SHA-256 of the file",
    "GRANT-DOCUMENT-DATE": "the document is of the future, or Form 2 is older than the Form 1 that it lists",
    "GRANT-NUMBER": "the school has used the document's number in that year",
    "GRANT-SCOPE": "it is not said which record types or which periods",
    "GRANT-MORE": "more is given than was asked for",
    "GRANT-OVER": "the last day that is named has passed",
    "GRANT-SIGNATURE": "nothing says how the document's signature was checked",
    "GRANT-PAPER": "the document that was checked is not the one that is decided on",
    "GRANT-ENDED": "the last day that was approved has passed",
    "GRANT-CONTRACT": "no number, another's contract, or the clause is not confirmed",
    "GRANT-CONTRACT-DATES": "the contract is of the future, ends before it begins, or has ended",
    "GRANT-CONTRACT-OVER": "the contract has ended: the school hands over on a new one",
    "GRANT-NOT-OVER": "its last day has not passed",
    "GRANT-REASON-CODE": "the reason's code is not on the list",
    "GRANT-REASON-TEXT": "the reason is not given in words",
    "GRANT-REMINDER": "no such reminder",
}
"""Every refusal, in the order in which it is looked for."""
