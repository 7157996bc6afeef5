"""The pipeline's long-lived processes: one table. Every way to run and watch them is made from it or tested.

``csdl run``, ``csdl up``, ``csdl status``, compose, the systemd target and Prometheus' targets follow it.
A new process is a line at the end of the table: its ports come from its place.
"""

from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Final

from runtime.accounts import BACKUP, OPERATOR, SETUP
from runtime.process import Process, Share
from runtime.settings import Settings
from schemas import topics as t
from schemas.errors import Problem, ProblemList


class Sharing(Enum):
    """How several of one process share its work, in Vietnamese and English."""

    PARTITIONS = "theo phân vùng — by partition"
    GROUP = "theo nhóm tiêu thụ của Kafka — by Kafka's consumer group"
    ROWS = "theo dòng, ai khóa thì làm — by row, each locked by who takes it"
    SINGLE = "chỉ một — one alone"


class Turn(Enum):
    """What keeps a second one of the same instance waiting."""

    DATABASE = "a lock in PostgreSQL"
    FOLDER = "a lock in the data directory"
    NONE = "nothing: it shares the work"


VENDORS: Final = t.in_topic("VENDOR")
"""Stands for the topics of all vendors."""


LETTERS: Final = t.dlq("*")
"""Stands for all topics of dead letters."""

INPUTS: Final = "inputs"
"""Stands for all that any process reads and acts on."""

GROUPS: Final = "groups"
"""Stands for the consumer groups of all processes."""


@dataclass(frozen=True)
class Declared:
    """One process. ``entry`` is ``module:class``, imported when it is run.

    ``inputs`` and ``outputs`` are topics; dead letters of its inputs are understood. ``rereads``: topics that
    it reads besides, without acting on them; ``describes``: whose ends it asks for. ``group`` is its consumer
    group, ``asks``: others' groups whose offsets it asks for. ``transactional`` is its transactional id; with
    a dot at the end, the beginning of those of its shards. ``cluster``: what it does to Kafka itself. Its
    rights at Kafka are these (deploy.rights).
    ``serves``: the name of a port of its own, for others than Prometheus (``deploy.local.layout``).
    ``tables``: it works with the provincial database, in this code's schema; ``kafka``: with Kafka. It is
    ready while it can. ``memory_mb`` bounds it where something keeps bounds (compose, systemd).
    """

    name: str
    entry: str
    sharing: Sharing
    turn: Turn
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    rereads: tuple[str, ...] = ()
    describes: tuple[str, ...] = ()
    group: str = ""
    asks: tuple[str, ...] = ()
    transactional: str = ""
    cluster: tuple[str, ...] = ()
    serves: str = ""
    tables: bool = True
    kafka: bool = True
    memory_mb: int = 1024

    @property
    def principal(self) -> str:
        """Its account at Kafka and PostgreSQL, where each process has one of its own."""
        return f"csdl-{self.name}"

    def make(self, settings: Settings, share: Share) -> Process:
        """The process, not opened."""
        module, name = self.entry.split(":")
        made: Process = getattr(import_module(module), name)(settings, share)
        return made


