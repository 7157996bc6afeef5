"""Configuration of every process: environment variables with the prefix ``CSDL_``.

What the environment does not say comes from ``stack.env`` in the data directory, which ``csdl up`` writes:
so the command line finds the stack it started.
"""

import os
import re
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from schemas.errors import Problem, ProblemList


class Settings(BaseSettings):
    """Read once in the entry point; printed without secrets by ``csdl config``."""

    model_config = SettingsConfigDict(env_prefix="CSDL_", extra="ignore")

    bootstrap_servers: str = "127.0.0.1:19092"
    """Kafka's brokers, with commas between."""

    database_url: SecretStr = SecretStr("postgresql://csdl@127.0.0.1:19093/csdl")
    """The provincial database, with account and password."""

    data_dir: Path = Path(".csdl")
    """What a process keeps of its own: locks, what validation has in hand; of a local stack everything."""
    register_file: Path = Path(".csdl/register.csv")
    """School register (schemas.organisation.schools)."""

    identity_key_file: Path = Path()
    """The province's key of identities; by default ``secrets/identity.key`` in the data directory."""

    vendors: list[str] = ["smas", "vnedu"]
    """Whose topics there are. As JSON."""

    school_years: list[int] = [2019]
    """Configured school years, by their first calendar year (ENV-303)."""

    instances: dict[str, int] = {}
    """Process → how many of it run and share its work, where not one (deploy.processes). As JSON."""

    host: str = "127.0.0.1"
    """Address on which /metrics, /healthz and /readyz are served."""

    http_port: int = 0
    """Port of /metrics, /healthz and /readyz; 0 takes a free one."""

    replication_factor: int = Field(default=1, ge=1)
    """Replicas of each topic: 3 on three brokers or more. Checked by ``csdl setup`` and ``csdl doctor``."""
    min_insync_replicas: int = Field(default=1, ge=1)
    """Replicas that must have a message before its sender is told so: 2 of 3, so that one may be lost."""

    push_timeout_s: float = 600.0
    """A push that has not closed after so many seconds is answered as incomplete."""

    removal_share: float = Field(default=0.1, ge=0, le=1)
    """Above this share of a school's records of a type, a removal waits for the head of the school."""

    @model_validator(mode="after")
    def _beside_the_data(self) -> Self:
        if self.identity_key_file == Path():
            self.identity_key_file = self.data_dir / "secrets" / "identity.key"
        return self

    def __init__(self, **values: Any) -> None:
        """Raises ProblemList (SET-001): the names of the settings that are wrong, never their values."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            names = {str(fault["loc"][0]) for fault in error.errors()}
        except SettingsError as error:  # what should be JSON is none
            names = set(re.findall(r'field "(\w+)"', str(error)))
        else:
            return
        wrong = [Problem("SET-001", params={"name": f"CSDL_{name.upper()}"}) for name in sorted(names)]
        raise ProblemList(wrong)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the stack's own file."""
        stack_env = Path(os.environ.get("CSDL_DATA_DIR", ".csdl")) / "stack.env"
        return init_settings, env_settings, DotEnvSettingsSource(settings_cls, env_file=stack_env)
