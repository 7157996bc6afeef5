"""Configuration of every process and command: variables with the prefix ``CSDL_`` (``settings_given``)."""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, NoReturn, Self
from urllib.parse import quote, urlsplit

from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn
from pydantic import (
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from runtime.accounts import OPERATOR
from runtime.settings_given import Given, gather, place
from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.terms import VENDOR, YEAR, Term, Terms


class Settings(BaseSettings):
    """Read once in the entry point; printed without secrets by ``csdl config``."""

    model_config = SettingsConfigDict(env_prefix="CSDL_", extra="ignore", env_ignore_empty=True)

    bootstrap_servers: str = ""
    """Kafka's brokers, with commas between (``brokers``)."""

    kafka_user: str = ""
    """Our principal at Kafka; empty where it asks nobody who they are."""
    kafka_password_file: Path = Path()
    """Its password. Beside it lie, under their names, those of the others."""
    kafka_ca_file: Path = Path()
    """The authority that signs the brokers' certificates; none where they speak no TLS."""
    kafka_loopback: str = ""
    """For our own processes on the broker's machine: its port on 127.0.0.1 that takes the same logins without
    TLS, which only this machine can hear. Empty: as everybody else."""

    database_url: SecretStr = SecretStr("")
    """The provincial database (``database``). Where it names no account each process logs in by its own,
    with the password that stands in ``secrets_dir``/postgres/<account>, in the form of libpq's passfile."""

    database_log: Path = Path()
    """PostgreSQL's log on this machine, whose refusals watch counts; empty: it counts none. Its lines begin
    with time, [pid] and SQLSTATE (log_line_prefix = '%m [%p] %e ', in UTC)."""

    data_dir: Path = Path(".csdl")
    """What a process keeps of its own: locks, what validation has in hand; of a local stack everything."""
    register_file: Path = Path(".csdl/register.csv")
    """Schools as a file, of units or a register of releases up to 0.4.0: setup hands it over once, and a
    vendor's push is checked against it before it is sent."""

    layouts_dir: Path = Path()
    """Layouts, captions and code maps beside the product's own (``producers/layouts``), as data."""

    province: str = ""
    """Province whose folder holds, by name (``provinces/``) or path; without, the only one there is."""

    secrets_dir: Path = Path()
    """Keys and passwords, each in a file; by default ``secrets`` in the data directory."""

    identity_key_file: Path = Path()
    """The province's key of identities; by default ``identity.key`` there."""

    checkpoints_dir: Path = Path()
    """Signed checkpoints of every chain's head; by default ``checkpoints`` in the data directory."""
    checkpoint_key_file: Path = Path()
    """The key that signs them; by default ``secrets/checkpoint.key`` in the data directory."""
    checkpoint_every_s: float = Field(default=60.0, gt=0)
    """At most so long an event lies in Kafka before a checkpoint seals it; what people decide, two."""
    checkpoint_key_id: str = ""
    """Fingerprint of the public key that checkpoints are verified with, as `csdl audit verify` prints it.
    Needed where the signing key itself cannot be read, as on a machine that holds a copy."""

    backups_dir: Path = Path()
    """Where `csdl backup` lays backups; by default ``backups`` in the data directory. On another disk."""
    backup_key_file: Path = Path()
    """The key that seals them (`csdl backup key`); by default ``secrets_dir``/backup.key. In no backup."""
    backups_kept: dict[Literal["daily", "weekly", "monthly"], int] = {"daily": 7, "weekly": 5, "monthly": 12}
    """The newest backup of each of so many days, weeks and months stays; the others go. As JSON."""

    disks: dict[str, Path] = {}
    """Folders on other disks of the machine of ``watch`` whose room it measures, by a name: Kafka's,
    PostgreSQL's, that of the backups. As JSON."""

    watch_every_s: float = Field(default=5.0, gt=0)
    """So often the process watch measures what waits and counts what was refused."""

    trust_dir: Path = Path()
    """Certificates and revocation lists of the authorities whose signatures count (``csdl forms verify``): by
    default ``trust`` in the data directory, with ``government``, ``public``, ``between`` and ``lists``."""
    signatures: Literal["verified", "by_hand"] = "verified"
    """How signatures of grants' documents are checked before acts on them: ``verified`` by the access service
    against ``trust_dir``, or ``by_hand``, by whoever acts, which every event then says."""
    documents_dir: Path = Path()
    """Signed documents, each under its SHA-256; by default ``documents`` in the data directory."""

    vendors: list[str] = ["smas", "vnedu"]
    """Whose topics there are, of a new stack. As JSON. Others are added as data (`csdl vendors add`), and
    stand in this list, too, where somebody follows that (``runtime.terms``)."""

    vendors_by_credentials: list[str] = []
    """Those of them whose own password (``csdl-vendor-NAME``, one for all its schools) is ended: they push by
    credentials of grants alone. ``csdl setup`` carries it out. As JSON."""

    school_years: list[int] = [2019]
    """School years of a new stack, by their first calendar year (ENV-303). Others are added as data (`csdl
    years add`), as vendors are."""

    _terms: Terms = PrivateAttr(default_factory=Terms)

    instances: dict[str, int] = {}
    """Process → how many of it run and share its work, where not one (deploy.processes). As JSON."""

    host: str = "127.0.0.1"
    """Address on which /metrics, /healthz and /readyz are served."""

    http_port: int = Field(default=0, ge=0, le=65535)
    """Port of /metrics, /healthz and /readyz; 0 takes a free one."""

    access_host: str = "127.0.0.1"
    """Address on which the access service listens. Where that is not this machine alone, something before it
    speaks TLS: passwords pass through."""
    access_port: int = Field(default=0, ge=0, le=65535)
    """Its port; 0 takes a free one."""
    access_url: str = ""
    """Where the command line finds the access service (``access``)."""
    gateway_host: str = "127.0.0.1"
    """Address on which the gateway listens to vendors. Where that is not this machine alone, something before
    it speaks TLS: keys pass through."""
    gateway_port: int = Field(default=0, ge=0, le=65535)
    """Its port; 0 takes a free one."""
    gateway_url: str = ""
    """Where vendors' programs find the gateway (``gateway``)."""
    gateway_test: bool = False
    """Whether the gateway takes test keys, and no others: of a stack that is there to try things out. A Kafka
    user is made there without a conformity trial."""
    trusted_proxies: list[str] = []
    """Addresses and networks of what stands before our services and adds ``X-Forwarded-For``; of nobody else
    that header is believed. As JSON."""
    openid_issuer: str = ""
    """OpenID provider beside passwords, exactly as it names itself; none if empty."""
    openid_client_id: str = ""
    """What the provider knows the access service by; its callback is ``access_url``/v1/openid/callback."""
    openid_secret_file: Path = Path()
    """File with the client's secret at the provider; without one it is a public client (PKCE alone)."""
    login_file: Path = Path()
    """Who is logged in on the command line, a secret a service; by default ``csdl/login.json`` in the user's
    own configuration folder (XDG_CONFIG_HOME, else ~/.config)."""
    kafka_log_file: Path = Path()
    """The broker's own log, where it lies on this machine: what it has refused is counted from it. By default
    ``logs/kafka.log`` in the data directory."""

    metrics_token_file: Path = Path()
    """What whoever asks for them must show (``Authorization: Bearer``); without one nobody is asked."""

    replication_factor: int = Field(default=1, ge=1)
    """Replicas of each topic: 3 on three brokers or more. Checked by ``csdl setup`` and ``csdl doctor``."""
    min_insync_replicas: int = Field(default=1, ge=1)
    """Replicas that must have a message before its sender is told so: 2 of 3, so that one may be lost."""

    push_timeout_s: float = 600.0
    """A push that has not closed after so many seconds is answered as incomplete."""

    push_max_chunks: int = Field(default=5_000, ge=1)
    """A push of more chunks is refused (PUSH-014)."""
    push_max_mb: int = Field(default=64, ge=1, le=1024)
    """A push of more MiB in its chunks is refused (PUSH-015): load applies a push whole, in its memory."""

    push_key_days: int = Field(default=180, ge=1)
    """So many days an Idempotency-Key stands for its push: as long as a campaign lasts."""
    push_file_days: int = Field(default=30, ge=1)
    """So many days a list that came by the gateway is kept, to be given back with its faults marked."""

    push_records_per_minute: int = Field(default=30_000, ge=1)
    """Records that a vendor may push for one school in a minute at the push service (GATE-020 to 022)."""

    push_most_waiting: int = Field(default=20_000, ge=1)
    """Messages that may wait for validation, or for load; while there are more, the push service takes no
    push (GATE-023)."""

    vendor_mb_per_s: int = Field(default=32, ge=1)
    """MiB a second, as they lie in the topic, that a vendor may write, shared out among its users at Kafka in
    equal parts; faster, it is answered later."""

    removal_share: float = Field(default=0.1, ge=0, le=1)
    """Above this share of a school's records of a type, a removal waits for the head of the school."""

    feed_days: int = Field(default=400, ge=1, le=36_500)
    """So many days an event stays in the feed that vendors read: longer than a school year's campaign, from
    its first push to the Ministry's answer."""

    @field_validator("bootstrap_servers")
    @classmethod
    def _hosts_and_ports(cls, servers: str) -> str:
        for server in filter(None, servers.split(",")):
            if not urlsplit(f"//{server.strip()}").port:  # which raises ValueError for what is no number
                raise ValueError("no port")
        return servers

    @field_validator("kafka_loopback")
    @classmethod
    def _on_this_machine(cls, server: str) -> str:
        if server and (urlsplit(f"//{server}").hostname != "127.0.0.1" or not urlsplit(f"//{server}").port):
            raise ValueError("not of this machine alone")
        return server

    @field_validator("database_url")
    @classmethod
    def _a_url(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        if parts.geturl():
            if parts.scheme not in ("postgresql", "postgres"):
                raise ValueError("no URL of PostgreSQL")
            _ = parts.port  # raises ValueError
            try:
                parse_dsn(parts.geturl())
            except ProgrammingError:
                raise ValueError("no URL of PostgreSQL") from None
        return url

    @field_validator("access_url", "gateway_url")
    @classmethod
    def _of_http(cls, url: str) -> str:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError
        if url and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("no URL of HTTP")
        return url

    @field_validator("vendors_by_credentials")
    @classmethod
    def _some_of_the_vendors(cls, named: list[str], said: ValidationInfo) -> list[str]:
        if not set(named) <= set(said.data.get("vendors", named)):
            raise ValueError("no vendor of ours")  # a slip of the pen would leave a password in force
        return named

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: list[str]) -> list[str]:
        for proxy in proxies:
            ip_network(proxy)  # raises ValueError
        return proxies

    @field_validator("kafka_password_file")
    @classmethod
    def _with_a_user(cls, path: Path, said: ValidationInfo) -> Path:
        if (path == Path()) is bool(said.data.get("kafka_user")):
            raise ValueError("a user has a password, and a password a user")
        return path

    @model_validator(mode="after")
    def _beside_the_data(self) -> Self:
        if self.secrets_dir == Path():
            self.secrets_dir = self.data_dir / "secrets"
        if self.identity_key_file == Path():
            self.identity_key_file = self.secrets_dir / "identity.key"
        if self.kafka_log_file == Path():
            self.kafka_log_file = self.data_dir / "logs" / "kafka.log"
        if self.checkpoints_dir == Path():
            self.checkpoints_dir = self.data_dir / "checkpoints"
        if self.checkpoint_key_file == Path():
            self.checkpoint_key_file = self.data_dir / "secrets" / "checkpoint.key"
        if self.backups_dir == Path():
            self.backups_dir = self.data_dir / "backups"
        if self.backup_key_file == Path():
            self.backup_key_file = self.secrets_dir / "backup.key"
        if self.trust_dir == Path():
            self.trust_dir = self.data_dir / "trust"
        if self.documents_dir == Path():
            self.documents_dir = self.data_dir / "documents"
        if self.login_file == Path():
            home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
            self.login_file = Path(home).expanduser() / "csdl" / "login.json"
        return self

    def __init__(self, **values: Any) -> None:
        """Raises ProblemList (SET-001): every setting that is wrong and where it stands, never its value."""
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _wrong({str(fault["loc"][0]) for fault in error.errors()}, values) from None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then what is given: whoever says a data directory in so many words means its stack."""
        found = gather(named="data_dir" in init_settings())
        return init_settings, _Variables(settings_cls, {name: each.value for name, each in found.items()})

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Self:
        """With these variables before all others. Raises ProblemList (SET-001)."""
        return cls(**_Variables(cls, variables)())

    @classmethod
    def exactly(cls, variables: Mapping[str, str]) -> "Settings":
        """With these variables and no others. Raises ProblemList (SET-001)."""
        return _Exactly(**_Variables(cls, variables)())

    @property
    def terms(self) -> Terms:
        """What is known of vendors and years by date: one object for all copies of these settings."""
        return self._terms

    def learn(self, terms: Iterable[Term]) -> None:
        """These are all terms there are, for these settings and all their copies."""
        self._terms.know(terms)
        self.vendors += [name for name in self._terms.names(VENDOR) if name not in self.vendors]
        years = [int(name) for name in self._terms.names(YEAR)]
        self.school_years += [year for year in years if year not in self.school_years]

    def takes_vendor(self, vendor: str, day: date) -> bool:
        """Whether a push of the vendor is taken on a day."""
        holds = self._terms.hold(VENDOR, vendor, day)
        return vendor in self.vendors if holds is None else holds

    def takes_year(self, year: int, day: date) -> bool:
        """Whether a push for the school year is taken on a day."""
        holds = self._terms.hold(YEAR, str(year), day)
        return year in self.school_years if holds is None else holds

    def has_vendor(self, vendor: str) -> bool:
        """Whether there is such a vendor, whatever its days; what was said a moment ago counts."""
        if vendor not in self.vendors:
            self._terms.up_to_now()
        return vendor in self.vendors

    def has_year(self, year: int) -> bool:
        """The same of a school year."""
        if year not in self.school_years:
            self._terms.up_to_now()
        return year in self.school_years

    def vendors_on(self, day: date) -> list[str]:
        """Those whose pushes are taken on a day."""
        return [vendor for vendor in self.vendors if self.takes_vendor(vendor, day)]

    def years_on(self, day: date) -> list[int]:
        """School years for which pushes are taken on a day."""
        return [year for year in self.school_years if self.takes_year(year, day)]

    @property
    def brokers(self) -> str:
        """Kafka's brokers, as we reach them. Raises ProblemList (STK-007) where nothing says which."""
        return self.kafka_loopback or self.bootstrap_servers or self._no_stack()

    @property
    def database(self) -> str:
        """The database's URL, with an account: the operator's, where it names none.

        Raises ProblemList (STK-007) where nothing says which."""
        return self._with(OPERATOR) or self._no_stack()

    def acting_as(self, account: str) -> Self:
        """The same for who logs in by this account: at PostgreSQL where its URL names none, at Kafka where it
        asks who we are."""
        update: dict[str, Any] = {"database_url": SecretStr(self._with(account))}
        if self.kafka_user:
            file = self.kafka_password_file.with_name(account)
            update |= {"kafka_user": account, "kafka_password_file": file}
        return self.model_copy(update=update)

    def _with(self, account: str) -> str:
        url = self.database_url.get_secret_value()
        parts = urlsplit(url)
        if parts.username or not parts.hostname:
            return url
        passfile = f"passfile={quote(str(self.secrets_dir.absolute() / 'postgres' / account))}"
        query = "&".join(filter(None, (parts.query, passfile)))
        return parts._replace(netloc=f"{account}@{parts.netloc}", query=query).geturl()

    @property
    def vendor_bytes_per_s(self) -> float:
        """What ``vendor_mb_per_s`` is in bytes."""
        return float(self.vendor_mb_per_s * 1024 * 1024)

    @property
    def access(self) -> str:
        """The access service's URL. Raises ProblemList (STK-007) where nothing says which."""
        return self.access_url.rstrip("/") or self._no_stack()

    @property
    def gateway(self) -> str:
        """The gateway's URL. Raises ProblemList (STK-007) where nothing says which."""
        return self.gateway_url.rstrip("/") or self._no_stack()

    def _no_stack(self) -> NoReturn:
        raise ProblemList([Problem("STK-007", params={"data_dir": self.data_dir.absolute()})])


class _Exactly(Settings):
    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *others: PydanticBaseSettingsSource,
        **named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments alone."""
        return (init_settings,)


class _Variables(EnvSettingsSource):
    """Variables that stand elsewhere than in our environment."""

    def __init__(self, settings_cls: type[BaseSettings], variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(settings_cls)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """What should be JSON and is none stays a text: it is told with all the others that are wrong."""
        try:
            return json.loads(value)
        except ValueError:
            return value


def _wrong(fields: set[str], said: Mapping[str, Any]) -> ProblemList:
    """``said``: the arguments, which stand in no file."""
    given: dict[str, Given] = gather(named="data_dir" in said)
    problems = []
    for field in sorted(fields):
        name = f"CSDL_{field.upper()}"
        where = SourceLocation() if field in said else place(given.get(name))
        problems.append(Problem("SET-001", where, {"name": name}))
    return ProblemList(problems)
