"""What the fields of small events may hold, in one table: texts, numbers, days, lists. Pure.

Avro bounds nothing: a text may hold a NUL, which no database takes, an id may be longer than an index's
row, an int more than 32 bits, a time may lie before the year 1. Whoever reads an event asks here before
anything else is done with it. The contracts themselves never change once they have landed, so their bounds
stand beside them.

Two measures: ``asked`` is for what somebody else writes (commands, acts, what vendors say of a push). What
one of our machines has put on record is asked only whether it can be held (``kept``): an event of an earlier
release stays an event.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from schemas.contracts.chunks import MAX_TEXT

TEXT: Final = "MSG-005"
NUMBER: Final = "MSG-006"

NUL: Final = "\x00"
YEARS: Final = range(1970, 9999)
"""Of times: a reader in another zone must be able to hold them."""
SCHOOL_YEARS: Final = range(1900, 9999)
INT: Final = range(-(2**31), 2**31)
COUNT: Final = range(2**31)
LONG: Final = range(-(2**63), 2**63)
MAX_ITEMS: Final = 100
"""Entries of a list or a map, where the table does not say more."""
MAX_KEPT: Final = 2000
"""Bytes of an id on record: with what stands beside it, it still fits a row of PostgreSQL's indexes."""

SCHOOL: Final = r"[0-9A-Za-z]{1,20}"
VERSION: Final = r"[0-9A-Za-z._-]{1,40}"
OF_GRANT: Final = rf"{SCHOOL}|\*(@{VERSION})?"
"""A school; or all of a vendor's, or all with a version of its product."""
UNIT: Final = r"[0-9A-Za-z]{2,20}"
VENDOR: Final = r"[0-9A-Za-z._-]{1,40}"
DATASET: Final = SCHOOL + r"\.[0-9]{4}\.(start|changes|end)"
ID: Final = r"[0-9A-Za-z._:/@+=-]{1,200}"
"""Ids of pushes, commands, removals, exports: what every terminal, log and table can hold as it is."""


@dataclass(frozen=True)
class Text:
    """``most`` in characters; ``form`` is a regular expression of the whole text. Line breaks are a text's,
    other control characters nobody's."""

    most: int = MAX_TEXT
    form: str = ""

    def holds(self, text: str) -> bool:
        """Whether the text is within."""
        if len(text) > self.most or _CONTROL.search(text):
            return False
        return not self.form or re.fullmatch(self.form, text) is not None


_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_ID: Final = Text(form=ID)
_REASON: Final = Text(most=4000)
_PUSHED: Final[Mapping[str, Text | range]] = {"PushId": _ID, "NamHoc": SCHOOL_YEARS, "Chunk": COUNT}
ASKED: Final[Mapping[str, Mapping[str, Text | range]]] = {
    "ConfirmationCommand": {
        "CommandId": _ID,
        "MaTruongHoc": Text(form=SCHOOL),
        "NamHoc": SCHOOL_YEARS,
        "ReasonText": _REASON,
        "Version": COUNT,
        "Counts": COUNT,
        "ExportId": Text(form=f"({ID})?"),
    },
    "GrantCommand": {
        "CommandId": _ID,
        "Vendor": Text(form=VENDOR),
        "MaTruongHoc": Text(form=OF_GRANT),
        "ReasonText": _REASON,
        "ProductVersion": Text(form=f"({VERSION})?"),
    },
    "OrganisationCommand": {
        "CommandId": _ID,
        "UnitCode": Text(form=UNIT),
        "ReasonText": _REASON,
        "Sequence": COUNT,
    },
    "RemovalAsked": {
        "RemovalId": _ID,
        "MaTruongHoc": Text(form=SCHOOL),
        "NamHoc": SCHOOL_YEARS,
        "Version": COUNT,
    },
    "PushClosed": {
        "PushId": _ID,
        "NamHoc": SCHOOL_YEARS,
        "Chunks": COUNT,
        "Records": COUNT,
        "Removed": COUNT,
    },
}
"""Contract → field → what it may hold, where that is not the measure of its type: a text of ``MAX_TEXT``
characters, an int of 32 bits, a time of ``YEARS``, a list of ``MAX_ITEMS``."""

LONG_LISTS: Final[Mapping[str, int]] = {"Identities": 100_000, "Refused": 100_000, "Fields": 1000}

_LONGS: Final = frozenset({"CommandOffset"})
_SAID: Final = frozenset({"ReasonText"})
"""Texts that stand in no index."""


def asked(contract: str, record: Mapping[str, Any]) -> str | None:
    """Code of the first field of somebody else's event that is out of bounds: MSG-005, MSG-006; else None."""
    fields = ASKED.get(contract, _PUSHED)
    for name, value in record.items():
        if fault := _fault(name, value, fields.get(name)):
            return fault
    return None


def kept(record: Mapping[str, Any]) -> str | None:
    """The same of an event on record: whether our databases and clocks can hold it."""
    for name, value in record.items():
        if fault := _unkept(name, value):
            return fault
    return None


def carried(text: str) -> str:
    """Somebody else's text as a table or a message of ours may hold it: no id of ours is made of a longer
    one, or of one with a control character."""
    return _CONTROL.sub("\ufffd", text)[:MAX_TEXT]


def _fault(name: str, value: Any, bound: Text | range | None) -> str | None:
    match value:
        case None | bool():
            return None
        case str():
            within = (bound if isinstance(bound, Text) else _PLAIN).holds(value)
            return None if within else TEXT
        case int():
            return None if value in (bound if isinstance(bound, range) else INT) else NUMBER
        case datetime():
            return None if value.year in YEARS else NUMBER
        case date():
            return None if value.year in SCHOOL_YEARS else NUMBER
        case Mapping():
            if len(value) > MAX_ITEMS:
                return NUMBER
            if not all(map(_PLAIN.holds, value)):
                return TEXT
            return _first(_fault(key, inner, bound) for key, inner in value.items())
        case list() | tuple():
            if len(value) > LONG_LISTS.get(name, MAX_ITEMS):
                return NUMBER
            return _first(_fault(name, inner, bound) for inner in value)
        case _:
            return NUMBER


_PLAIN: Final = Text()


def _unkept(name: str, value: Any) -> str | None:
    match value:
        case str():
            if NUL in value:
                return TEXT
            return None if name in _SAID or len(value.encode("utf-8")) <= MAX_KEPT else TEXT
        case bool() | None:
            return None
        case int():
            return None if value in (LONG if name in _LONGS else INT) else NUMBER
        case datetime():
            return None if value.year in YEARS else NUMBER
        case Mapping():
            return _first(_unkept(key, part) for key, inner in value.items() for part in (key, inner))
        case list() | tuple():
            return _first(_unkept(name, inner) for inner in value)
        case _:
            return None


def _first(faults: Any) -> str | None:
    return next((fault for fault in faults if fault), None)
