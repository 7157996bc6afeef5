"""docs/confirmation.md, printed from the table: the state diagram, every row, every refusal.

``csdl confirmation table --markdown > docs/confirmation.md`` renews it; a test compares them.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from schemas.errors import catalogue
from streams.confirmation.commands import RETURN_REASONS, ROLE_VI, Role
from streams.confirmation.state import STAGE_VI, Stage
from streams.confirmation.table import INTERNAL, REFUSALS, TABLE, Row

_HEAD: Final = """\
# Confirmation

Printed from `streams/confirmation/table.py` by `csdl confirmation table --markdown`; do not edit.

A dataset is a school's data of one school year and period. Its route is the list of units that must confirm
it, fixed when the department opens the dataset. Every unit of the route but the last claims and confirms; the
last claims, approves and forwards. Each act names the version and the digest that the actor saw. A version
that is checked while somebody's act stands for another one is held, and adopted when the dataset comes back.

"""

_NOT_DRAWN: Final = {"version_held"}
"""A held version changes no state: arrows from every state to itself would hide the others."""


def mermaid() -> str:
    """The state diagram: one arrow between two states, with all commands that lead there. Who gives them
    stands in the table: labels with roles lie over each other.
    """
    lines = ["stateDiagram-v2", "    [*] --> absent"]
    drawn = [row for row in TABLE if row.event.value not in _NOT_DRAWN]
    for (state, to), rows in groupby(sorted(drawn, key=_arrow), key=_arrow):
        commands = sorted({_said(row.command.value) for row in rows})
        lines.append(f"    {state} --> {to}: {' / '.join(commands)}")
    lines += ["    accepted --> [*]", ""]
    return "\n".join(lines)


def document() -> str:
    """The whole page."""
    return _HEAD + "\n".join((_diagram(), _states(), _roles(), _table(), _refusals(), _reasons()))


def _arrow(row: Row) -> tuple[str, str]:
    return row.state.value, row.next.value


def _said(command: str) -> str:
    return "held version" if command in {a.value for a in INTERNAL} else command


def _diagram() -> str:
    return f"```mermaid\n{mermaid()}```\n"


def _states() -> str:
    return _section("States", ("state", "tiếng Việt"), [(s.value, STAGE_VI[s]) for s in Stage])


def _roles() -> str:
    return _section("Roles", ("role", "tiếng Việt"), [(r.value, ROLE_VI[r]) for r in Role])


def _table() -> str:
    rows = [
        (r.state, r.command, r.role, r.who, r.next, r.event, r.when or "", ", ".join(r.guards)) for r in TABLE
    ]
    text = _section(
        "Table", ("state", "command", "role", "unit", "next state", "event", "if", "refused unless"), rows
    )
    return text + (
        "\n`unit`: `self` is the part of the system with that role, `school` the dataset's school, `turn` the"
        " unit whose turn it is, `last` the same if it is the last of the route, `previous` the one before"
        " it. `adopt` is the machine's own, in the same step.\n"
    )


def _refusals() -> str:
    rows = [(code, why, *catalogue()[code]) for code, why in REFUSALS.items()]
    return _section("Refusals, in the order in which they are looked for", ("code", "why", "vi", "en"), rows)


def _reasons() -> str:
    rows = [(code, vi, en) for code, (vi, en) in RETURN_REASONS.items()]
    return _section("Reasons of a return", ("code", "tiếng Việt", "English"), rows)


def _section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    body = "".join(f"| {' | '.join(str(cell) for cell in row)} |\n" for row in rows)
    return f"## {title}\n\n{head}{body}"
