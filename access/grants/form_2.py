"""A unit's batch: Form 2 by itself, against the register of its day, and against the requests. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from access.documents import against
from access.documents.form2 import Form2, Line
from access.grants.papers import Request2, fault, signed
from schemas.errors import Problem
from schemas.organisation.organisation import Organisation
from streams.grants.state import Document, Standing, State

THROUGH: Final = (
    Standing.BATCHED, Standing.APPROVED, Standing.ISSUED, Standing.HANDED_OVER, Standing.IN_USE,
)  # fmt: skip
"""Where a grant stands that a batch has come to."""


@dataclass(frozen=True)
class Read:
    """What a batch comes to: the grants that it is still to come to, or all that is wrong. ``document``: what
    of Form 2 goes on record, None of a form without its day."""

    states: tuple[State, ...]
    problems: list[Problem]
    document: Document | None = None


def read(
    asked: Request2,
    form: Form2,
    unit: str,
    known: Organisation,
    grants: Callable[[str], Sequence[State]],
    today: date,
    list_sha256: str = "",
) -> Read:
    """The batch of a unit. ``grants``: those of a school, whatever their vendor. ``list_sha256``: of the list
    that goes with it.

    Of a batch that came to some of its schools and not to all, the same papers carry on with the others.
    """
    problems = [*form.problems(today), *signed(asked.sha256)]
    if form.unit and form.unit != unit:
        problems.append(fault("GRT-201", "unit", unit=unit))
    if form.day is None:
        return Read((), problems)
    document = Document("form_2", form.number.strip(), form.day, asked.sha256, list_sha256)
    problems += against.form2(form, known, form.day)
    found = [_of_line(line, grants(line.school)) for line in form.lines]
    done = [_through(state, document) for state in found]
    states = []
    for row, (line, state) in enumerate(zip(form.lines, found, strict=True), 1):
        if done[row - 1] and not all(done):
            continue
        problems += _request(form.day, line, row, state)
        states += [state] if state else []
    return Read(tuple(states), problems, document)


def _through(state: State | None, document: Document) -> bool:
    """Whether this very batch has come to the grant."""
    return (
        state is not None
        and bool(document.list_sha256)
        and state.batch == document
        and state.state in THROUGH
    )


def _of_line(line: Line, grants: Sequence[State]) -> State | None:
    """The grant of the line's school for its software; a checked one before others."""
    own = [s for s in grants if s.software.casefold() == line.software.strip().casefold()]
    return min(own, key=lambda s: s.state is not Standing.CHECKED, default=None)


def _request(day: date, line: Line, row: int, state: State | None) -> Iterator[Problem]:
    about = {"school": line.school[:20], "software": line.software[:40]}
    standing = state.state if state else Standing.NONE
    if state is None or state.request is None or standing not in (Standing.CHECKED, Standing.BATCHED):
        yield fault("GRT-207", "school", row, state=standing.value, **about)
    elif standing is Standing.BATCHED:
        yield fault("GRT-208", "school", row, **about)
    else:
        if state.request.date > day:
            yield fault("GRT-211", "day", row, **about)
        if state.request.number.casefold() != line.form1_number.strip().casefold():
            yield fault("GRT-212", "form1_number", row, **about)
