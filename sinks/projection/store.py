"""The read model's tables, read and written set by set."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from psycopg2.extensions import cursor

from sinks.postgres import rows
from sinks.projection.wire_rows import COLUMNS, from_row, to_row
from streams.confirmation.events import Event
from streams.confirmation.state import State
from streams.grants.state import State as Grant
from streams.organisation.state import State as UnitState

_OF_DATASET: Final = {*COLUMNS.values(), "period"}
"""What an event says of its dataset stands once, in ``confirmation``."""


class CommandOutcome(NamedTuple):
    """What became of a command; ``command`` is the refused command's name, or that of its first event."""

    command_id: str
    machine: str
    subject: str
    command: str
    outcome: str
    code: str
    state: str
    unit: str
    role: str
    at: datetime


def confirmations(cur: cursor, datasets: Collection[str]) -> dict[str, State]:
    """States of these datasets, as far as they have one."""
    cur.execute("SELECT * FROM confirmation WHERE dataset_id = ANY(%s)", (sorted(datasets),))
    return {row["dataset_id"]: from_row(State, row) for row in rows.fetch(cur)}


def put_confirmations(cur: cursor, some: Iterable[tuple[State, datetime]]) -> None:
    """Write states with the time of their last event."""
    rows.upsert(cur, "confirmation", ("dataset_id",), [to_row(s) | {"changed_at": at} for s, at in some])


def put_events(cur: cursor, some: Iterable[Event]) -> None:
    """Write transitions; one that is there already stays."""
    kept = [{name: v for name, v in to_row(e).items() if name not in _OF_DATASET} for e in some]
    rows.insert(cur, "confirmation_event", kept, "ON CONFLICT (dataset_id, sequence) DO NOTHING")


def grants(cur: cursor, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Grant]:
    """States of these (vendor, school) grants, as far as they have one."""
    wanted = sorted(keys)
    cur.execute(
        "SELECT g.* FROM grant_state g "
        "JOIN unnest(%s::text[], %s::text[]) AS w (vendor, school) USING (vendor, school)",
        ([v for v, _ in wanted], [s for _, s in wanted]),
    )
    return {(row["vendor"], row["school"]): from_row(Grant, row) for row in rows.fetch(cur)}


def put_grants(cur: cursor, some: Iterable[tuple[Grant, datetime]]) -> None:
    """Write grants with the time of their last event."""
    rows.upsert(cur, "grant_state", ("vendor", "school"), [to_row(g) | {"changed_at": at} for g, at in some])


def put_units(cur: cursor, some: Sequence[tuple[UnitState, datetime]]) -> None:
    """Write units with the time of their last event; the periods that they have now, and no other."""
    units = [{**to_row(s), "changed_at": at} for s, at in some]
    periods = [to_row(p) | {"unit_code": s.unit_code} for s, _ in some for p in s.periods]
    rows.upsert(cur, "unit", ("unit_code",), [{k: v for k, v in u.items() if k != "periods"} for u in units])
    cur.execute("DELETE FROM unit_period WHERE unit_code = ANY(%s)", ([u["unit_code"] for u in units],))
    rows.insert(cur, "unit_period", periods, "")


def mark_broken(cur: cursor, subjects: Collection[str]) -> None:
    """Mark datasets, grants and units of which an event was put aside."""
    if not subjects:
        return
    named = (sorted(subjects),)
    cur.execute("UPDATE confirmation SET chain_broken = true WHERE dataset_id = ANY(%s)", named)
    cur.execute("UPDATE grant_state SET chain_broken = true WHERE vendor || '/' || school = ANY(%s)", named)
    cur.execute("UPDATE unit SET chain_broken = true WHERE unit_code = ANY(%s)", named)


def put_outcomes(cur: cursor, some: Sequence[CommandOutcome]) -> None:
    """Write what became of commands. The first outcome stands, but accepted beats refused: the two come on
    different topics, and a command sent twice may have both."""
    changed = ", ".join(f"{name} = EXCLUDED.{name}" for name in CommandOutcome._fields[3:])
    rows.insert(
        cur,
        "command_outcome",
        [outcome._asdict() for outcome in some],
        f"ON CONFLICT (command_id) DO UPDATE SET {changed} "
        "WHERE command_outcome.outcome = 'refused' AND EXCLUDED.outcome = 'accepted'",
    )
