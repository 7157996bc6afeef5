"""Where a stack's files and ports are. Two stacks differ in data directory and port base, nothing else."""

import json
import os
import pwd
import shlex
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from deploy.local import whole
from deploy.local.problems import fail
from deploy.processes import NAMES, USUAL, instance, instances, label
from runtime import accounts
from runtime.process import Share
from runtime.settings import Settings
from runtime.stack_file import STACK_FILE, of_a_stack
from schemas.errors import Problem, ProblemList
from schemas.topics import PARTITIONS

DATA_DIR: Final = Path(".csdl")
SERVERS: Final = ("kafka", "postgres")
PORT_BASE: Final = 19090

MORE: Final = 200
"""Offset of the first port of the second and later instances."""

BROKERS: Final = 3
"""At most, in one stack."""

#: name -> offset from the port base. A process's port serves /metrics, /healthz and /readyz; the first of
#: several instances has its process's, the others follow in a block of ten a process.
OFFSETS: Final = {
    "kafka-controller": 1,
    "kafka": 2,
    "postgres": 3,
    "access-service": 4,
    "kafka-broker": 5,
    "kafka-loopback": 6,
    "gateway-service": 7,
    **{
        f"{name}-{number}": 100 + 10 * number + i
        for number in range(2, BROKERS + 1)
        for i, name in enumerate(("kafka", "kafka-controller", "kafka-broker", "kafka-loopback"))
    },
    **{name: 10 + i for i, name in enumerate(NAMES)},
    **{
        label(name, Share(n, PARTITIONS)): MORE + 10 * i + n
        for i, name in enumerate(NAMES)
        for n in range(2, PARTITIONS + 1)
    },
}


