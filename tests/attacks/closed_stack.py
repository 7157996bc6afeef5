"""A closed stack under attack. Each place that refuses has its record and its number; both are asserted."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
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
    processes: Mapping[str, Running]
    department: Person
    district: Person
    stranger: Person
    """A reviewer of another district."""
    schools: Iterator[tuple[str, Person]]
    """Of 164, and the head of each."""
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
    def refused_at_the_door(self, codes: Mapping[str, int], *told: tuple[str, str, str]) -> Iterator[None]:
        """By the access service: its number of each code, and (account, act, code) of its events."""
        before, after = self._counts("access", "csdl_access_refused_total"), self._acts()
        yield
        now = self._counts("access", "csdl_access_refused_total")
        assert now - before == Counter(codes)
        assert sorted(self._acts()[len(after) :]) == sorted(told)

    @contextmanager
    def refused_by_the_machine(self, code: str, times: int, unit: str) -> Iterator[None]:
        """By confirmation: on its topic of refusals, which checkpoints seal."""
        before, told = self._counts("confirmation", "csdl_commands_refused_total"), self._refusals()
        yield
        due = [(code, unit)] * times
        wait_until(lambda: len(self._refusals()) >= len(told) + times, seen=self._refusals)
        assert self._refusals()[len(told) :] == due
        now = self._counts("confirmation", "csdl_commands_refused_total")
        assert now - before == Counter({code: times})

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

    def _refusals(self) -> list[tuple[str, str]]:
        """What confirmation refused: (code, unit), as they stand in their topic."""
        messages = topic_log.read(self.settings, kafka.partitions(t.CONFIRMATION_REFUSALS))
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
