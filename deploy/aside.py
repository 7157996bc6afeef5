"""What each process does with what it cannot deal with: one table. docs/dead-letters.md is printed from it.

A test holds it against the processes' inputs, the dead-letter topics and the catalogue of errors.
"""

from dataclasses import dataclass
from typing import Final

from deploy import processes
from runtime import reading, unpacking
from schemas import errors
from schemas import topics as t
from schemas.contracts import bounds
from sinks.chains.links import Fault

LETTERS: Final = "dead letters"
STOPS: Final = "that subject stops, the others go on"
LEFT_OUT: Final = "left out"
ASIDE: Final = "put aside in a table"
ENDS: Final = "ends, starts again"


@dataclass(frozen=True)
class Row:
    """What a process ``does`` with ``what`` it reads; ``codes`` say why, ``seen`` where people see it."""

    process: str
    reads: tuple[str, ...]
    what: str
    does: str
    codes: tuple[str, ...]
    seen: str


ANY: Final = (unpacking.TOO_LARGE, unpacking.UNREADABLE, reading.LONG_KEY, reading.NO_TIME)
"""Of every reader: a batch that unpacks to too much or not at all, a key, a size, a time that cannot be."""
BOUNDS: Final = (bounds.TEXT, bounds.NUMBER)
STATE: Final = (reading.NO_STATE,)
AVRO: Final = ("AVRO-001", "AVRO-002", "AVRO-003", "AVRO-005")
ALONE: Final = (reading.CAUSES_TOO_MUCH, reading.FAILS_ALONE)
"""Of every reader: what makes its work fail, and fails when it is tried alone."""

_SHOWN: Final = "`csdl dead-letters`, csdl_dead_letters_kept"
_CHAINS: Final = "`csdl chains list`, csdl_chains_broken"
_COUNTED: Final = "csdl_dead_letters_total, the log"
_EVENTS: Final = (t.CONFIRMATION_EVENTS, t.GRANTS_EVENTS, t.ORGANISATION_EVENTS)
_REFUSALS: Final = (t.CONFIRMATION_REFUSALS, t.GRANTS_REFUSALS, t.ORGANISATION_REFUSALS)
_COMMANDS: Final = (*ANY, *AVRO, "CMD-CONTRACT", "CMD-KEY", *BOUNDS, *ALONE)
_OF_CONFIRMATION: Final = (t.CONFIRMATION_COMMANDS, t.CONFIRMATION_CHECKS, t.CONFIRMATION_RECEIPTS)
_OF_GRANTS: Final = (t.GRANTS_COMMANDS, t.GRANTS_SYSTEM)
_OF_UNITS: Final = (t.ORGANISATION_COMMANDS, t.ORGANISATION_SETUP)
_CHAIN_FAULTS: Final = tuple(fault.value for fault in Fault)

