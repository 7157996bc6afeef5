"""docs/grants.md, printed from the table: the state diagram, every row, every refusal.

``csdl docs`` renews it; a test compares them.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from streams.documents.page import reasons, refusals, section
from streams.grants.commands import REMINDERS, RETURN_REASONS, ROLE_VI, Role
from streams.grants.conditions import PARTS, REFUSALS
from streams.grants.state import STANDING_VI, Standing
from streams.grants.table import TABLE, Row

_DAYS: Final = f"{', '.join(map(str, REMINDERS[:-1]))} and {REMINDERS[-1]}"

_HEAD: Final = f"""\
# Grants

Printed from `streams/grants/table.py` by `csdl docs`; do not edit.

A grant lets one vendor push for one school. The school asks with Form 1; the unit that managed it on the
form's day checks it and batches it with Form 2 (direct units skip that); the department approves and issues;
the school hands it to the vendor on a contract. Only then may the vendor push, for the record types and
periods that were approved. Each act names the sequence of the grant that the actor saw; it acts once. Nobody
decides on what they asked for, checked or batched: persons are compared before the command leaves, accounts
here. Events name a document by number, date and SHA-256, never a person; the file lies elsewhere.

What the department allowed without papers (`allowed`, how earlier releases gave it) stays in force, also
while a request for it is on its way, until that is handed over. The system says the first push (`use`),
announces the last day {_DAYS} days before (`remind`), ends a grant the day after it (`expire`) and
suspends one whose contract has ended or whose school has handed over to another vendor. A vendor (`*` in
the place of the school) and a version of its product (`*@VERSION`) are suspended as a whole: that stops
every grant below, and changes none. Time is Kafka's: the sender's clock decides nothing.

"""

_NOT_DRAWN: Final = {"rotated", "amended", "reminded", "revoked", "suspended", "resumed", "expired"}
"""These change no state, or lead from almost every one: the arrows would hide the others."""


def mermaid() -> str:
    """The state diagram: one arrow between two states, with all commands that lead there."""
    lines = ["stateDiagram-v2", "    [*] --> none"]
    drawn = [r for r in TABLE if r.event and r.event.value not in _NOT_DRAWN and not r.level]
    for (state, to), rows in groupby(sorted(drawn, key=_arrow), key=_arrow):
        commands = sorted({row.command.value for row in rows})
        if state != to:
            lines.append(f"    {state} --> {to}: {' / '.join(commands)}")
    lines += ["    in_use --> suspended: suspend", "    suspended --> in_use: resume"]
    lines += ["    in_use --> expired: expire", "    in_use --> revoked: revoke", "    revoked --> [*]", ""]
    return "\n".join(lines)


def document() -> str:
    """The whole page."""
    return _HEAD + "\n".join(
        (
            f"```mermaid\n{mermaid()}```\n",
            _states(),
            _roles(),
            _table(),
            refusals(REFUSALS),
            reasons(RETURN_REASONS),
        )
    )


def _arrow(row: Row) -> tuple[str, str]:
    return row.state.value, row.next.value if row.next else "before"


def _states() -> str:
    return section("States", ("state", "tiếng Việt"), [(s.value, STANDING_VI[s]) for s in Standing])


def _roles() -> str:
    return section("Roles", ("role", "tiếng Việt"), [(r.value, ROLE_VI[r]) for r in Role])


def _table() -> str:
    columns = ("of", "state", "command", "role", "unit", "if", "next state", "event", "refused unless")
    text = section("Table", columns, [_line(rows) for rows in _alike()])
    parts = "; ".join(f"`{who.value}` is {part.doc}" for who, part in PARTS.items())
    return text + (
        f"\n`unit`: {parts}. Where several lines fit, the first is taken. `before` is the state before the"
        " suspension. `—` is no event: the command is refused with the code beside it, or silent, since a"
        " part of the system repeats what is known.\n"
    )


def _alike() -> list[list[Row]]:
    """The rows in their order, those together that differ in the state alone."""
    found: dict[tuple[object, ...], list[Row]] = {}
    for r in TABLE:
        stays = "same" if r.next is r.state else r.next
        key = (r.level, r.command, r.role, r.who, r.when, stays, r.event, r.code, r.guards)
        found.setdefault(key, []).append(r)
    return list(found.values())


def _line(rows: Sequence[Row]) -> tuple[str, ...]:
    r = rows[0]
    return (
        "level" if r.level else "grant",
        ", ".join(row.state.value for row in rows),
        r.command,
        r.role,
        r.who,
        r.when,
        "same" if r.next is r.state else r.next or "before",
        r.event.value if r.event else f"— {r.code or 'silent'}",
        ", ".join(r.guards),
    )
