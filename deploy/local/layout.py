"""Where a stack's files and ports are. Two stacks differ in data directory and port base, nothing else."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr, TypeAdapter, ValidationError

from deploy.local.problems import fail
from deploy.processes import NAMES, instances, label
from runtime.process import Share
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.topics import PARTITIONS

DATA_DIR: Final = Path(".csdl")
PORT_BASE: Final = 19090

MORE: Final = 200
"""Offset of the first port of the second and later instances."""

#: name -> offset from the port base. A process's port serves /metrics, /healthz and /readyz; the first of
#: several instances has its process's, the others follow in a block of ten a process.
OFFSETS: Final = {
    "kafka-controller": 1,
    "kafka": 2,
    "postgres": 3,
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

    def port(self, name: str) -> int:
        """TCP port on 127.0.0.1 of a server or of a process's instance."""
        return self.port_base + OFFSETS[name.removesuffix("-1")]

    @property
    def processes(self) -> tuple[str, ...]:
        """Every instance of every process, in the order they start. Raises ProblemList (SYS-008)."""
        return tuple(instance.label for instance in instances(self.settings()))

    @property
    def kafka_dir(self) -> Path:
        return self.data_dir / "kafka"

    @property
    def postgres_dir(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"

    @property
    def env_file(self) -> Path:
        """What the command line reads to find the stack (runtime.settings)."""
        return self.data_dir / "stack.env"

    def environment(self) -> dict[str, str]:
        """The settings of every process of this stack, but for its own port."""
        return {
            "CSDL_BOOTSTRAP_SERVERS": f"127.0.0.1:{self.port('kafka')}",
            "CSDL_DATABASE_URL": f"postgresql://csdl@127.0.0.1:{self.port('postgres')}/csdl",
            "CSDL_DATA_DIR": str(self.data_dir),
            "CSDL_REGISTER_FILE": os.environ.get("CSDL_REGISTER_FILE", str(self.data_dir / "register.csv")),
            "CSDL_INSTANCES": json.dumps(self.instances, separators=(",", ":")),
            "CSDL_IDENTITY_KEY_FILE": os.environ.get(
                "CSDL_IDENTITY_KEY_FILE", str(self.data_dir / "secrets" / "identity.key")
            ),
        }

    def settings(self) -> Settings:
        """Settings of a client of this stack."""
        env = self.environment()
        return Settings(
            bootstrap_servers=env["CSDL_BOOTSTRAP_SERVERS"],
            database_url=SecretStr(env["CSDL_DATABASE_URL"]),
            data_dir=self.data_dir,
            register_file=Path(env["CSDL_REGISTER_FILE"]),
            instances=self.instances,
            identity_key_file=Path(env["CSDL_IDENTITY_KEY_FILE"]),
        )

    def save(self) -> None:
        """Write down the ports, for `down` and `status`, and the settings, for the command line."""
        state = {"port_base": self.port_base, "instances": self.instances}
        (self.data_dir / "stack.json").write_text(json.dumps(state) + "\n", encoding="utf-8")
        lines = [f"{key}={value}\n" for key, value in self.environment().items()]
        self.env_file.write_text("".join(lines), encoding="utf-8")


def instances_asked() -> dict[str, int]:
    """What the environment says of how many a new stack runs: never what another stack's file says.

    Raises ProblemList (SET-001).
    """
    try:
        return TypeAdapter(dict[str, int]).validate_json(os.environ.get("CSDL_INSTANCES", "{}"))
    except ValidationError:
        raise ProblemList([Problem("SET-001", params={"name": "CSDL_INSTANCES"})]) from None


def at(data_dir: Path) -> Stack:
    """The stack that was started in a data directory; STK-007 if none was."""
    data_dir = data_dir.absolute()
    try:
        state = json.loads((data_dir / "stack.json").read_text(encoding="utf-8"))
        return Stack(data_dir, int(state["port_base"]), dict(state.get("instances", {})))
    except (FileNotFoundError, ValueError, KeyError):
        fail("STK-007", data_dir=data_dir)