TABLE: Final = (
    Declared(
        "grants", "streams.grants.process:Grants", Sharing.PARTITIONS, Turn.FOLDER,
        inputs=(t.GRANTS_COMMANDS, t.GRANTS_SYSTEM),
        # What becomes due by itself is written as a command, too.
        outputs=(t.GRANTS_EVENTS, t.GRANTS_STATE, t.GRANTS_REFUSALS, t.GRANTS_SYSTEM),
        rereads=(t.GRANTS_EVENTS, t.GRANTS_STATE, t.GRANTS_REFUSALS),
        group="csdl.grants", transactional="csdl.grants.", tables=False,
    ),
    Declared(
        "validation", "streams.validation.process:Validation", Sharing.GROUP, Turn.NONE,
        inputs=(VENDORS, t.GRANTS_STATE, t.ORGANISATION_STATE),
        outputs=(t.RECORDS_ACCEPTED, t.RECORDS_REFUSED, t.VALIDATION_POSITIONS, t.GRANTS_SYSTEM),
        rereads=(t.VALIDATION_POSITIONS, t.TERMS), describes=(t.ORGANISATION_SETUP,),
        group=t.VALIDATION_GROUP, tables=False, memory_mb=2048,
    ),
    Declared(
        "load", "sinks.provincial.load.process:Load", Sharing.PARTITIONS, Turn.DATABASE,
        inputs=(t.RECORDS_ACCEPTED, t.RECORDS_REMOVALS), outputs=(t.CLOCK,),
        rereads=(VENDORS, t.TERMS), asks=(t.VALIDATION_GROUP,), memory_mb=2048,
    ),
    Declared(
        "check", "sinks.provincial.check.process:Check", Sharing.ROWS, Turn.DATABASE, kafka=False,
        memory_mb=2048,
    ),
    Declared(
        "outbox", "sinks.postgres.outbox:Outbox", Sharing.SINGLE, Turn.DATABASE,
        outputs=(t.PUSH_ANSWERS, t.CONFIRMATION_CHECKS, t.CONFIRMATION_RECEIPTS),
    ),
    Declared(
        "confirmation", "streams.confirmation.process:Confirmation", Sharing.PARTITIONS, Turn.FOLDER,
        inputs=(t.CONFIRMATION_COMMANDS, t.CONFIRMATION_CHECKS, t.CONFIRMATION_RECEIPTS),
        outputs=(t.CONFIRMATION_EVENTS, t.CONFIRMATION_STATE, t.CONFIRMATION_REFUSALS),
        rereads=(t.CONFIRMATION_EVENTS, t.CONFIRMATION_STATE, t.CONFIRMATION_REFUSALS),
        group="csdl.confirmation", transactional="csdl.confirmation.", tables=False,
    ),
    Declared(
        "projection", "sinks.projection.process:Projection", Sharing.SINGLE, Turn.DATABASE,
        inputs=(
            t.CONFIRMATION_EVENTS, t.CONFIRMATION_REFUSALS, t.GRANTS_EVENTS, t.GRANTS_REFUSALS,
            t.ORGANISATION_EVENTS, t.ORGANISATION_REFUSALS,
        ),
    ),
    Declared(
        "export", "sinks.ministry.export.process:Exporter", Sharing.SINGLE, Turn.DATABASE,
        inputs=(t.CONFIRMATION_EVENTS,), outputs=(t.MINISTRY_EXPORT,),
        transactional="csdl.export", memory_mb=2048,
    ),
    Declared(
        "receipts", "sinks.ministry.receipts.process:Receiver", Sharing.SINGLE, Turn.DATABASE,
        inputs=(t.MINISTRY_RECEIPTS,),
    ),
    Declared(
        "watch", "sinks.watch.process:Watch", Sharing.SINGLE, Turn.FOLDER,
        # The first message that waits is looked at for its time.
        rereads=(INPUTS, *t.WITH_POSITIONS, t.TERMS), describes=(LETTERS,), asks=(GROUPS,),
    ),
    Declared(
        "checkpoints", "sinks.checkpoints.process:Checkpoints", Sharing.SINGLE, Turn.FOLDER,
        inputs=(
            t.CONFIRMATION_EVENTS, t.CONFIRMATION_REFUSALS, t.GRANTS_EVENTS, t.GRANTS_REFUSALS,
            t.ORGANISATION_EVENTS, t.ORGANISATION_REFUSALS,
        ),
    ),
    Declared(
        "organisation", "streams.organisation.process:Organisation", Sharing.PARTITIONS, Turn.FOLDER,
        inputs=(t.ORGANISATION_COMMANDS, t.ORGANISATION_SETUP),
        outputs=(t.ORGANISATION_EVENTS, t.ORGANISATION_STATE, t.ORGANISATION_REFUSALS),
        rereads=(t.ORGANISATION_EVENTS, t.ORGANISATION_STATE, t.ORGANISATION_REFUSALS),
        group="csdl.organisation", transactional="csdl.organisation.", tables=False,
    ),
    Declared(
        "access", "access.service.process:Access", Sharing.SINGLE, Turn.FOLDER,
        outputs=(t.CONFIRMATION_COMMANDS, t.GRANTS_COMMANDS, t.ORGANISATION_COMMANDS, t.RECORDS_REMOVALS),
        # What came of an act, and what it is about.
        rereads=(
            t.CONFIRMATION_EVENTS, t.CONFIRMATION_REFUSALS, t.CONFIRMATION_STATE, t.GRANTS_EVENTS,
            t.GRANTS_REFUSALS, t.GRANTS_STATE, t.PUSH_ANSWERS, t.ORGANISATION_EVENTS, t.ORGANISATION_REFUSALS,
            t.ORGANISATION_STATE, t.TERMS,
        ),
        describes=(t.ORGANISATION_SETUP,), serves="access-service",
    ),
    Declared(
        "credentials", "access.credentials.process:Credentials", Sharing.SINGLE, Turn.DATABASE,
        # Makes and ends vendors' users, their rights and bounds.
        outputs=(t.CREDENTIALS_ENDED,), rereads=(t.GRANTS_STATE, t.CREDENTIALS_ENDED),
        cluster=("alter", "alter_configs"),
    ),
    Declared(
        "gateway", "producers.gateway.process:Gateway", Sharing.SINGLE, Turn.FOLDER,
        # A school's key writes to its vendor's topic alone: the gateway proves it, validation looks again.
        outputs=(VENDORS,), rereads=(t.GRANTS_STATE, t.ORGANISATION_STATE, t.TERMS),
        # What waits for validation and load: above a bound it takes no push.
        describes=(t.ORGANISATION_SETUP, t.RECORDS_ACCEPTED), asks=(t.VALIDATION_GROUP,),
        serves="gateway-service", memory_mb=2048,
    ),
    Declared(
        "feed", "sinks.feed.process:Feed", Sharing.SINGLE, Turn.DATABASE,
        inputs=(t.PUSH_ANSWERS, t.CONFIRMATION_EVENTS),
    ),
)  # fmt: skip
"""In the order they start."""

