"""docs/confirmation.md, printed from the table: the state diagram, every row, every refusal.

``csdl confirmation table --markdown > docs/confirmation.md`` renews it; a test compares them.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from streams.confirmation.commands import RETURN_REASONS, ROLE_VI, Role
from streams.confirmation.conditions import PARTS, REFUSALS
from streams.confirmation.state import STAGE_VI, Stage
from streams.confirmation.table import INTERNAL, TABLE, Row
from streams.documents.page import reasons, refusals, section

_HEAD: Final = """\
# Confirmation

Printed from `streams/confirmation/table.py` by `csdl confirmation table --markdown`; do not edit.

A dataset is a school's data of one school year and period. Its route is the list of units that must confirm
it, fixed when the department opens the dataset. Every unit of the route but the last claims and confirms; the
last claims, approves and forwards. Each act names what the actor saw: the sequence of the dataset's last
event, and the version and digest in hand; it acts once. A version that is checked while somebody's act stands
for another one is held, and adopted when the dataset comes back. Besides its state a dataset has fields that
rows ask for: locked, window (days in which the school submits, Vietnam's), late, the forwarding in hand. Time
is Kafka's: the sender's clock decides nothing.

"""

_NOT_DRAWN: Final = {"version_held", "locked", "unlocked", "late_admitted"}
"""These change fields, not the state: arrows from every state to itself would hide the others."""


def mermaid() -> str:
    """The state diagram: one arrow between two states, with all commands that lead there. Who gives them
    stands in the table: labels with roles lie over each other.
    """
    lines = ["stateDiagram-v2", "    [*] --> absent"]
    drawn = [row for row in TABLE if row.event and row.event.value not in _NOT_DRAWN]
    for (state, to), rows in groupby(sorted(drawn, key=_arrow), key=_arrow):
        commands = sorted({_said(row.command.value) for row in rows})
        lines.append(f"    {state} --> {to}: {' / '.join(commands)}")
    lines += ["    accepted --> [*]", ""]
    return "\n".join(lines)


def document() -> str:
    """The whole page."""
    return _HEAD + "\n".join(
        (_diagram(), _states(), _roles(), _table(), refusals(REFUSALS), reasons(RETURN_REASONS))
    )


def _arrow(row: Row) -> tuple[str, str]:
    return row.state.value, row.next.value


def _said(command: str) -> str:
    return "held version" if command in {a.value for a in INTERNAL} else command


def _diagram() -> str:
    return f"```mermaid\n{mermaid()}```\n"


def _states() -> str:
    return section("States", ("state", "tiếng Việt"), [(s.value, STAGE_VI[s]) for s in Stage])


def _roles() -> str:
    return section("Roles", ("role", "tiếng Việt"), [(r.value, ROLE_VI[r]) for r in Role])


def _table() -> str:
    text = section(
        "Table",
        ("state", "command", "role", "unit", "if", "next state", "event", "refused unless"),
        [_line(rows) for rows in _alike()],
    )
    parts = "; ".join(f"`{who.value}` is {part.doc}" for who, part in PARTS.items())
    return text + (
        f"\n`unit`: {parts}. Where several lines fit, the first is taken. `—` is no event: the command is"
        " refused with the code beside it, or silent, since a part of the pipeline repeats what is known."
        " `adopt` is the machine's own, in the same step.\n"
    )


def _alike() -> list[list[Row]]:
    """The rows in their order, those together that differ in the state alone."""
    found: dict[tuple[object, ...], list[Row]] = {}
    for r in TABLE:
        stays = "same" if r.next is r.state else r.next
        key = (r.command, r.role, r.who, r.when, stays, r.event, r.code, r.guards, r.level)
        found.setdefault(key, []).append(r)
    return list(found.values())


def _line(rows: Sequence[Row]) -> tuple[str, ...]:
    r = rows[0]
    before = [r.state.value for r in rows]
    opened = [s.value for s in Stage if s is not Stage.ABSENT]
    many = {tuple(s.value for s in Stage): "any", tuple(opened): "any but absent"}
    return (
        many.get(tuple(before), ", ".join(before)),
        r.command,
        r.role,
        r.who,
        r.when,
        "same" if r.next is r.state else r.next,
        r.event.value if r.event else f"— {r.code or 'silent'}",
        ", ".join(r.guards),
    )
