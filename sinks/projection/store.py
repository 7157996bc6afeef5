"""The read model's tables, read and written set by set."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from psycopg2.extensions import cursor
from psycopg2.extras import Json, execute_values

from streams.confirmation.events import Event
from streams.confirmation.state import Stage, State
from streams.grants.state import Standing
from streams.grants.state import State as Grant

PAGE: Final = 500


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
    cur.execute(
        "SELECT dataset_id, school, school_year, period, sequence, hash, state, level, route, version, "
        "digest, counts, held_version, held_digest, held_counts FROM confirmation WHERE dataset_id = ANY(%s)",
        (sorted(datasets),),
    )
    return {row[0]: _state(row) for row in cur.fetchall()}


def _state(row: tuple[Any, ...]) -> State:
    dataset_id, school, year, period, sequence, hash_, state, level, route, *rest = row
    version, digest, counts, held_version, held_digest, held_counts = rest
    return State(
        dataset_id,
        school,
        year,
        period,
        sequence,
        hash_,
        Stage(state),
        level,
        tuple(route),
        version,
        digest,
        counts,
        held_version,
        held_digest,
        held_counts,
    )


def put_confirmations(cur: cursor, some: Sequence[tuple[State, datetime, bool]]) -> None:
    """Write states with the time of their last event and whether their chain broke; a break stays marked."""
    execute_values(
        cur,
        "INSERT INTO confirmation (dataset_id, school, school_year, period, sequence, hash, state, level, "
        "route, version, digest, counts, held_version, held_digest, held_counts, changed_at, chain_broken) "
        "VALUES %s "
        "ON CONFLICT (dataset_id) DO UPDATE SET sequence = EXCLUDED.sequence, hash = EXCLUDED.hash, "
        "state = EXCLUDED.state, level = EXCLUDED.level, route = EXCLUDED.route, version = EXCLUDED.version, "
        "digest = EXCLUDED.digest, counts = EXCLUDED.counts, held_version = EXCLUDED.held_version, "
        "held_digest = EXCLUDED.held_digest, held_counts = EXCLUDED.held_counts, "
        "changed_at = EXCLUDED.changed_at, chain_broken = confirmation.chain_broken OR EXCLUDED.chain_broken",
        [
            (
                s.dataset_id,
                s.ma_truong_hoc,
                s.nam_hoc,
                s.period,
                s.sequence,
                s.hash,
                s.state.value,
                s.level,
                list(s.route),
                s.version,
                s.digest,
                Json(dict(s.counts)),
                s.held_version,
                s.held_digest,
                Json(dict(s.held_counts)),
                at,
                broken,
            )
            for s, at, broken in some
        ],
        template="(" + ", ".join(["%s"] * 8 + ["%s::text[]"] + ["%s"] * 8) + ")",
        page_size=PAGE,
    )


def put_events(cur: cursor, some: Iterable[Event]) -> None:
    """Write transitions; one that is there already stays."""
    execute_values(
        cur,
        "INSERT INTO confirmation_event (dataset_id, sequence, event_id, command_id, event, state, level, "
        "at, unit, role, account, version, digest, reason_code, reason_text, route, counts, previous_hash, "
        "hash) VALUES %s "
        "ON CONFLICT (dataset_id, sequence) DO NOTHING",
        [
            (
                e.dataset_id,
                e.sequence,
                e.event_id,
                e.command_id,
                e.event.value,
                e.state.value,
                e.level,
                e.at,
                e.unit,
                e.role,
                e.account,
                e.version,
                e.digest,
                e.reason_code,
                e.reason_text,
                list(e.route),
                Json(dict(e.counts)),
                e.previous_hash,
                e.hash,
            )
            for e in some
        ],
        template="(" + ", ".join(["%s"] * 15 + ["%s::text[]"] + ["%s"] * 3) + ")",
        page_size=PAGE,
    )


def grants(cur: cursor, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Grant]:
    """States of these (vendor, school) grants, as far as they have one."""
    wanted = sorted(keys)
    cur.execute(
        "SELECT g.vendor, g.school, g.sequence, g.hash, g.state FROM grant_state g "
        "JOIN unnest(%s::text[], %s::text[]) AS w (vendor, school) USING (vendor, school)",
        ([v for v, _ in wanted], [s for _, s in wanted]),
    )
    return {(v, s): Grant(v, s, n, h, Standing(state)) for v, s, n, h, state in cur.fetchall()}


def put_grants(cur: cursor, some: Sequence[tuple[Grant, datetime, bool]]) -> None:
    """Write grants with the time of their last event and whether their chain broke."""
    execute_values(
        cur,
        "INSERT INTO grant_state (vendor, school, sequence, hash, state, changed_at, chain_broken) VALUES %s "
        "ON CONFLICT (vendor, school) DO UPDATE SET sequence = EXCLUDED.sequence, hash = EXCLUDED.hash, "
        "state = EXCLUDED.state, changed_at = EXCLUDED.changed_at, "
        "chain_broken = grant_state.chain_broken OR EXCLUDED.chain_broken",
        [
            (g.vendor, g.ma_truong_hoc, g.sequence, g.hash, g.state.value, at, broken)
            for g, at, broken in some
        ],
        page_size=PAGE,
    )


def put_outcomes(cur: cursor, some: Sequence[CommandOutcome]) -> None:
    """Write what became of commands. The first outcome stands, but accepted beats refused: the two come on
    different topics, and a command sent twice may have both."""
    execute_values(
        cur,
        "INSERT INTO command_outcome (command_id, machine, subject, command, outcome, code, state, unit, "
        "role, at) VALUES %s ON CONFLICT (command_id) DO UPDATE SET command = EXCLUDED.command, "
        "code = EXCLUDED.code, "
        "outcome = EXCLUDED.outcome, state = EXCLUDED.state, unit = EXCLUDED.unit, role = EXCLUDED.role, "
        "at = EXCLUDED.at WHERE command_outcome.outcome = 'refused' AND EXCLUDED.outcome = 'accepted'",
        some,
        page_size=PAGE,
    )
