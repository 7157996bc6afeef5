"""Events of the machines as rows: state of datasets and grants, every transition, what became of commands.

The state is folded with the machines' own ``evolve``, so the read model cannot disagree with the machine.
Events come at least once and are taken once: their place in the chain says whether they are new.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor

from sinks.projection import store
from sinks.projection.chains import Link, Step, step
from sinks.projection.store import CommandOutcome
from streams.confirmation import events as confirmation
from streams.confirmation.state import State
from streams.grants import events as grants
from streams.grants.state import State as Grant
from streams.machines import wire

Event = dict[str, Any]


@dataclass
class Projected:
    """What a batch did: events by machine, faults in chains."""

    events: Counter[str] = field(default_factory=Counter)
    breaks: int = 0


def project(cur: cursor, events: Sequence[tuple[str, str, Event]]) -> Projected:
    """Write a batch of (machine, contract name, event), each subject's in order; the caller's transaction."""
    out = Projected()
    _confirmations(cur, [e for m, name, e in events if name == "ConfirmationEvent"], out)
    _grants(cur, [e for m, name, e in events if name == "GrantEvent"], out)
    store.put_outcomes(cur, _outcomes(events))
    return out


def _confirmations(cur: cursor, events: Sequence[Event], out: Projected) -> None:
    states = store.confirmations(cur, {e["DatasetId"] for e in events})
    broken: set[str] = set()
    changed: dict[str, datetime] = {}
    new: list[confirmation.Event] = []
    for record in events:
        event = wire.from_record(confirmation.Event, record)
        state = states.get(event.dataset_id) or State(
            event.dataset_id, event.ma_truong_hoc, event.nam_hoc, event.period
        )
        if _taken(step(Link(state.sequence, state.hash), record), event.dataset_id, broken, out):
            new.append(event)
        if event.sequence > state.sequence:
            states[event.dataset_id] = confirmation.evolve(state, event)
            changed[event.dataset_id] = event.at
    store.put_events(cur, new)
    store.put_confirmations(cur, [(states[d], at, d in broken) for d, at in changed.items()])
    out.events["confirmation"] += len(new)


def _grants(cur: cursor, events: Sequence[Event], out: Projected) -> None:
    states = store.grants(cur, {(e["Vendor"], e["MaTruongHoc"]) for e in events})
    broken: set[str] = set()
    changed: dict[tuple[str, str], datetime] = {}
    for record in events:
        event = wire.from_record(grants.Event, record)
        key = (event.vendor, event.ma_truong_hoc)
        state = states.get(key) or Grant(*key)
        if _taken(step(Link(state.sequence, state.hash), record), state.grant_id, broken, out):
            out.events["grants"] += 1
        if event.sequence > state.sequence:
            states[key] = grants.evolve(state, event)
            changed[key] = event.at
    store.put_grants(cur, [(states[k], at, states[k].grant_id in broken) for k, at in changed.items()])


def _taken(found: Step, subject: str, broken: set[str], out: Projected) -> bool:
    """Whether the event is new. A broken chain is counted and marked, and the event still taken."""
    if found is Step.BROKEN:
        out.breaks += 1
        broken.add(subject)
    return found is not Step.REPEATED


def _outcomes(events: Iterable[tuple[str, str, Event]]) -> list[CommandOutcome]:
    """One a command: its first event, or its refusal."""
    found: dict[str, CommandOutcome] = {}
    for machine, name, e in events:
        if name == "CommandRefused":
            outcome = CommandOutcome(
                e["CommandId"],
                machine,
                e["Subject"],
                e["Command"],
                "refused",
                e["Code"],
                e["State"],
                e["Unit"],
                e["Role"],
                e["At"],
            )
            found.setdefault(outcome.command_id, outcome)
        elif found.get(e["CommandId"]) is None or found[e["CommandId"]].outcome == "refused":
            subject = e["DatasetId"] if machine == "confirmation" else f"{e['Vendor']}/{e['MaTruongHoc']}"
            found[e["CommandId"]] = CommandOutcome(
                e["CommandId"],
                machine,
                subject,
                e["Event"],
                "accepted",
                "",
                e["State"],
                e["Unit"],
                e["Role"],
                e["At"],
            )
    return list(found.values())
