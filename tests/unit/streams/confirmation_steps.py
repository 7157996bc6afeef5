"""Words to tell a dataset's story in tests: who does what, and what came of it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from streams.confirmation.commands import Command
from streams.confirmation.events import Event, evolve
from streams.confirmation.machine import decide
from streams.confirmation.state import State
from streams.machines.refusal import Refusal

SCHOOL, DISTRICT, DEPARTMENT = "19164999", "164", "19"
START = datetime(2020, 3, 1, tzinfo=UTC)
CLEAN = {"records": 10, "refused": 0, "blocking": 0, "warnings": 0}

ROLES = {SCHOOL: "school_head", DEPARTMENT: "department_officer", "ministry": "ministry_adapter"}


@dataclass
class Story:
    """One dataset, told command by command. ``at`` and ids are counted, so a story is the same every time."""

    route: tuple[str, ...] = (DISTRICT, DEPARTMENT)
    state: State = field(default_factory=lambda: State(f"{SCHOOL}.2019.start", SCHOOL, 2019, "start"))
    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    ids: "count[int]" = field(default_factory=lambda: count(1))

    def command(self, name: str, unit: str = "system", role: str = "", **more) -> Command:
        n = next(self.ids)
        default = ROLES.get(unit, "system" if unit == "system" else "district_officer")
        made = Command(
            command_id=str(UUID(int=n)),
            dataset_id=f"{SCHOOL}.2019.start",
            ma_truong_hoc=SCHOOL,
            nam_hoc=2019,
            period="start",
            command=name,
            issued_at=START + timedelta(minutes=n),
            unit=unit,
            role=role or default,
            version=self.state.version,
            digest=self.state.digest,
        )
        return replace(made, **more)

    def tell(self, command: Command) -> str:
        """The names of the events it caused, or the code of the refusal."""
        self.commands.append(command)
        outcome = decide(self.state, command)
        if isinstance(outcome, Refusal):
            self.refused.append(outcome)
            return outcome.code
        for event in outcome:
            self.state = evolve(self.state, event)
            self.events.append(event)
        return " ".join(event.event for event in outcome)

    def do(self, name: str, unit: str = "system", role: str = "", **more) -> str:
        return self.tell(self.command(name, unit, role, **more))

    def open(self) -> str:
        return self.do("open", DEPARTMENT, route=self.route)

    def checked(self, version: int, **counts: int) -> str:
        return self.do("version_checked", version=version, digest=f"digest-{version}", counts=CLEAN | counts)

    def submitted(self) -> "Story":
        self.open()
        self.checked(1)
        assert self.do("submit", SCHOOL) == "submitted"
        return self

    def approved(self) -> "Story":
        self.submitted()
        for unit in self.route[:-1]:
            assert self.do("claim", unit) == "claimed"
            assert self.do("confirm", unit) == "confirmed"
        assert self.do("claim", self.route[-1]) == "claimed"
        assert self.do("approve", self.route[-1]) == "approved"
        return self

    def forwarding(self) -> "Story":
        self.approved()
        assert self.do("forward", self.route[-1]) == "forwarded"
        return self
