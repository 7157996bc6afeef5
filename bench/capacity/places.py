"""What a place needs in a year, by the measured lines. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bench.capacity import lines
from bench.capacity.lines import Line, Point
from producers.synthetic import province
from retention.policy import Until, every
from schemas.contracts.contracts import record as contract
from schemas.contracts.contracts import record_types
from schemas.topics import DAY_MS, FOREVER, SCHOOL_YEAR_MS, Topic, topics

SEED: Final = 5
PERIODS: Final = 3
PUSHES: Final = 36
"""Whole lists that a school sends in a school year: one a week. The first of each period is all new …"""
CHANGES: Final = 0.05
"""… and each of the others changes so many of its records."""
MEASURED_CHANGES: Final = 1 / 3
"""Of the pupils, in the measured second push."""
SEGMENT_DAYS: Final = 7
"""Kafka deletes whole segments: of a week at most."""
COUNTRY: Final = 23_000_000
PROVINCES: Final = 34

VENDOR: Final = "smas"
PER_RECORD: Final = ("csdl.in.", "csdl.records.", "csdl.ministry.")
"""Topics that grow by records; the others grow by pushes and datasets."""
RECORD_TABLES: Final = frozenset(contract(name).table for name in record_types())
KEYS: Final = "identity_key"
"""Comes once with a person, not with each period."""
PASSING: Final = frozenset(kept.name for kept in every() if kept.long is Until.DONE)
"""Tables whose rows go at once: their room is used again."""
OF_RECORDS: Final = RECORD_TABLES | {
    KEYS, "finding", "identity_finding", "absence", "record_refused", "ministry_export_record",
    "ministry_receipt",
}  # fmt: skip
"""Tables that grow by records; the others grow by pushes and datasets."""


@dataclass(frozen=True)
class Place:
    """So many pipelines, each with so many schools and, of one push of all of them, records."""

    name: str
    schools: int
    pupils: int
    records: int
    pipelines: int = 1

    def of(self, size: str) -> int:
        """Of one of its pipelines: by schools or by records."""
        return self.schools if size == "schools" else self.records


def places() -> list[Place]:
    """The largest district, the province, and 34 provinces as large as the mean one."""
    plans = province.plan(SEED)
    districts = {plan.managing_unit for plan in plans if not plan.direct}
    largest = max(districts, key=lambda code: sum(p.pupils for p in plans if p.managing_unit == code))
    own = _place(f"district {largest}", [plan for plan in plans if plan.managing_unit == largest])
    whole = _place("province", plans)
    more = COUNTRY / PROVINCES / whole.pupils
    schools, pupils, records = (round(size * more) for size in (whole.schools, whole.pupils, whole.records))
    return [own, whole, Place(f"{PROVINCES} provinces", schools, pupils, records, PROVINCES)]


def _place(name: str, plans: Sequence[province.SchoolPlan]) -> Place:
    records = sum(plan.pupils + plan.classes + plan.staff + 1 for plan in plans)
    return Place(name, len(plans), sum(plan.pupils for plan in plans), records)


class Kept(StrEnum):
    """Groups of what lies on the disk."""

    MONTH = "Kafka: pushes, accepted, answers (30 days)"
    EXPORT = "Kafka: exports (400 days)"
    GOOD = "Kafka: acts, chains, receipts (for good)"
    ROWS = "PostgreSQL: records, all versions"
    ANSWERED = "PostgreSQL: exported and answered, record by record"
    KEYS = "PostgreSQL: identity keys (once a person)"
    REST = "PostgreSQL: pushes, versions, acts, findings"


@dataclass(frozen=True)
class Disk:
    """Bytes at the end of a school year, with what of it the lines do not say for sure."""

    bytes: float
    unsure: float


@dataclass(frozen=True)
class Grown:
    """What a step of the measured load brings to one topic or table: a line over records or schools."""

    name: str
    size: str
    line: Line


def topics_of(points: Sequence[Point], step: str) -> list[Grown]:
    """Of each topic."""
    some = lines.of_step(points, step)
    names = sorted({name for point in some for name in point["topics"] if name.startswith("csdl.")})

    def grown(name: str) -> Grown:
        size = "records" if name.startswith(PER_RECORD) else "schools"
        return Grown(name, size, lines.of(some, lambda point: point["topics"].get(name, 0), size))

    return [grown(name) for name in names]


def tables_of(points: Sequence[Point], step: str) -> list[Grown]:
    """Of each table with its indexes."""
    some = lines.of_step(points, step)
    names = sorted({name for point in some for name in point["tables"]})

    def grown(name: str) -> Grown:
        size = "records" if name in OF_RECORDS else "schools"
        return Grown(name, size, lines.of(some, lambda point: sum(point["tables"].get(name, (0, 0))), size))

    return [grown(name) for name in names]


def disk(points: Sequence[Point], place: Place) -> dict[Kept, Disk]:
    """Of all pipelines of a place at the end of its first school year, before anything of it goes."""
    found = dict.fromkeys(Kept, Disk(0, 0))

    def add(group: Kept, grown: Grown, times: float) -> None:
        size = max(0.0, grown.line.each) * place.of(grown.size) * times * place.pipelines
        before = found[group]
        found[group] = Disk(before.bytes + size, before.unsure + size * grown.line.spread)

    later = (30 + SEGMENT_DAYS) / 7 - 1
    known = {topic.name: topic for topic in topics([VENDOR])}
    for step, a_year, in_a_month in (
        ("load", PERIODS, 1),
        ("again", PUSHES - PERIODS, later),
        ("forward", PERIODS, 1),
    ):
        for grown in topics_of(points, step):
            if (group := _kept(known[grown.name])) is not None:
                add(group, grown, in_a_month if group is Kept.MONTH else a_year)
        for grown in (table for table in tables_of(points, step) if table.name not in PASSING):
            changed = CHANGES / MEASURED_CHANGES if step == "again" and grown.name in RECORD_TABLES else 1
            add(_table(grown.name), grown, 1 if grown.name == KEYS and step == "load" else a_year * changed)
    return found


def _kept(topic: Topic) -> Kept | None:
    """None of compacted ones: their newest messages are few."""
    if topic.cleanup == "compact" or topic.retention_ms == DAY_MS:
        return None
    return {FOREVER: Kept.GOOD, SCHOOL_YEAR_MS: Kept.EXPORT}.get(topic.retention_ms, Kept.MONTH)


def _table(name: str) -> Kept:
    if name in RECORD_TABLES:
        return Kept.ROWS
    if name in ("ministry_export_record", "ministry_receipt"):
        return Kept.ANSWERED
    return Kept.KEYS if name == KEYS else Kept.REST


@dataclass(frozen=True)
class Held:
    """MB of a process: with nothing, of 1,000 more schools (each with its grant), of 1,000 more datasets, and
    what the largest of the measured loads left in it."""

    base: float
    schools: Line
    datasets: Line
    worked: float

    def at(self, place: Place, years: int = 1) -> float:
        """In one pipeline of a place."""
        more = max(0.0, self.schools.each) * place.schools
        more += max(0.0, self.datasets.each) * place.schools * PERIODS * years
        return self.base + self.worked + more


def memory(measured: Mapping[str, Any]) -> dict[str, Held]:
    """Instance → what it holds."""
    points = measured["held"]["points"]
    empty = [point for point in points if not point["datasets"]]
    pairs = list(zip(empty, (point for point in points if point["datasets"]), strict=True))
    begun = measured["load"]["begun"]["memory_mb"]

    def held(label: str) -> Held:
        name = label.split("-")[0]
        more = [(many["datasets"], many["memory_mb"][name] - few["memory_mb"][name]) for few, many in pairs]
        schools = lines.of(empty, lambda point: float(point["memory_mb"][name]), "schools")
        worked = max(point["memory_mb"][label] for point in measured["load"]["points"]) - begun[label]
        return Held(schools.begins, schools, lines.through([(0.0, 0.0), *more]), max(0.0, worked))

    return {label: held(label) for label in sorted(begun)}
