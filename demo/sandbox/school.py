"""The sandbox's school is connected: a grant, campaigns, a test key, a Kafka user; what its vendor gets."""

import shlex
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel

from access.accounts.account import Role
from access.client import AccessClient
from access.credentials.worth import Kind
from demo.sandbox import samples
from demo.staff import Staff
from deploy.local import whole
from deploy.local.layout import Stack
from producers.synthetic.province import SchoolPlan
from producers.synthetic.school import YEAR
from producers.synthetic.shape import department
from runtime.credentials import MECHANISM
from schemas.datasets import PERIODS
from schemas.topics import in_topic

NAME: Final = "sandbox"
"""Of the credentials."""
KEY: Final = "key"
PASSWORD: Final = "kafka.password"
AUTHORITY: Final = "ca.pem"
SAMPLES: Final = "samples"


class Made(BaseModel):
    """What was made once, and nobody can work out again; the secrets lie in files of their own."""

    school: str
    school_name: str
    vendor: str
    kafka_user: str
    samples: tuple[str, ...]


class Given(BaseModel):
    """What the vendor of the sandbox gets. Paths are absolute; ``samples``: name → path."""

    school: str
    school_name: str
    vendor: str
    year: int
    kind: str
    url: str
    key_file: Path
    kafka_servers: str
    kafka_user: str
    kafka_topic: str
    kafka_properties: Path
    environment: Path
    samples: dict[str, Path]


def connect(it: Stack, plan: SchoolPlan) -> Made:
    """Everything that a vendor is given, made by the acts that give it. Raises ProblemList."""
    settings = it.settings()
    folder = _folder(it)
    (folder / SAMPLES).mkdir(parents=True, exist_ok=True)
    with Staff(settings) as staff:
        officer = staff.of(department(), Role.DEPARTMENT_OFFICER)
        _done(officer.grant("allow", plan.vendor, plan.code, {}))
        for kind in PERIODS:
            officer.call("POST", "/v1/campaigns", {"year": YEAR, "kind": kind, "schools": [plan.code]})
        head = staff.of(plan.code, Role.SCHOOL_HEAD)
        key, user = _made(head, plan, Kind.API), _made(head, plan, Kind.KAFKA)
    whole.write_private(folder / KEY, key["secret"] + "\n")
    whole.write_private(folder / PASSWORD, user["secret"] + "\n")
    whole.write(folder / AUTHORITY, settings.kafka_ca_file.read_text(encoding="utf-8"))
    contents = samples.files(plan)
    for name, content in contents.items():
        (folder / SAMPLES / name).write_bytes(content)
    return Made(
        school=plan.code,
        school_name=plan.name,
        vendor=plan.vendor,
        kafka_user=user["user"],
        samples=tuple(contents),
    )


def given(it: Stack, made: Made) -> Given:
    """What the vendor gets, where the sandbox lies and listens now."""
    settings, folder = it.settings(), _folder(it)
    return Given(
        school=made.school,
        school_name=made.school_name,
        vendor=made.vendor,
        year=YEAR,
        kind=min(PERIODS),
        url=settings.gateway,
        key_file=folder / KEY,
        kafka_servers=settings.bootstrap_servers,
        kafka_user=made.kafka_user,
        kafka_topic=in_topic(made.vendor),
        kafka_properties=folder / "kafka.properties",
        environment=folder / "sandbox.env",
        samples={name: folder / SAMPLES / name for name in made.samples},
    )


def write(it: Stack, found: Given) -> None:
    """The files that say where everything is."""
    folder = _folder(it)
    password = (folder / PASSWORD).read_text(encoding="utf-8").strip()
    whole.write_private(found.kafka_properties, _properties(found, password, folder / AUTHORITY))
    whole.write(found.environment, _environment(found, folder / SAMPLES))


def _folder(it: Stack) -> Path:
    return it.data_dir / "vendor"


def _made(head: AccessClient, plan: SchoolPlan, kind: Kind) -> dict[str, Any]:
    """A credential as its link shows it."""
    asked: dict[str, Any] = {"vendor": plan.vendor, "school": plan.code, "name": f"{NAME}.{kind}"}
    asked |= {"kind": kind, "test": kind is Kind.API, "days": None, "addresses": []}
    link = head.call("POST", "/v1/credentials", asked)["link"]
    shown: dict[str, Any] = head.call("POST", urlsplit(link).path, {"confirm": True})
    return shown


def _properties(found: Given, password: str, authority: Path) -> str:
    """A librdkafka client's, from 2.6.1 on: what is older cannot log in."""
    lines = {
        "bootstrap.servers": found.kafka_servers,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": MECHANISM,
        "sasl.username": found.kafka_user,
        "sasl.password": password,
        "ssl.ca.location": authority,
        "partitioner": "murmur2_random",
        "enable.idempotence": "true",
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _environment(found: Given, samples: Path) -> str:
    """For a shell to read; the names that the client package knows."""
    lines = {
        "CSDL_URL": found.url,
        "CSDL_KEY_FILE": found.key_file,
        "CSDL_SCHOOL": found.school,
        "CSDL_YEAR": found.year,
        "CSDL_KIND": found.kind,
        "CSDL_KAFKA_PROPERTIES": found.kafka_properties,
        "CSDL_KAFKA_TOPIC": found.kafka_topic,
        "CSDL_SAMPLES": samples,
    }
    return "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in lines.items())


def _done(outcome: Any) -> None:
    if outcome.code:
        raise RuntimeError(f"{outcome.code} {outcome.messages()[1]}")
