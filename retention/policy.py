"""What is kept, how long, why, and what ends it: ``policy.csv``. ``docs/retention.md`` is printed from it; a
topic or a table without a line fails a test.

A topic's term stands with the topic (``schemas.topics``) and a setting's with the setting: the line says
why. ``due`` is the SQL of the rows of a table ``o`` that are due, ``%(days)s`` an interval.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final

from runtime.settings import Settings
from schemas import topics as t

RECORDS: Final = "RECORDS"
"""Stands for the tables of all record types."""

LETTERS: Final = t.dlq("*")
"""Stands for all topics of dead letters."""

VENDOR: Final = "VENDOR"
"""Stands for every vendor in its topic's name."""


class Kind(StrEnum):
    """Of what a line speaks."""

    TOPIC = "Kafka's topics"
    TABLE = "PostgreSQL's tables"
    FILES = "Files"
    MEMORY = "Memory and state of the processes"


class Until(StrEnum):
    """How long, where it is no number of days."""

    GOOD = "for good"
    YEAR = "until its school year is closed"
    DONE = "until it is done"
    BOUNDED = "does not grow with traffic"


ENDS: Final[Mapping[str, str]] = {
    "run": "`csdl retention run`",
    "close": "`csdl years close`",
    "itself": "the process itself",
    "nobody": "nobody",
}


@dataclass(frozen=True)
class Kept:
    """One line. ``what`` one of it is; ``long``: days, or until what; ``setting`` names what gives the days;
    ``since``: what its days are counted from."""

    kind: Kind
    name: str
    what: str
    long: int | Until
    since: str
    by: str
    why: str
    due: str = ""
    setting: str = ""


@cache
def every() -> tuple[Kept, ...]:
    """All lines. Raises ValueError, KeyError for one that says nothing."""
    topics = {_line_of(topic.name): topic for topic in t.topics([VENDOR])}
    with Path(__file__).with_name("policy.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(_kept(line, topics) for line in csv.DictReader(lines))


def aged() -> list[Kept]:
    """Tables whose rows go by age, by our command."""
    return [kept for kept in every() if kept.due]


def named(kind: Kind) -> list[str]:
    """Names of all of a kind, as they stand."""
    return [kept.name for kept in every() if kept.kind is kind]


def _kept(line: Mapping[str, str], topics: Mapping[str, t.Topic]) -> Kept:
    kind, long = Kind[line["kind"].upper()], line["long"]
    if kind is Kind.TOPIC:
        return _topic(line["name"], topics[line["name"]], line["why"])
    setting = long.removeprefix("CSDL_").lower() if long.startswith("CSDL_") else ""
    return Kept(
        kind,
        line["name"],
        line["what"],
        int(long) if long.isdigit() else _days_of(setting) if setting else Until[long.upper()],
        line["since"],
        ENDS.get(line["by"], f"`{line['by']}`"),
        line["why"],
        line["due"],
        setting,
    )


def _topic(name: str, topic: t.Topic, why: str) -> Kept:
    if topic.cleanup == "compact":
        what = "newest message of each key"
        return Kept(Kind.TOPIC, name, what, Until.GOOD, "", "Kafka's compaction", why)
    long = Until.GOOD if topic.retention_ms == t.FOREVER else topic.retention_ms // t.DAY_MS
    return Kept(Kind.TOPIC, name, "message", long, "Kafka took it", "Kafka, by `csdl setup`", why)


def _days_of(setting: str) -> int:
    return int(Settings.model_fields[setting].default)


def _line_of(topic: str) -> str:
    return LETTERS if topic.startswith(t.dlq("")) else topic
