"""A backup put back on a server as the roles installed it (deploy/ansible): PostgreSQL is Debian's cluster,
Kafka one broker of its own unit, the pipeline ``csdl.target``. Root's alone.

Units are stopped, and started again at the end in the order in which processes wait for one another. While a
restore is unfinished none of the pipeline's units starts, after a reboot either: they look for its mark.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from kafka.errors import KafkaError

from backup import lost
from backup.manifest import Manifest
from backup.place import Fill, Lost
from deploy import accounts, broker, server, server_status, taking_on, upgrade, upgrade_order
from deploy.local import server_account
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

NOT_HERE: Final = "BAK-025"
OTHER_POSTGRES: Final = "BAK-026"

KAFKA_HOME: Final = Path("/etc/kafka")
KAFKA_UNIT: Final = "kafka.service"
TIMERS: Final = ("csdl-backup.timer", "csdl-retention.timer")
PIPELINE: Final = (
    "csdl.target", *TIMERS, "csdl-setup.service", "csdl-backup.service", "csdl-retention.service",
)  # fmt: skip
HERE: Final = ("localhost", "127.0.0.1", "::1")
START_S: Final = 120.0

T = TypeVar("T")


@dataclass(frozen=True)
class Cluster:
    """One of Debian's PostgreSQL clusters, as ``pg_lsclusters`` lists it."""

    version: str
    name: str
    port: int
    data: Path

    @property
    def unit(self) -> str:
        return f"postgresql@{self.version}-{self.name}.service"


class Server:
    """This machine. ``Place`` says what each method is for."""

    then = "csdl doctor"

    def __init__(self, settings: Settings) -> None:
        """Raises ProblemList: SRV-001 for who is not root, BAK-025 for a server that is not here."""
        if os.geteuid() != 0:
            raise ProblemList([Problem("SRV-001")])
        self.settings, self.home = settings, server.HOME
        missing: list[Problem] = []
        for find in (self._find_postgres, self._find_kafka):
            try:
                find()
            except ProblemList as not_here:
                missing += not_here.problems
        if missing:
            raise ProblemList(missing)

    def _find_postgres(self) -> None:
        parts = urlsplit(self.settings.database)
        listed = clusters(upgrade.run("pg_lsclusters", "--no-header"))
        of_port = [each for each in listed if each.port == (parts.port or 5432)]
        if parts.hostname not in HERE or not of_port:
            raise _not_here("PostgreSQL", parts.netloc.rpartition("@")[2], ", ".join(e.name for e in listed))
        [self._cluster] = of_port

    def _find_kafka(self) -> None:
        described = KAFKA_HOME / "cluster.json"
        try:
            self._broker = broker.read(described)
            said = (KAFKA_HOME / "kafka.env").read_text(encoding="utf-8")
        except (OSError, ProblemList):
            raise _not_here("Kafka", self.settings.brokers, str(described)) from None
        if len(self._broker.nodes) != 1:
            raise _not_here("Kafka", self.settings.brokers, f"{len(self._broker.nodes)} brokers")
        self._node = dict(line.split("=", 1) for line in said.splitlines())["CSDL_BROKER_NODE"]

    @property
    def postgres_dir(self) -> Path:
        """Of Debian's cluster."""
        return self._cluster.data

    @property
    def kafka_dir(self) -> Path:
        """The broker's."""
        return self._broker.data

    def refusals(self, found: Manifest, what: Lost) -> Iterator[Problem]:
        """Data of one release of PostgreSQL are not another's."""
        if str(found.postgres_major) != self._cluster.version:
            params = {"name": found.id, "found": found.postgres_major, "here": self._cluster.version}
            yield Problem(OTHER_POSTGRES, params=params)

    def begin(self, found: Manifest, what: Lost) -> None:
        """On a new disk the servers' own folders are missing, too."""
        self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        self.home.chmod(0o755)
        upgrade.run("systemctl", "stop", *PIPELINE)
        upgrade.run("systemctl", "stop", self._cluster.unit)
        if what is not Lost.POSTGRES:
            upgrade.run("systemctl", "stop", KAFKA_UNIT)
        upgrade.run("install", "-d", "-o", "postgres", "-g", "postgres", str(self.postgres_dir.parent))
        upgrade.run("install", "-d", "-o", "kafka", "-g", "kafka", "-m", "0700", str(self.kafka_dir.parent))

    def ask(self, question: Fill) -> None:
        """PostgreSQL alone."""
        upgrade.run("systemctl", "start", self._cluster.unit)
        question(self.settings.acting_as(SETUP))
        upgrade.run("systemctl", "stop", self._cluster.unit)

    def keys_are_there(self) -> None:
        """Each readable by whom it is for."""
        server.prepare(self.settings)

    def take_over(self, home: Path) -> None:
        """Its settings lie in /etc."""
        server_account.hand_over(home)
        server_account.hand_over_all(home)

    def fill(self, fill: Fill) -> None:
        """Passwords are those of this machine's files, whichever the copy knew. Nobody but setup is a user of
        a new Kafka before it is filled: vendors and the Ministry may write from the first moment on."""
        from sinks.provincial.migrate import migrate

        as_setup = self.settings.acting_as(SETUP)
        upgrade.run("systemctl", "start", self._cluster.unit)
        self._as("postgres", *self._psql(), given=accounts.script(self.settings))
        migrate(as_setup)
        self._as("kafka", str(Path(sys.prefix) / "bin/csdl"), "broker", "format", "--node", self._node)
        upgrade.run("systemctl", "start", KAFKA_UNIT)
        password = as_setup.kafka_password_file
        _until(
            lambda: broker.let_in(self._broker, int(self._node), password),
            (KafkaError, ConnectionError, ProblemList),
        )
        taking_on.provide(as_setup, fill, _until)
        signs = self.settings.checkpoint_key_file.parent
        for path in (*self.settings.checkpoints_dir.glob("*"), *signs.glob("*")):  # what was signed just now
            owner = path.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid)

    def end(self) -> None:
        """Setup comes first, as at each start; all start at once, and are waited for in turn."""
        lost.shown(self.home)
        enabled = [timer for timer in TIMERS if _is_enabled(timer)]
        upgrade.run("systemctl", "start", "csdl.target", *enabled)
        for each in upgrade_order.in_order(server_status.runs_here(self.settings)):
            upgrade.until_ready(self.settings, each)

    def _psql(self) -> list[str]:
        found = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", accounts.DATABASE, "-f", "-"]
        return [*found, "-p", str(self._cluster.port)]

    def _as(self, account: str, *command: str, given: str | None = None) -> None:
        upgrade.run("runuser", "-u", account, "--", "env", "-C", "/", *command, given=given)


def clusters(listed: str) -> list[Cluster]:
    """Of what ``pg_lsclusters --no-header`` prints. Pure."""
    found = []
    for line in listed.splitlines():
        version, name, port, *_ = words = line.split()
        # Owner and log may be missing or have blanks; a folder of data has none at Debian's.
        data = next(word for word in words if word.startswith("/"))
        found.append(Cluster(version, name, int(port), Path(data)))
    return found


def _not_here(name: str, address: str, reason: str) -> ProblemList:
    return ProblemList([Problem(NOT_HERE, params={"server": name, "address": address, "reason": reason})])


def _is_enabled(unit: str) -> bool:
    try:
        return upgrade.run("systemctl", "is-enabled", unit).strip() == "enabled"
    except ProblemList:
        return False


def _until(attempt: Callable[[], T], faults: tuple[type[Exception], ...], /) -> T:
    """Until a server that has just been started answers."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            return attempt()
        except faults:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
