"""Who may do what at Kafka: one table, made from that of the processes and of who else there is. Pure.

What stands here is allowed, literally and to that principal alone; nothing else is, to anybody. The one name
that is a beginning is that of a machine's transactional ids: it ends with a dot, and what follows are the
numbers of its partitions (``streams.machines.shards``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from deploy.processes import GROUPS, INPUTS, LETTERS, TABLE, VENDORS, Declared
from runtime import accounts
from schemas import topics as t

STAND_IN_GROUP: Final = "ministry-stand-in"


class Kind(StrEnum):
    """Of what there are rights."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional_id"
    CLUSTER = "cluster"


class Act(StrEnum):
    """What a right allows. Whoever reads or writes may describe, too."""

    READ = "read"
    WRITE = "write"
    DESCRIBE = "describe"
    DESCRIBE_CONFIGS = "describe_configs"
    ALTER = "alter"
    ALTER_CONFIGS = "alter_configs"


@dataclass(frozen=True, order=True)
class Right:
    """One line. ``prefix``: of all that begins so."""

    principal: str
    kind: Kind
    name: str
    act: Act
    prefix: bool = False

    def __str__(self) -> str:
        return f"{self.principal}: {self.act} {self.kind} {self.name}{'*' if self.prefix else ''}"


CLUSTER: Final = "kafka-cluster"
"""What Kafka calls itself."""


def rights(vendors: Sequence[str], ended: Sequence[str] = ()) -> list[Right]:
    """All there are, in a fixed order. ``ended``: vendors whose own password is ended."""
    found = {right for declared in TABLE for right in of_process(declared, vendors)}
    found |= set(_operator(vendors)) | set(_repair(vendors)) | set(_ministry()) | set(_backup(vendors))
    for vendor in set(vendors) - set(ended):
        found |= {Right(accounts.vendor(vendor), Kind.TOPIC, t.in_topic(vendor), Act.WRITE)}
    return sorted(found)


def principals(vendors: Sequence[str], ended: Sequence[str] = ()) -> list[str]:
    """Everyone who has a password at Kafka, but for users of credentials. ``ended`` as above."""
    return sorted({right.principal for right in rights(vendors, ended)} | {accounts.SETUP})


def of_process(declared: Declared, vendors: Sequence[str]) -> Iterator[Right]:
    """What a process needs, no more."""
    if not declared.kafka:
        return
    who = declared.principal
    inputs = _named(declared.inputs, vendors)
    letters = [t.dlq(name) for name in inputs if t.dlq(name) in t.dlqs(list(vendors))]
    for name in inputs + _named(declared.rereads, vendors):
        yield Right(who, Kind.TOPIC, name, Act.READ)
    for name in [*_named(declared.outputs, vendors), *letters]:
        yield Right(who, Kind.TOPIC, name, Act.WRITE)
    for name in _named(declared.describes, vendors):
        yield Right(who, Kind.TOPIC, name, Act.DESCRIBE)
    if declared.group:
        yield Right(who, Kind.GROUP, declared.group, Act.READ)
    for group in groups() if GROUPS in declared.asks else declared.asks:
        yield Right(who, Kind.GROUP, group, Act.DESCRIBE)
    if declared.transactional:
        prefix = declared.transactional.endswith(".")
        yield Right(who, Kind.TRANSACTIONAL_ID, declared.transactional, Act.WRITE, prefix)
    # How the brokers are set, which it looks at before it opens.
    for act in ("describe_configs", *declared.cluster):
        yield Right(who, Kind.CLUSTER, CLUSTER, Act(act))


def groups() -> list[str]:
    """Consumer groups of the processes."""
    return sorted({declared.group for declared in TABLE if declared.group})


def _named(names: Sequence[str], vendors: Sequence[str]) -> list[str]:
    """Topics, with those of all vendors by name."""
    if INPUTS in names:
        every = [name for declared in TABLE for name in declared.inputs]
        names = [*every, *(name for name in names if name != INPUTS)]
    several = {VENDORS: [t.in_topic(v) for v in vendors], LETTERS: t.dlqs(list(vendors))}
    return [one for name in names for one in several.get(name, [name])]


