"""The officers of the demonstration: what a unit does with a dataset before it, and what stories ask."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from access.client import Outcome
from demo.ledger import Ledger
from demo.staff import Asked, Staff
from streams.confirmation.commands import Act
from streams.confirmation.state import Stage, State
from streams.machines.wire import replace

FINAL: Final = (Stage.ACCEPTED, Stage.PARTLY_ACCEPTED)
STALL_S: Final = 120.0
"""The office gives up when nothing has moved for so long."""

ACKNOWLEDGED: Final = "Đã xem cảnh báo và các bản ghi bị từ chối, xác nhận gửi phần còn lại"
ANSWERED: Final = "Đã kiểm tra lại, số liệu đúng"


@dataclass(frozen=True)
class Step:
    """A moment of a story: when the dataset is there, somebody does this. What must come of it: stories.py.

    ``do`` makes the act from the state, or does something else (pushes a correction) and gives None.
    """

    story: str
    when: Callable[[State], bool]
    do: Callable[[State], Asked | None]


@dataclass
class Done:
    """What came of a step."""

    step: Step
    outcome: Outcome | None


@dataclass
class Office:
    """Everybody who acts. ``scripts``: dataset id → its story's steps, in order; usual acts otherwise."""

    staff: Staff
    ledger: Ledger
    scripts: dict[str, list[Step]] = field(default_factory=dict)
    done: list[Done] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)
    """Usual acts that were refused: there should be none."""

    _acted: set[tuple[str, int]] = field(default_factory=set)

    def work(self, datasets: Iterable[str], tell: Callable[[], None]) -> bool:
        """Until every dataset is settled and every story told; False if nothing moves for STALL_S."""
        waiting = set(datasets)
        deadline = time.monotonic() + STALL_S
        while True:
            news = self.ledger.poll()
            acts = self.round(waiting)
            if news or acts:
                deadline = time.monotonic() + STALL_S
            tell()
            if all(self._settled(d) for d in waiting):
                return True
            if time.monotonic() > deadline:
                return False

    def round(self, datasets: Iterable[str]) -> int:
        """One act for each dataset that is before somebody; how many were done."""
        states = [self.ledger.states[d] for d in datasets if d in self.ledger.states]
        scripted: list[tuple[Step, Asked]] = []
        usual: list[Asked] = []
        acts = 0
        for state in sorted(states, key=lambda s: s.dataset_id):
            script = self.scripts.get(state.dataset_id, [])
            if (state.dataset_id, state.sequence) in self._acted:
                continue
            if script and script[0].when(state):
                step = script.pop(0)
                acts += 1
                command = step.do(state)
                if command is None:
                    self.done.append(Done(step, None))
                else:
                    scripted.append((step, command))
            elif not (script and _holds_back(script, state)) and (command := usual_act(state)):
                usual.append(command)
        commands = [c for _, c in scripted] + usual
        outcomes = self.staff.ask(commands) if commands else []
        for (step, _), outcome in zip(scripted, outcomes, strict=False):
            self.done.append(Done(step, outcome))
        self.refused += [o for o in outcomes[len(scripted) :] if o.code]
        # A refused act of a story leaves the dataset to the usual one; a usual one is never tried twice.
        for n, (command, outcome) in enumerate(zip(commands, outcomes, strict=True)):
            if n >= len(scripted) or not outcome.code:
                self._acted.add((command.dataset_id, self.ledger.states[command.dataset_id].sequence))
        return acts + len(commands)

    def _settled(self, dataset: str) -> bool:
        state = self.ledger.states.get(dataset)
        return state is not None and state.state in FINAL and not self.scripts.get(dataset)


def _holds_back(script: list[Step], state: State) -> bool:
    """A story that waits for another version of a dataset lets nobody go on with this one."""
    return not script[0].when(state) and script[0].when(replace(state, version=state.version + 1))


def usual_act(state: State) -> Asked | None:
    """What the next in turn does with a dataset that has no incident."""
    unit, last = state.turn, state.at_last_level
    match state.state:
        case Stage.CHECKED if state.counts.get("blocking", 0) == 0:
            doubts = state.counts.get("warnings", 0) + state.counts.get("refused", 0)
            return act(state, Act.SUBMIT, state.ma_truong_hoc, reason=ACKNOWLEDGED if doubts else "")
        case Stage.RECALLED:
            return act(state, Act.SUBMIT, state.ma_truong_hoc, reason=ANSWERED)
        case Stage.SUBMITTED | Stage.CONFIRMED:
            return act(state, Act.CLAIM, unit)
        case Stage.CLAIMED:
            return act(state, Act.APPROVE if last else Act.CONFIRM, unit)
        case Stage.APPROVED:
            return act(state, Act.FORWARD, unit)
        case _:
            return None


def act(state: State, what: Act, unit: str, *, reason_code: str = "", reason: str = "") -> Asked:
    """A unit's act on what it sees: version, digest and sequence."""
    seen = {"version": state.version, "digest": state.digest, "sequence": state.sequence}
    return Asked(state.dataset_id, what, unit, {**seen, "reason_code": reason_code, "reason": reason})
