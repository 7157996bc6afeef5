"""Configuration of every process: environment variables with the prefix ``CSDL_``."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once in the entry point; printed without secrets by ``csdl config``."""

    model_config = SettingsConfigDict(env_prefix="CSDL_")

    bootstrap_servers: str = "127.0.0.1:19092"
    database_url: SecretStr = SecretStr("postgresql://csdl@127.0.0.1:15432/csdl")
    data_dir: Path = Path("data")
    register_file: Path = Path("data/register.csv")
    """School register (schemas.register)."""

    vendors: list[str] = ["smas", "vnedu"]
    school_years: list[int] = [2019]
    """Configured school years, by their first calendar year (ENV-303)."""

    host: str = "127.0.0.1"
    http_port: int = 0
    """Port of /metrics, /healthz and /readyz; 0 takes a free one."""

    push_timeout_s: float = 600.0
    """A push that has not closed after so many seconds is answered as incomplete."""