@dataclass(frozen=True)
class Stack:
    """One stack on this machine."""

    data_dir: Path
    port_base: int = PORT_BASE
    instances: dict[str, int] = field(default_factory=dict)
    """As the setting (runtime.settings)."""
    asked: dict[str, str] = field(default_factory=dict)
    """Other settings that were said at an `up`: they hold until another `up` says otherwise."""
    open_broker: bool = False
    """Kafka asks nobody who they are: to measure what it costs, for this start alone."""
    brokers: int = 1
    """Three, to see one of them die: ``kafka``, ``kafka-2``, ``kafka-3``, each its own controller, too."""

    def port(self, name: str) -> int:
        """TCP port on 127.0.0.1 of a server or of a process's instance."""
        return self.port_base + OFFSETS[name.removesuffix("-1")]

    @property
    def kafkas(self) -> tuple[str, ...]:
        """Its brokers by name, in the order of their numbers from 1."""
        return ("kafka", *(f"kafka-{number}" for number in range(2, self.brokers + 1)))

    @property
    def servers(self) -> tuple[str, ...]:
        """Brokers and database by name."""
        return (*self.kafkas, "postgres")

    @property
    def processes(self) -> tuple[str, ...]:
        """Every instance of every process, in the order they start. Raises ProblemList (SYS-008)."""
        return tuple(instance.label for instance in instances(self.settings()))

    def every(self, names: Collection[str]) -> tuple[str, ...]:
        """Every instance of some processes, in the order they start. Raises ProblemList (SYS-007/008)."""
        settings = self.settings()
        asked = {instance(settings, name).declared.name for name in names}
        return tuple(found.label for found in instances(settings) if found.declared.name in asked)

    @property
    def metrics_token(self) -> Path:
        """What whoever asks a process for its figures must show."""
        return self.secrets / "metrics.token"

    @property
    def passwords(self) -> Path:
        """Kafka's, a file a principal."""
        return self.secrets / "kafka"

    @property
    def tls(self) -> Path:
        """The authority, and what it has signed."""
        return self.secrets / "tls"

    @property
    def kafka_dir(self) -> Path:
        """Of the first broker; each other's has its name and lies beside it."""
        return self.data_dir / "kafka"

    @property
    def postgres_dir(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def env_file(self) -> Path:
        """Its settings, for a shell to read."""
        return self.data_dir / "stack.env"

    @property
    def secrets(self) -> Path:
        """Keys, passwords and certificates, each in a file."""
        return self.data_dir / "secrets"

    def environment(self) -> dict[str, str]:
        """The settings of who works with this stack."""
        usual = {
            "CSDL_REGISTER_FILE": str(self.data_dir / "register.csv"),
            "CSDL_IDENTITY_KEY_FILE": str(self.data_dir / "secrets" / "identity.key"),
        }
        own = {
            "CSDL_BOOTSTRAP_SERVERS": ",".join(f"127.0.0.1:{self.port(name)}" for name in self.kafkas),
            "CSDL_DATABASE_URL": f"postgresql://127.0.0.1:{self.port('postgres')}/csdl"
            "?require_auth=scram-sha-256",
            "CSDL_DATABASE_LOG": str(self.logs / "postgres.log"),
            "CSDL_DATA_DIR": str(self.data_dir),
            "CSDL_SECRETS_DIR": str(self.secrets),
            "CSDL_ACCESS_PORT": str(self.port("access-service")),
            "CSDL_ACCESS_URL": f"http://127.0.0.1:{self.port('access-service')}",
            "CSDL_GATEWAY_PORT": str(self.port("gateway-service")),
            "CSDL_GATEWAY_URL": f"http://127.0.0.1:{self.port('gateway-service')}",
            "CSDL_METRICS_TOKEN_FILE": str(self.metrics_token),
            "CSDL_INSTANCES": json.dumps(self.instances, separators=(",", ":")),
        }
        if self.brokers > 1:
            own |= {"CSDL_REPLICATION_FACTOR": str(self.brokers), "CSDL_MIN_INSYNC_REPLICAS": "2"}
        return usual | self.asked | own | ({} if self.open_broker else self._credentials())

    def process_environment(self, name: str) -> dict[str, str]:
        """The settings of one of its processes: it reaches a broker that is alone by the loopback."""
        own = {"CSDL_HTTP_PORT": str(self.port(name))}
        if not self.open_broker and self.brokers == 1:
            own["CSDL_KAFKA_LOOPBACK"] = f"127.0.0.1:{self.port('kafka-loopback')}"
        return self.environment() | own

    def _credentials(self) -> dict[str, str]:
        """Of who works at the command line; each process takes its own (runtime.credentials)."""
        return {
            "CSDL_KAFKA_USER": accounts.OPERATOR,
            "CSDL_KAFKA_PASSWORD_FILE": str(self.passwords / accounts.OPERATOR),
            "CSDL_KAFKA_CA_FILE": str(self.tls / "ca.pem"),
        }

    def settings(self) -> Settings:
        """Settings of a client of this stack. Raises ProblemList (SET-001)."""
        return Settings.of(self.environment())

    def save(self) -> None:
        """Write down what was asked for, for the next `up`, `down` and `status`, and the settings."""
        state = {
            "port_base": self.port_base,
            "instances": self.instances,
            "asked": self.asked,
            "brokers": self.brokers,
            "settings": self.environment(),
        }
        whole.write(self.data_dir / STACK_FILE, json.dumps(state, ensure_ascii=False, indent=1) + "\n")
        lines = [f"{key}={shlex.quote(value)}\n" for key, value in self.environment().items()]
        whole.write(self.env_file, "".join(lines))


REGISTER: Final = "CSDL_REGISTER_FILE"
FILES: Final = (
    REGISTER,
    "CSDL_IDENTITY_KEY_FILE",
    "CSDL_CHECKPOINTS_DIR",
    "CSDL_CHECKPOINT_KEY_FILE",
    "CSDL_BACKUPS_DIR",
    "CSDL_BACKUP_KEY_FILE",
)
OWN: Final = (
    "CSDL_BOOTSTRAP_SERVERS",
    "CSDL_KAFKA_USER",
    "CSDL_KAFKA_PASSWORD_FILE",
    "CSDL_KAFKA_CA_FILE",
    "CSDL_DATABASE_URL",
    "CSDL_DATABASE_LOG",
    "CSDL_DATA_DIR",
    "CSDL_SECRETS_DIR",
    "CSDL_METRICS_TOKEN_FILE",
    "CSDL_INSTANCES",
    "CSDL_HTTP_PORT",
    "CSDL_ACCESS_PORT",
    "CSDL_ACCESS_URL",
    "CSDL_GATEWAY_PORT",
    "CSDL_GATEWAY_URL",
)
"""Settings that a stack or a process has of its own: never taken from somebody's environment."""


def asked_for(data_dir: Path, port_base: int | None) -> Stack:
    """The stack that an `up` means: what it does not say is as the last `up` in this folder said.

    Raises ProblemList: SET-001, SET-002, STK-017.
    """
    data_dir = data_dir.absolute()
    last = _last(data_dir) or Stack(data_dir, instances=dict(USUAL))
    said = {name: os.environ[name] for name in _names() if os.environ.get(name) and name not in OWN}
    said |= {name: str(Path(said[name]).absolute()) for name in FILES if name in said}
    instances = instances_asked() if os.environ.get("CSDL_INSTANCES") else last.instances
    return replace(last, port_base=port_base or last.port_base, instances=instances, asked=last.asked | said)


def _names() -> list[str]:
    return [f"CSDL_{name.upper()}" for name in Settings.model_fields]


def instances_asked() -> dict[str, int]:
    """How many a new stack runs: as the environment says, else as usual; never as another stack.

    Raises ProblemList (SET-001).
    """
    try:
        asked = os.environ.get("CSDL_INSTANCES")
        return TypeAdapter(dict[str, int]).validate_json(asked) if asked else dict(USUAL)
    except ValidationError:
        raise ProblemList([Problem("SET-001", params={"name": "CSDL_INSTANCES"})]) from None


def at(data_dir: Path) -> Stack:
    """The stack that was started in a data directory; STK-007 if none was, STK-017 if it is another's."""
    data_dir = data_dir.absolute()
    found = _last(data_dir)
    if found is None:
        fail("STK-007", data_dir=data_dir)
    return found


def known(data_dir: Path) -> bool:
    """Whether a stack was started there, or may have been: in one that only another account sees into."""
    try:
        return (data_dir / STACK_FILE).exists()
    except PermissionError:
        return True


class _Saved(BaseModel):
    port_base: int = Field(ge=1024, le=65000)
    instances: dict[str, int] = {}
    asked: dict[str, str] | None = None
    brokers: int = Field(default=1, ge=1, le=BROKERS)


def _last(data_dir: Path) -> Stack | None:
    """What the last `up` in a folder wrote down."""
    _refuse_anothers(data_dir)
    path = data_dir / STACK_FILE
    settings = of_a_stack(data_dir)
    try:
        saved = _Saved.model_validate_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError:
        fail("SET-002", path=path)
    asked = saved.asked
    if asked is None:  # of release 0.2
        asked = {name: settings[name] for name in FILES if name in settings}
        asked = {name: value for name, value in asked.items() if not Path(value).is_relative_to(data_dir)}
    return Stack(data_dir, saved.port_base, saved.instances, asked, brokers=saved.brokers)


def _refuse_anothers(data_dir: Path) -> None:
    """Another account's processes can be neither seen nor stopped, which must not read as "none runs"."""
    try:
        owner = (data_dir / STACK_FILE).stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError:
        owner = data_dir.stat().st_uid
    if os.geteuid() not in (0, owner):
        fail("STK-017", data_dir=data_dir, owner=_account(owner))


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