USUAL: Final = {"load": 2}
"""How many of a process a new stack runs: one load waits for PostgreSQL while a core is free."""

NAMES: Final = tuple(declared.name for declared in TABLE)

SERVES: Final = {declared.name: declared.serves for declared in TABLE if declared.serves}
"""Process → the name of the port on which it serves others than Prometheus."""


def database_principals() -> tuple[str, ...]:
    """Accounts of PostgreSQL that log in: of the processes that work with it, of setup, of the operator,
    and of who copies it."""
    return (*(declared.principal for declared in TABLE if declared.tables), SETUP, OPERATOR, BACKUP)


@dataclass(frozen=True)
class Instance:
    """One of a process: its name ("load", or "load-2" if there are several), its declaration, its share."""

    label: str
    declared: Declared
    share: Share


def instances(settings: Settings) -> list[Instance]:
    """Every instance that the settings ask for. Raises ProblemList: SYS-008 for a number that cannot be."""
    for name, number in settings.instances.items():
        most = _most(name)
        if not 1 <= number <= most:
            raise ProblemList([Problem("SYS-008", params={"name": name, "number": number, "most": most})])
    return [
        Instance(label(declared.name, share), declared, share)
        for declared in TABLE
        for share in _shares(settings.instances.get(declared.name, 1))
    ]


def instance(settings: Settings, wanted: str) -> Instance:
    """The instance of a name; that of a process is its first. Raises ProblemList (SYS-007) if none is."""
    every = instances(settings)
    for found in every:
        if wanted in (found.label, f"{found.declared.name}-{found.share.number}") or (
            wanted == found.declared.name and found.share.number == 1
        ):
            return found
    known = ", ".join(found.label for found in every)
    raise ProblemList([Problem("SYS-007", params={"name": wanted, "known": known})])


def label(name: str, share: Share) -> str:
    """What an instance is called."""
    return name if share.of == 1 else f"{name}-{share.number}"


def _shares(number: int) -> list[Share]:
    return [Share(n, number) for n in range(1, number + 1)]


def _most(name: str) -> int:
    """How many of it there may be; 0 of what is no process."""
    declared = next((d for d in TABLE if d.name == name), None)
    if declared is None:
        return 0
    return 1 if declared.sharing is Sharing.SINGLE else t.PARTITIONS
