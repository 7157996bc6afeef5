"""What others do with a push of the sandbox, to its end: school, district, department, the Ministry."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

from demo.ledger import Ledger
from demo.office import FINAL, Office
from demo.staff import Staff
from deploy.local.layout import Stack
from deploy.local.problems import fail
from readings import pushes
from runtime import postgres
from runtime.settings import Settings
from sinks.ministry.simulator.process import StandIn
from streams.confirmation.state import Stage, State

WAIT_S: Final = 120.0
"""Gives up when nothing has moved for so long."""
TAKEN: Final = ("version", "unchanged")

Tell = Callable[[State], None]


def accept(it: Stack, push_id: str, tell: Tell, refuse_percent: float = 0.0) -> State:
    """Carry the version of a push through every act; the dataset's state at the end. ``push_id`` "": the
    newest. ``tell`` is called at each state.

    Raises ProblemList: CLI-003 no such push, CLI-004 it came to nothing, CLI-005 its version has findings
    that keep it from being submitted, CLI-006 the Ministry has another version of the dataset already,
    CLI-007 nothing moves.
    """
    settings = it.settings()
    push = _loaded(settings, push_id)
    dataset, version = push["dataset_id"], push["version"]
    with (
        Staff(settings) as staff,
        Ledger(settings) as ledger,
        StandIn(settings, refuse_percent=refuse_percent, seed=0) as ministry,
    ):
        office = Office(staff, ledger)
        seen, deadline = None, time.monotonic() + WAIT_S
        while True:
            ledger.poll(timeout_ms=50)
            state = ledger.states.get(dataset)
            if state and state != seen and state.newest_version >= version:
                tell(state)
                seen, deadline = state, time.monotonic() + WAIT_S
                if state.state in FINAL:
                    if state.version < version:
                        fail("CLI-006", dataset=dataset, version=version, delete="csdl sandbox down --delete")
                    return state
                if state.state is Stage.CHECKED and (blocking := state.counts.get("blocking", 0)):
                    fail("CLI-005", push_id=push["push_id"], blocking=blocking)
                office.round([dataset])
                if office.refused:
                    raise RuntimeError(f"{office.refused[0].code} {office.refused[0].messages()[1]}")
            ministry.step(timeout_ms=50)
            if time.monotonic() > deadline:
                fail("CLI-007", dataset=dataset, state=state.state if state else Stage.ABSENT)


def _loaded(settings: Settings, push_id: str) -> dict[str, Any]:
    """A push that was taken, as the database has it; one that is on its way is waited for."""
    with closing(postgres.connect(settings, "csdl sandbox")) as conn:
        deadline = time.monotonic() + WAIT_S
        while True:
            found = pushes.one(conn, push_id)[0] if push_id else pushes.listed(conn, 1)[0]
            if found and found[0]["outcome"] in TAKEN:
                return found[0]
            if found and found[0]["outcome"] != "open":
                fail("CLI-004", push_id=found[0]["push_id"], outcome=found[0]["outcome"])
            if time.monotonic() > deadline:
                fail("CLI-003", push_id=push_id)
            time.sleep(0.1)
