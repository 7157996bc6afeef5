"""Events of the machines as rows: state of datasets, grants, units; every transition; outcomes of commands.

The state is folded with the machines' own ``evolve``, so the read model cannot disagree with the machine.
What comes here was verified: each event follows the one before it (sinks.chains).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor

from sinks.projection import store
from sinks.projection.store import CommandOutcome
from streams.confirmation import events as confirmation
from streams.confirmation.state import State
from streams.grants import events as grants
from streams.grants.state import State as Grant
from streams.organisation import events as organisation
from streams.organisation.state import State as UnitState

Event = confirmation.Event | grants.Event | organisation.Event


@dataclass(frozen=True)
class Refused:
    """A CommandRefused's record, with the machine that refused."""

    machine: str
    record: Mapping[str, Any]


def project(cur: cursor, events: Sequence[Event], refused: Sequence[Refused] = ()) -> None:
    """Write a batch, each subject's events in their order; the caller's transaction."""
    _confirmations(cur, [e for e in events if isinstance(e, confirmation.Event)])
    _grants(cur, [e for e in events if isinstance(e, grants.Event)])
    _units(cur, [e for e in events if isinstance(e, organisation.Event)])
    store.put_outcomes(cur, _outcomes(events, refused))


def _confirmations(cur: cursor, events: Sequence[confirmation.Event]) -> None:
    states = store.confirmations(cur, {e.dataset_id for e in events})
    changed: dict[str, datetime] = {}
    for e in events:
        before = states.get(e.dataset_id) or State(e.dataset_id, e.ma_truong_hoc, e.nam_hoc, e.period)
        states[e.dataset_id] = confirmation.evolve(before, e)
        changed[e.dataset_id] = e.at
    store.put_events(cur, events)
    store.put_confirmations(cur, [(states[dataset], at) for dataset, at in changed.items()])


def _grants(cur: cursor, events: Sequence[grants.Event]) -> None:
    states = store.grants(cur, {(e.vendor, e.ma_truong_hoc) for e in events})
    changed: dict[tuple[str, str], datetime] = {}
    for e in events:
        key = (e.vendor, e.ma_truong_hoc)
        states[key] = grants.evolve(states.get(key) or Grant(*key), e)
        changed[key] = e.at
    store.put_grants(cur, [(states[key], at) for key, at in changed.items()])


def _units(cur: cursor, events: Sequence[organisation.Event]) -> None:
    """An event says all of its unit: no state before it is needed."""
    states = {e.unit_code: (organisation.evolve(UnitState(e.unit_code, e.kind), e), e.at) for e in events}
    store.put_units(cur, list(states.values()))


def _outcomes(events: Iterable[Event], refused: Iterable[Refused]) -> list[CommandOutcome]:
    """One a command: its first event, else its first refusal."""
    found: dict[str, CommandOutcome] = {}
    for e in events:
        found.setdefault(e.command_id, _accepted(e))
    for refusal in refused:
        outcome = _refused(refusal)
        found.setdefault(outcome.command_id, outcome)
    return list(found.values())


def _accepted(e: Event) -> CommandOutcome:
    match e:
        case confirmation.Event():
            machine, subject = "confirmation", e.dataset_id
        case grants.Event():
            machine, subject = "grants", e.grant_id
        case organisation.Event():
            machine, subject = "organisation", e.unit_code
    return CommandOutcome(
        command_id=e.command_id,
        machine=machine,
        subject=subject,
        command=e.event.value,
        outcome="accepted",
        code="",
        state=e.state.value,
        unit=e.unit,
        role=e.role,
        at=e.at,
    )


def _refused(refusal: Refused) -> CommandOutcome:
    r = refusal.record
    return CommandOutcome(
        command_id=r["CommandId"],
        machine=refusal.machine,
        subject=r["Subject"],
        command=r["Command"],
        outcome="refused",
        code=r["Code"],
        state=r["State"],
        unit=r["Unit"],
        role=r["Role"],
        at=r["At"],
    )
