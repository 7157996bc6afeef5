"""What is doubtful about a code map: collisions with the ministry's codes, codes of two meanings, gaps in
time, codes that the ministry's list lacks or has withdrawn. Pure.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any, Final

from producers.codemaps.code_map import folding
from producers.codemaps.entries import Entry
from producers.codemaps.map_files import OWN
from schemas.errors import Problem, SourceLocation

COLLISION: Final = "MAP-010"
REMAP: Final = "MAP-011"
LOSSY: Final = "MAP-012"
GAP: Final = "MAP-013"
NOT_IN_LIST: Final = "MAP-014"
WITHDRAWN: Final = "MAP-015"
NO_SUCH_LIST: Final = "MAP-016"

NOTHING: Final = "—"
"""Stands for "nothing to send"."""


@dataclass(frozen=True)
class Withdrawal:
    """A ministry code that is not used any more. ``last``: the last school year that has it."""

    codelist: str
    code: str
    last: int
    successor: str = ""


@cache
def withdrawals() -> tuple[Withdrawal, ...]:
    """The codes that the ministry has withdrawn, as far as they are known (``withdrawn.csv``)."""
    text = OWN.joinpath("withdrawn.csv").read_text(encoding="utf-8")
    return tuple(
        Withdrawal(r["codelist"], r["code"], int(r["last_year"]), r["successor"])
        for r in csv.DictReader(text.splitlines())
    )


def examine(
    name: str,
    file: str,
    entries: Sequence[Entry],
    lists: Mapping[str, Iterable[str]],
    withdrawn: Iterable[Withdrawal] = (),
) -> list[Problem]:
    """Findings of a map, by code list and code. ``lists``: the ministry's code lists → their codes."""
    found: list[Problem] = []
    gone = {(w.codelist, w.code): w for w in withdrawn}
    for codelist in dict.fromkeys(e.codelist for e in entries):
        own = [e for e in entries if e.codelist == codelist]
        if codelist not in lists:
            found.append(_problem(NO_SUCH_LIST, file, own[0], own=own[0].vendor_code))
            continue
        ministry = list(lists[codelist])
        for e in own:
            found += _of_entry(file, e, ministry, gone)
        found += _of_codes(name, file, own)
    return found


def _of_entry(
    file: str, e: Entry, ministry: Sequence[str], gone: Mapping[tuple[str, str], Withdrawal]
) -> Iterator[Problem]:
    said = e.ministry_code or NOTHING
    if e.vendor_code in ministry and e.vendor_code != e.ministry_code:
        yield _problem(REMAP, file, e, own=e.vendor_code, ministry=said)
    for other in ministry:
        padded = _same_number(e.vendor_code, other) and other != e.vendor_code
        if padded and other != e.ministry_code:
            yield _problem(COLLISION, file, e, own=e.vendor_code, ministry=said, other=other)
    if e.ministry_code is None:
        return
    if e.ministry_code not in ministry:
        yield _problem(NOT_IN_LIST, file, e, own=e.vendor_code, ministry=said)
    withdrawal = gone.get((e.codelist, e.ministry_code))
    if withdrawal and (e.last is None or e.last > withdrawal.last):
        params = {"own": e.vendor_code, "ministry": said, "year": withdrawal.last}
        yield _problem(WITHDRAWN, file, e, **params, successor=withdrawal.successor or NOTHING)


def _same_number(one: str, other: str) -> bool:
    return one.isdecimal() and other.isdecimal() and one.lstrip("0") == other.lstrip("0")


def _of_codes(name: str, file: str, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Of the lines of one code together: two meanings in one school year, none in some between two."""
    fold = folding(name)
    by_code: dict[str, list[Entry]] = {}
    for e in entries:
        by_code.setdefault(fold(e.vendor_code), []).append(e)
    for of_code in by_code.values():
        shared = {
            e.ministry_code or NOTHING
            for one, two in combinations(of_code, 2)
            if one.ministry_code != two.ministry_code and one.meets(two)
            for e in (one, two)
        }
        if shared:
            code = of_code[0].vendor_code
            yield _problem(LOSSY, file, of_code[0], own=code, codes=", ".join(sorted(shared)))
        for last, first in _gaps(of_code):
            params = {"own": of_code[0].vendor_code, "first": last + 1, "last": first - 1}
            yield _problem(GAP, file, of_code[0], **params)


def _gaps(entries: Sequence[Entry]) -> Iterator[tuple[int, int]]:
    """(last school year before a gap, first one after it)."""
    ordered = sorted(entries, key=lambda e: e.first or 0)
    until: int | None = ordered[0].last
    for e in ordered[1:]:
        if until is None:
            return
        if e.first is not None and e.first > until + 1:
            yield until, e.first
        until = None if e.last is None else max(until, e.last)


def _problem(rule: str, file: str, entry: Entry, **params: Any) -> Problem:
    at = SourceLocation(file, row=entry.line, field=entry.codelist)
    return Problem(rule, at, {"list": entry.codelist, **params})
