"""A backup brought to life beside what runs, in a folder and on ports of its own, and looked at."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from psycopg2.extensions import connection, cursor

from backup import manifest, restoring
from backup.cut import MACHINES
from backup.manifest import Manifest, Progress, silent
from backup.place import Local
from backup.sealing import Key
from deploy.local import layout
from deploy.local.layout import Stack
from runtime import accounts, agreement, kafka, postgres
from runtime.settings import Settings
from schemas.contracts import contracts
from schemas.errors import Problem, ProblemList
from sinks.checkpoints import audit, verification
from sinks.ministry.export.package import digest
from sinks.postgres import offsets
from sinks.provincial import years
from sinks.provincial.records import read
from sinks.watch.readers import IN_POSTGRES, readers
from streams.machines import chain, standing, topic_log, wire
from streams.machines.machine import AnyMachine

OTHER_DIGEST: Final = "BAK-020"
BROKEN: Final = "BAK-021"
OTHER_STATE: Final = "BAK-022"

SERVERS_PORTS: Final = ("kafka-controller", "kafka", "kafka-broker", "kafka-loopback", "postgres")
PORTS: Final = range(20_500, 32_000, 500)

TOPIC_IDS: Final = frozenset({verification.ANOTHER_LOG})
"""Of a copy's topics Kafka's ids are others, always. That their ends agree, positions and heads say."""

_COUNTED: Final = ("dataset", "version", "push", "confirmation_event", "ministry_export", "ministry_receipt")


@dataclass
class Verified:
    """What was found in a backup. ``rows``: by table; ``versions``: whose digest was recomputed; ``years``:
    what it holds of each school year (``sinks.provincial.years``)."""

    id: str
    records: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    versions: int = 0
    chains: int = 0
    events: int = 0
    checkpoint: int = 0
    years: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self) | {"problems": [problem.as_dict() for problem in self.problems]}


def verify(folder: Path, key: Key, progress: Progress = silent, scratch: Path | None = None) -> Verified:
    """Raises ProblemList where it cannot be brought to life (``restoring.restore``)."""
    found = manifest.proved(folder, key)
    with (
        tempfile.TemporaryDirectory(prefix="csdl-verify-", dir=scratch) as temporary,
        _apart(Path(temporary) / "stack") as data_dir,
    ):
        it = Local(Stack(data_dir, _free_ports(), asked=found.asked()))
        verified = Verified(found.id, found.records)

        def look(settings: Settings, _: Manifest) -> None:
            _look(settings, verified, progress)

        restoring.restore(it, folder, key, progress=progress, finish=look)
    return verified


@contextmanager
def _apart(data_dir: Path) -> Iterator[Path]:
    """Meanwhile no setting of what runs is in force: it would name that one's folders, keys and servers."""
    ours = {name: value for name, value in os.environ.items() if name.startswith("CSDL_")}
    for name in ours:
        del os.environ[name]
    os.environ |= {"CSDL_SETTINGS": "", "CSDL_DATA_DIR": str(data_dir)}
    try:
        yield data_dir
    finally:
        for name in ("CSDL_SETTINGS", "CSDL_DATA_DIR"):
            os.environ.pop(name, None)
        os.environ.update(ours)


def _free_ports() -> int:
    """A base all of whose ports of servers are free."""
    for base in PORTS:
        with ExitStack() as probes:
            try:
                for name in SERVERS_PORTS:
                    probe = probes.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", base + layout.OFFSETS[name]))
            except OSError:
                continue
        return base
    raise ProblemList([Problem("STK-001", params={"port": PORTS.start, "name": "csdl backup verify"})])


def _look(settings: Settings, verified: Verified, progress: Progress) -> None:
    own = settings.acting_as(accounts.SETUP)
    progress("đối chiếu — comparing", 0, 0)
    with closing(postgres.connect(own, "csdl backup verify")) as conn, conn, conn.cursor() as cur:
        for table in (*_COUNTED, *(contracts.record(name).table for name in contracts.record_types())):
            cur.execute(f"SELECT count(*) FROM {table}")
            (verified.rows[table],) = cur.fetchone()
        verified.years = years.held(cur)
        verified.problems += _digests(cur, verified)
        verified.problems += _sinks(own, conn)
    for machine in MACHINES:
        verified.problems += _machine(own, machine, verified)
    verified.problems += _checkpoints(own, verified)


def _digests(cur: cursor, verified: Verified) -> Iterator[Problem]:
    """Every version that some unit has confirmed, from its rows; those of closed years have none."""
    cur.execute(
        "SELECT v.dataset_id, v.version, v.digest FROM version v "
        "JOIN confirmation c USING (dataset_id, version) WHERE v.digest <> '' "
        f"AND c.school_year NOT IN ({years.CLOSED}) ORDER BY 1, 2"
    )
    for dataset, number, sealed in cur.fetchall():
        verified.versions += 1
        rows = read.version(cur, dataset, number)
        if digest(dataset, number, rows, read.digest_rule(cur, dataset, number)) != sealed:
            yield Problem(OTHER_DIGEST, params={"dataset": dataset, "version": number})


def _sinks(settings: Settings, conn: connection) -> Iterator[Problem]:
    """Positions in PostgreSQL against the logs."""
    with conn.cursor() as cur:
        kept = offsets.read(cur)
    for reader in readers(settings.vendors):
        if reader.kept == IN_POSTGRES:
            wanted = {
                tp: kept[reader.name, tp]
                for tp in kafka.partitions(*reader.topics)
                if (reader.name, tp) in kept
            }
            yield from agreement.compare(settings, reader.name, wanted)


def _machine(settings: Settings, machine: AnyMachine, verified: Verified) -> Iterator[Problem]:
    """Its positions against the logs, its chains, and that its states are where its events lead."""
    name = standing.reader(machine)
    with closing(kafka.consumer(settings, group_id=name)) as consumer:
        kept = list(kafka.to_end(consumer, kafka.partitions(machine.state_topic)))
        inputs = kafka.partitions(*machine.input_topics())
        found, problems = standing.inputs(machine, consumer, inputs, kept)
        events = list(kafka.to_end(consumer, kafka.partitions(machine.events_topic)))
    yield from problems
    yield from agreement.compare(settings, name, found | standing.outputs(machine, kept))
    chains: dict[str, list[dict[str, Any]]] = {}
    for message in events:
        if (record := topic_log.record(message, machine.event_contract)) is not None:
            subject = machine.subject(wire.from_record(machine.event, dict(record)))
            chains.setdefault(subject, []).append(record)
    verified.chains += len(chains)
    verified.events += len(events)
    for subject, of_subject in chains.items():
        for fault in chain.breaks(subject, of_subject):
            yield Problem(BROKEN, params={"subject": subject, "sequence": fault.sequence})
    heads = {subject: (r[-1]["Sequence"], r[-1]["Hash"]) for subject, r in chains.items()}
    stand = {subject: (s.sequence, s.hash) for subject, s in topic_log.states(machine, kept).items()}
    for subject in sorted(heads.keys() | stand.keys()):
        if heads.get(subject) != stand.get(subject):
            yield Problem(OTHER_STATE, params={"subject": subject, "machine": machine.name})


def _checkpoints(settings: Settings, verified: Verified) -> Iterator[Problem]:
    """Chains against the signed heads, as a later audit does."""
    if not settings.checkpoints_dir.exists():
        return
    row, _ = audit.read_row(settings, settings.checkpoints_dir)
    verified.checkpoint = row.number
    for finding in audit.whole(settings, row).findings:
        if finding.code not in TOPIC_IDS:
            yield finding.problem
