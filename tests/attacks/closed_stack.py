"""A closed stack under attack. Each place that refuses has its record and its number; both are asserted."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from access.client import AccessClient
from deploy.grafana.dashboard import REFUSALS
from deploy.local.layout import Stack
from runtime import kafka, postgres
from runtime.settings import Settings
from schemas import topics as t
from schemas.encoding import codec
from streams.confirmation.commands import Act, Command, Role
from streams.machines import topic_log, wire
from tests.people import Person
from tests.support import Running, wait_until
from tests.unit.streams.confirmation_steps import CLEAN

DIGEST = "d" * 64

REFUSALS_OF = {"confirmation": t.CONFIRMATION_REFUSALS, "grants": t.GRANTS_REFUSALS}
"""Machine → where it says what it refused."""

DENIED = b"is Denied operation"
NO_LOGIN = b"Failed authentication"
LISTS = b"request = ListTransactions"
"""Who lists transactions is told its own; the log names the others all the same."""

WRONG_LOGIN = rb" UTC \[\d+\] 28\w{3} FATAL: "
BEYOND_RIGHTS = rb" UTC \[\d+\] 42501 ERROR: "


def dataset(school: str) -> str:
    """The dataset of a school that is open here."""
    return f"{school}.2019.start"


@dataclass
class ClosedStack:
    """The stack, its processes, people with accounts. ``schools``: those that no attack has taken yet."""

    settings: Settings
    """Of the access service's callers; of who may do everything, where a test prepares what is attacked."""
    local: Stack
    processes: MutableMapping[str, Running]
    department: Person
    district: Person
    head: Person
    """Of the school that smas may push for."""
    stranger: Person
    """A reviewer of another district."""
    schools: Iterator[tuple[str, Person]]
    """Of 164, and the head of each."""
    shared: dict[str, Settings] = field(default_factory=dict)
    """What several attacks try with: made by the first."""
    _since: dict[str, tuple[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in ("login", "right"):
            lines = self._lines(self.local.logs / "kafka.log", kafka_refused(kind))
            self._since[kind] = len(lines), self._counts("watch", "csdl_kafka_refused_total")[kind]

    def acting_as(self, principal: str) -> Settings:
        """Whoever has stolen the credential of one of ours."""
        return self.local.settings().acting_as(principal)

    # Where it is refused ------------------------------------------------------------------------------------

    @contextmanager
    def refused_at_the_door(
        self, codes: Mapping[str, int], *told: tuple[str, str, str], door: str = "access"
    ) -> Iterator[None]:
        """By the access service, or the gateway: its number of each code, and (account, act, code) of its
        events."""
        metric = "csdl_gateway_refused_total" if "gateway" in door else "csdl_access_refused_total"
        before, after = self._counts(door, metric), self._acts()
        yield
        now = self._counts(door, metric)
        assert now - before == Counter(codes)
        assert sorted(self._acts()[len(after) :]) == sorted(told)

    @contextmanager
    def refused_by_the_machine(
        self, code: str, times: int, unit: str, machine: str = "confirmation"
    ) -> Iterator[None]:
        """By a machine: on its topic of refusals, which checkpoints seal."""

        def refusals() -> list[tuple[str, str]]:
            return self._refusals(REFUSALS_OF[machine])

        before, told = self._counts(machine, "csdl_commands_refused_total"), refusals()
        yield
        due = [(code, unit)] * times
        wait_until(lambda: len(refusals()) >= len(told) + times, seen=refusals)
        assert refusals()[len(told) :] == due
        now = self._counts(machine, "csdl_commands_refused_total")
        assert now - before == Counter({code: times})

    @contextmanager
    def refused_by_validation(
        self, records: Mapping[str, int], closings: Mapping[str, int], school: str
    ) -> Iterator[None]:
        """Records, on the topic that their vendor is told by, and closings, which go on with their code."""
        numbers = {"csdl_records_refused_total": records, "csdl_closings_refused_total": closings}
        before = {name: self._counts("validation", name) for name in numbers}
        told = self._told(school)
        yield

        def counted() -> dict[str, Counter[str]]:
            return {name: self._counts("validation", name) - before[name] for name in numbers}

        wait_until(lambda: counted() == {n: Counter(due) for n, due in numbers.items()}, seen=counted)
        assert self._told(school) - told == Counter(records) + Counter(closings)

    @contextmanager
    def put_aside_by_the_reader(self, subject: str, times: int = 1) -> Iterator[None]:
        """By projection: an event that does not belong to its chain is kept in a table of its own."""
        before, kept = self._counts("projection", "csdl_chain_breaks_total"), self._faults(subject)
        yield
        wait_until(lambda: self._faults(subject) >= kept + times)
        wait_until(
            lambda: (
                self._counts("projection", "csdl_chain_breaks_total") - before
                == Counter({"projection": times})
            )
        )
        assert self._faults(subject) == kept + times

    @contextmanager
    def refused_by_kafka(self, kind: str, times: int, *who: str) -> Iterator[None]:
        """By the broker, whose log names who. Clients ask again: ``times`` at least, all of them counted."""
        log, words = self.local.logs / "kafka.log", kafka_refused(kind)
        before = len(self._lines(log, words))
        yield
        names = [f"Principal = User:{name} ".encode() for name in who] or [b""]
        lines, count = self._since[kind]

        def counted() -> bool:
            found = self._lines(log, words)
            of_each = [sum(name in line for line in found[before:]) for name in names]
            number = self._counts("watch", "csdl_kafka_refused_total")[kind] - count
            return min(of_each) >= times and number == len(found) - lines

        wait_until(counted, seen=lambda: self._lines(log, words)[before:])

    @contextmanager
    def refused_by_postgres(self, kind: str, times: int, *words: str) -> Iterator[None]:
        """By the server, whose log has a line each: ``times`` with each of the ``words``, and no more."""
        log, form = Path(self.settings.database_log), WRONG_LOGIN if kind == "login" else BEYOND_RIGHTS
        before = self._counts("watch", "csdl_database_refused_total")
        lines = len(self._lines(log, lambda line: re.search(form, line) is not None))
        yield

        def counted() -> Counter[str]:
            return self._counts("watch", "csdl_database_refused_total") - before

        wait_until(lambda: counted() == Counter({kind: times * len(words)}), seen=counted)
        told = self._lines(log, lambda line: re.search(form, line) is not None)[lines:]
        assert len(told) == times * len(words)
        assert all(sum(each.encode() in line for line in told) == times for each in words), told

    # What is looked at --------------------------------------------------------------------------------------

    def _counts(self, process: str, metric: str) -> Counter[str]:
        """Of a counter that the dashboard shows among the refusals: label → number, as the process tells."""
        assert any(metric in expression for _, expression, _ in REFUSALS), f"{metric} is not on the dashboard"
        label = {"csdl_chain_breaks_total": "stage"}.get(metric, "(?:rule|outcome)")
        found = re.findall(
            rf'^{metric}\{{(?:[^}}]*,)?{label}="([^"]+)"[^}}]*\}} (\S+)$',
            self.processes[process].metrics(),
            re.MULTILINE,
        )
        return Counter({name: int(float(number)) for name, number in found})

    def _acts(self) -> list[tuple[str, str, str]]:
        """What the access service refused: (account, act, code)."""
        return self.rows("SELECT account, act, code FROM audit_event WHERE kind = 'refused' ORDER BY number")

    def _told(self, school: str) -> Counter[str]:
        """Codes of what validation refused of a school's pushes."""
        found: Counter[str] = Counter()
        for message in topic_log.read(self.settings, kafka.partitions(t.RECORDS_REFUSED, t.RECORDS_ACCEPTED)):
            if message.key == school.encode():
                found.update(value.decode() for name, value in message.headers if name == t.SOURCE_FAULT)
                if message.topic == t.RECORDS_REFUSED:
                    found.update(one["Rule"] for one in codec.decode(message.value)[1]["Refused"])
        return found

    def _refusals(self, topic: str) -> list[tuple[str, str]]:
        """What a machine refused: (code, unit), as they stand in their topic."""
        messages = topic_log.read(self.settings, kafka.partitions(topic))
        found = [topic_log.record(message, "CommandRefused") for message in messages]
        return [(r["Code"], r["Unit"]) for r in sorted(filter(None, found), key=lambda r: r["At"])]

    def _faults(self, subject: str) -> int:
        [(count,)] = self.rows("SELECT count(*) FROM chain_fault WHERE subject = %s", subject)
        return int(count)

    def rows(self, query: str, *params: str) -> list[Any]:
        """Of the stack's database."""
        with closing(postgres.connect(self.settings)) as conn, conn, conn.cursor() as cur:
            cur.execute(query, params)
            return list(cur.fetchall())

    def execute(self, statement: str, *params: str) -> None:
        """As the tables' owner: what a test prepares."""
        with closing(postgres.connect(self.settings)) as conn, conn, conn.cursor() as cur:
            cur.execute(statement, params)

    @staticmethod
    def _lines(log: Path, wanted: Callable[[bytes], bool]) -> list[bytes]:
        text = log.read_bytes()
        return [line for line in text[: text.rfind(b"\n") + 1].splitlines() if wanted(line)]

    # What people do -----------------------------------------------------------------------------------------

    def opened(self) -> tuple[str, Person]:
        """A school whose dataset is open, checked and submitted, and its head."""
        school, head = next(self.schools)
        campaign = {"year": 2019, "kind": "1", "schools": [school]}
        with self.department.access() as access:
            assert access.call("POST", "/v1/campaigns", campaign)["opened"] == 1
        self.send(t.CONFIRMATION_CHECKS, *checked(school))
        with self.department.access() as access:
            wait_until(lambda: state_of(access, school)["State"] == "checked")
        assert act(head, school, "submit") == ""
        return school, head

    def credential(self, name: str, **more: Any) -> dict[str, Any]:
        """One of the grant of smas, made by the school's head."""
        asked = {"vendor": "smas", "school": self.head.account.unit, "name": name} | more
        with self.head.access() as access:
            made: dict[str, Any] = access.call("POST", "/v1/credentials", asked)
        return made

    def of_credential(self, made: Mapping[str, Any], what: str, **more: Any) -> None:
        """The head ends it, or makes its successor."""
        with self.head.access() as access:
            access.call("POST", f"/v1/credentials/{made['number']}/{what}", more)

    def send(self, topic: str, key: bytes, value: bytes, principal: str = "") -> None:
        """A message, by somebody's credential, or prepared for an attack."""
        settings = self.acting_as(principal) if principal else self.settings
        with closing(kafka.producer(settings)) as producer:
            producer.send(topic, value, key=key).get(timeout=60)


def kafka_refused(kind: str) -> Callable[[bytes], bool]:
    """Does a line of the broker's log tell a refusal of this kind?"""
    words = NO_LOGIN if kind == "login" else DENIED
    return lambda line: words in line and LISTS not in line


def checked(school: str) -> tuple[bytes, bytes]:
    """(key, value) of the check's answer for a school's first version."""
    ours = (str(uuid4()), dataset(school), school, 2019, "start", Act.VERSION_CHECKED, datetime.now(UTC))
    told = Command(*ours, "system", Role.SYSTEM, version=1, digest=DIGEST, counts=CLEAN)
    return school.encode(), codec.encode("ConfirmationCommand", wire.to_record(told))


def state_of(access: AccessClient, school: str) -> dict[str, Any]:
    """What stands now."""
    state = access.dataset(dataset(school))
    assert state is not None
    return state


def act(who: Person, school: str, what: str, **more: Any) -> str:
    """An act on what stands now; its code, "" if it was done."""
    with who.access() as access:
        state = more.pop("state", None) or state_of(access, school)
        seen = {"version": state["Version"], "digest": state["Digest"], "sequence": state["Sequence"]}
        return access.confirm(dataset(school), what, seen | more).code
