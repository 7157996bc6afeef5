"""Words to tell a dataset's story in tests: who does what, and what came of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from streams.confirmation.commands import Command
from streams.confirmation.events import Event, evolve
from streams.confirmation.machine import MACHINE
from streams.confirmation.state import State
from streams.machines.machine import CommandSource
from streams.machines.refusal import Refusal
from streams.machines.wire import replace

SCHOOL, DISTRICT, DEPARTMENT = "19164999", "164", "19"
START = datetime(2020, 3, 1, tzinfo=UTC)
CLEAN = {"records": 10, "refused": 0, "blocking": 0, "warnings": 0}

ROLES = {SCHOOL: "school_head", DEPARTMENT: "department_officer", "ministry": "ministry_adapter"}


@dataclass
class Story:
    """One dataset, told command by command. Times, offsets and ids are counted: it is the same every time.

    Everybody writes to the topic of their class and has seen the dataset as it stands, unless said otherwise.
    """

    route: tuple[str, ...] = (DISTRICT, DEPARTMENT)
    state: State = field(default_factory=lambda: State(f"{SCHOOL}.2019.start", SCHOOL, 2019, "start"))
    events: list[Event] = field(default_factory=list)
    commands: list[tuple[Command, CommandSource]] = field(default_factory=list)
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
            issued_at=START,
            unit=unit,
            role=role or default,
            version=self.state.version,
            digest=self.state.digest,
            sequence=self.state.forwarded if unit == "ministry" else self.state.sequence,
            export_id="an export" if unit == "ministry" else "",
        )
        return replace(made, **more)

    def source(self, command: Command) -> CommandSource:
        """The next place in the topic of the role's class of writer."""
        own = (i.topic for i in MACHINE.inputs if command.role in i.roles)
        return CommandSource(next(own), len(self.commands), START + timedelta(minutes=len(self.commands)))

    def tell(self, command: Command, source: CommandSource | None = None) -> str:
        """The names of the events it caused, or the code of the refusal."""
        source = source or self.source(command)
        self.commands.append((command, source))
        outcome = MACHINE.answer(self.state, command, source)
        if isinstance(outcome, Refusal):
            self.refused.append(outcome)
            return outcome.code
        for event in outcome:
            self.state = evolve(self.state, event)
            self.events.append(event)
        return " ".join(event.event for event in outcome)

    def do(self, name: str, unit: str = "system", role: str = "", **more) -> str:
        return self.tell(self.command(name, unit, role, **more))

    def open(self, **more) -> str:
        return self.do("open", DEPARTMENT, route=self.route, **more)

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