ROWS: Final = (
    Row("grants", _OF_GRANTS, "no command, or one out of bounds", LETTERS, _COMMANDS, _SHOWN),
    Row("grants", (t.GRANTS_STATE,), "garbage for a state that no events give", STOPS, (), _SHOWN),
    Row("grants", _OF_GRANTS, "a command for one that stopped", LETTERS, STATE, _SHOWN),
    Row(
        "validation", (processes.VENDORS,), "no chunk, removal or closing, or one out of bounds", LETTERS,
        (*ANY, *AVRO, "AVRO-004", "VAL-004", "VAL-006", "VAL-009", "VAL-012", *ALONE), _SHOWN,
    ),
    Row("validation", (processes.VENDORS,), "what crashed it 3 times", LETTERS, ("VAL-010",), _SHOWN),
    Row(
        "validation", (processes.VENDORS,), "what it could not fetch in 3 lives", LETTERS,
        (reading.STANDS_STILL,), f"{_SHOWN}, csdl_watchdog_ends_total",
    ),
    Row(
        "validation", (t.GRANTS_STATE, t.ORGANISATION_STATE), "garbage for a grant or a unit: it is none",
        STOPS, STATE, _COUNTED,
    ),
    Row(
        "load", (t.RECORDS_ACCEPTED,), "a verdict that fails alone (its push stays incomplete)", LETTERS,
        (*ANY, *ALONE), f"{_SHOWN}, `csdl pushes`",
    ),
    Row(
        "load", (t.RECORDS_ACCEPTED,), "no verdict (its push stays incomplete)", LEFT_OUT,
        (*AVRO, "REC-004", "REC-005"), f"{_COUNTED}, `csdl pushes`",
    ),
    Row(
        "load", (t.RECORDS_REMOVALS,), "no removal, or one out of bounds", LETTERS,
        (*ANY, *AVRO, "REC-004", "REC-005", *BOUNDS, *ALONE), _SHOWN,
    ),
    Row("check", (), "reads the database alone: what fails there", ENDS, (), "csdl_batch_seconds, the log"),
    Row(
        "outbox", (), "a message too large for its topic stays in its table; each start tries it again",
        ASIDE, ("OUT-001",), "`csdl doctor`, csdl_outbox_aside",
    ),
    Row("confirmation", _OF_CONFIRMATION, "no command, or one out of bounds", LETTERS, _COMMANDS, _SHOWN),
    Row(
        "confirmation", (t.CONFIRMATION_STATE,), "garbage for a state that no events give", STOPS,
        (), _SHOWN,
    ),
    Row(
        "confirmation", _OF_CONFIRMATION, "a command for one that stopped", LETTERS, STATE, _SHOWN,
    ),
    Row("projection", _EVENTS, "no event of its chain, or none to be held", STOPS, _CHAIN_FAULTS, _CHAINS),
    Row(
        "projection", _REFUSALS, "no refusal, or one that cannot be held", LETTERS,
        (*ANY, *AVRO, "REC-005", *BOUNDS, *ALONE), _SHOWN,
    ),
    Row(
        "export", (t.CONFIRMATION_EVENTS,), "no event of its chain, or none to be held", STOPS,
        _CHAIN_FAULTS, _CHAINS,
    ),
    Row("receipts", (t.MINISTRY_RECEIPTS,), "no receipts", LETTERS, (*ANY, *AVRO, "RCP-004", *ALONE), _SHOWN),
    Row(
        "receipts", (t.MINISTRY_RECEIPTS,), "a receipt that fits no record", ASIDE,
        ("RCP-001", "RCP-002", "RCP-003"), "csdl_receipts_aside_total",
    ),
    Row(
        "checkpoints", _EVENTS, "no event of its chain", STOPS, _CHAIN_FAULTS,
        "`csdl audit verify`, csdl_audit_findings",
    ),
    Row(
        "checkpoints", _REFUSALS, "whatever lies there is sealed", STOPS, (),
        "`csdl audit verify`, csdl_audit_findings",
    ),
    Row("watch", (), "reads servers alone: what fails there", ENDS, (), "the log"),
    Row("organisation", _OF_UNITS, "no command, or one out of bounds", LETTERS, _COMMANDS, _SHOWN),
    Row(
        "organisation", (t.ORGANISATION_STATE,), "garbage for a state that no events give", STOPS,
        (), _SHOWN,
    ),
    Row("organisation", _OF_UNITS, "a command for one that stopped", LETTERS, STATE, _SHOWN),
    Row("access", (), "follows answers and states: what is none of a machine's", LEFT_OUT, STATE, _COUNTED),
    Row(
        "feed", (t.PUSH_ANSWERS,), "no answer of a push, or one that cannot be held", LEFT_OUT,
        (*ANY, *AVRO, "REC-004", "REC-005", *BOUNDS, *ALONE), _COUNTED,
    ),
    Row(
        "feed", (t.CONFIRMATION_EVENTS,), "no event of its chain, or none to be held", STOPS, _CHAIN_FAULTS,
        _CHAINS,
    ),
    Row(
        "feed", (t.CONFIRMATION_EVENTS,), "an act on a version that is not here (yet)", ASIDE, (),
        "csdl_feed_waiting",
    ),
    Row("credentials", (), "follows grants: a state that is none gives nothing", LEFT_OUT, STATE, _COUNTED),
    Row("gateway", (), "follows states: one that is none gives nothing", LEFT_OUT, STATE, _COUNTED),
)  # fmt: skip

_HEAD: Final = """# What each process does with what it cannot deal with

Printed from the code by `csdl docs`; do not edit.

No message ends a process for good. What is read is looked at in one place: its batch is unpacked to 16 MiB at
most, its key, size and time are looked at, then the fields of its contract (`schemas/contracts/bounds.py`).
What makes a piece of work fail is found by trying its messages alone, and put aside; the position goes on.

- **dead letters**: the bytes untouched in `dlq.<topic>`, on the cover their place and the code, no key.
  `csdl dead-letters show` lists them; `csdl dead-letters replay --code CODE` sends them again, once, by the
  same road, after the cause was mended.
- **that subject stops**: an event that must not be skipped stops its dataset, grant or unit for this reader
  alone. `csdl chains reread READER` takes it up again after a mend.

| process | reads | what | does | codes | seen in |
|---|---|---|---|---|---|
"""


def document() -> str:
    """The page."""
    lines = [
        f"| {r.process} | {_listed(r.reads)} | {r.what} | {r.does} | {_listed(r.codes)} | {r.seen} |\n"
        for r in ROWS
    ]
    codes = sorted({code for row in ROWS for code in row.codes} & errors.catalogue().keys())
    said = [f"| {code} | {errors.catalogue()[code][1]} |\n" for code in codes]
    return _HEAD + "".join(lines) + "\n## The codes\n\n| code | says |\n|---|---|\n" + "".join(said)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)
