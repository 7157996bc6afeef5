"""Words to tell a grant's story in tests: who does what, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID

from streams.grants.commands import Command
from streams.grants.events import Event, evolve
from streams.grants.machine import MACHINE, initial
from streams.grants.state import Contract, Document, State
from streams.machines.machine import CommandSource
from streams.machines.refusal import Refusal
from streams.machines.wire import replace

SCHOOL, DISTRICT, DEPARTMENT, VENDOR = "19164999", "164", "19", "smas"
START = datetime(2020, 3, 3, 2, tzinfo=UTC)
SHA = "a" * 64
FORM_1 = Document("form_1", "12/ĐN", date(2020, 3, 2), SHA)
FORM_2 = Document("form_2", "7/PGDĐT", date(2020, 3, 3), SHA)
CONTRACT = Contract(
    "HĐ-5", date(2020, 2, 1), date(2020, 2, 1), date(2020, 12, 31), (SCHOOL, VENDOR), clause=True
)
ROLES = {SCHOOL: "school_head", DEPARTMENT: "department_officer", "system": "system"}
ASKED = {"types": ("HocSinh", "LopHoc"), "periods": ("start",)}


@dataclass
class Story:
    """One grant, told command by command; everybody has seen it as it stands, unless said otherwise.

    Times, offsets and ids are counted: it is the same every time. ``now`` is the broker's time.
    """

    route: tuple[str, ...] = (DISTRICT, DEPARTMENT)
    about: str = SCHOOL
    vendor: str = VENDOR
    now: datetime = START
    state: State = field(init=False)
    events: list[Event] = field(default_factory=list)
    commands: list[tuple[Command, CommandSource]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    ids: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.state = initial(self.command("request"))

    def command(self, name: str, unit: str = SCHOOL, **more) -> Command:
        sequence = self.state.sequence if hasattr(self, "state") else 0
        made = Command(
            command_id=str(UUID(int=next(self.ids))),
            vendor=self.vendor,
            ma_truong_hoc=self.about,
            command=name,
            issued_at=START,
            unit=unit,
            role=ROLES.get(
                unit, "school_head" if unit == self.about or name == "request" else "district_officer"
            ),
            account=f"A-{unit}",
            sequence=sequence,
        )
        return replace(made, **more)

    def tell(self, command: Command) -> str:
        """The name of the event that it caused, or the code of the refusal."""
        own = next(i.topic for i in MACHINE.inputs if ("system" in i.roles) == (command.role == "system"))
        self.now += timedelta(seconds=1)
        source = CommandSource(own, len(self.commands), self.now)
        self.commands.append((command, source))
        outcome = MACHINE.answer(self.state, command, source)
        if isinstance(outcome, Refusal):
            self.refused.append(outcome)
            return outcome.code
        for event in outcome:
            self.state = evolve(self.state, event)
            self.events.append(event)
        return " ".join(event.event for event in outcome)

    def do(self, name: str, unit: str = SCHOOL, **more) -> str:
        return self.tell(self.command(name, unit, **more))

    def ask(self, **more) -> str:
        asked = {"unit": self.about, "route": self.route, "document": FORM_1, **ASKED, **more}
        return self.do("request", **asked)

    def batch(self, unit: str = DISTRICT, **more) -> str:
        return self.do("batch", unit, **{"document": FORM_2, "signature": "verified", **more})

    def approve(self, **more) -> str:
        checked = {"document": self.state.paper, "signature": "verified"}
        return self.do("approve", DEPARTMENT, **{**ASKED, **checked, **more})

    def hand_over(self, **more) -> str:
        contract = replace(CONTRACT, parties=(self.about, self.vendor))
        return self.do("hand_over", self.about, **{"contract": contract, **more})

    def until(self, standing: str) -> "Story":
        """The straight way as far as that."""
        middle = self.route[0] if len(self.route) > 1 else ""
        steps: list[tuple[Callable[[], str], str]] = [(lambda: self.ask(), "requested")]
        if middle:
            steps += [(lambda: self.do("check", middle), "checked"), (lambda: self.batch(middle), "batched")]
        steps += [
            (lambda: self.approve(), "approved"),
            (lambda: self.do("issue", DEPARTMENT), "issued"),
            (lambda: self.hand_over(), "handed_over"),
            (lambda: self.do("use", "system"), "used"),
        ]
        for step, fact in steps:
            assert step() == fact
            if self.state.state == standing:
                return self
        raise AssertionError(standing)