def _operator(vendors: Sequence[str]) -> Iterator[Right]:
    """Looks at everything (csdl doctor, chains, positions); asks for the broker's time. People's acts go
    through the access service."""
    who = accounts.OPERATOR
    for topic in t.topics(list(vendors)):
        yield Right(who, Kind.TOPIC, topic.name, Act.READ)
        yield Right(who, Kind.TOPIC, topic.name, Act.DESCRIBE_CONFIGS)
    yield Right(who, Kind.TOPIC, t.CLOCK, Act.WRITE)
    for group in groups():
        yield Right(who, Kind.GROUP, group, Act.DESCRIBE)
    yield Right(who, Kind.CLUSTER, CLUSTER, Act.DESCRIBE)
    yield Right(who, Kind.CLUSTER, CLUSTER, Act.DESCRIBE_CONFIGS)


def _repair(vendors: Sequence[str]) -> Iterator[Right]:
    """Sends dead letters again to where they came from; writes an accepted position for its reader."""
    who = accounts.REPAIR
    letters = t.dlqs(list(vendors))
    sources = [name.removeprefix(t.dlq("")) for name in letters]
    for name in [*letters, *sources, *t.WITH_POSITIONS, t.DEAD_LETTERS_REPLAYED]:
        yield Right(who, Kind.TOPIC, name, Act.READ)
    for name in [*sources, *t.WITH_POSITIONS, t.DEAD_LETTERS_REPLAYED]:
        yield Right(who, Kind.TOPIC, name, Act.WRITE)
    for group in groups():
        yield Right(who, Kind.GROUP, group, Act.READ)


def _backup(vendors: Sequence[str]) -> Iterator[Right]:
    """Reads everything, writes nothing."""
    for topic in t.topics(list(vendors)):
        yield Right(accounts.BACKUP, Kind.TOPIC, topic.name, Act.READ)
    for group in groups():
        yield Right(accounts.BACKUP, Kind.GROUP, group, Act.DESCRIBE)


def _ministry() -> Iterator[Right]:
    """Reads what goes to it, answers."""
    who = accounts.MINISTRY
    yield Right(who, Kind.TOPIC, t.MINISTRY_EXPORT, Act.READ)
    yield Right(who, Kind.TOPIC, t.MINISTRY_RECEIPTS, Act.WRITE)
    yield Right(who, Kind.GROUP, STAND_IN_GROUP, Act.READ)


def part() -> str:
    """The part of docs/rights.md that is about Kafka, of two vendors named `a` and `b`."""
    of = ["a", "b"]
    lines = [_HEAD]
    for principal in principals(of):
        lines += [f"**{principal}**{_WHO.get(principal, '')}", ""]
        mine = [right for right in rights(of) if right.principal == principal]
        for kind in Kind:
            for act in Act:
                names = [f"`{r.name}{'*' * r.prefix}`" for r in mine if (r.kind, r.act) == (kind, act)]
                if names:
                    lines.append(f"- {act} {kind}: {', '.join(names)}")
        lines.append("")
    return "\n".join(lines)


_WHO: Final = {
    accounts.OPERATOR: " (the command line)",
    accounts.REPAIR: " (`csdl dead-letters replay`, `csdl positions accept`)",
    accounts.BACKUP: " (`csdl backup`)",
    accounts.MINISTRY: " (the Ministry's system, or `csdl ministry simulate`)",
    accounts.SETUP: " (`csdl setup`, `csdl up`: a super user)",
}
_HEAD: Final = """\
## Kafka

From `deploy/broker_rights.py` and `deploy/processes.py`; `csdl doctor` (`kafka-rights`) compares; a process
without one of its rights waits and says SEC-108. A name with `*` is the beginning of names that go on after
its dot; every other is literal. Nobody else may do anything. Vendors here are `a` and `b`.
"""
