"""The sandbox's school is connected: a grant, campaigns, a test key, a Kafka user; what its vendor gets."""

import shlex
import time
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
from runtime import broker_probe
from runtime.credentials import MECHANISM
from schemas.datasets import PERIODS
from schemas.errors import ProblemList
from schemas.topics import in_topic

NAME: Final = "sandbox"
"""Of the credentials."""
KNOWN_S: Final = 60.0
"""Until Kafka knows a user that was made: the process ``credentials`` looks twice a second."""


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


def connect(it: Stack, plan: SchoolPlan) -> Given:
    """Everything that a vendor is given, made by the acts that give it. Raises ProblemList."""
    settings = it.settings()
    folder = it.data_dir / "vendor"
    folder.mkdir(exist_ok=True)
    with Staff(settings) as staff:
        officer = staff.of(department(), Role.DEPARTMENT_OFFICER)
        _done(officer.grant("allow", plan.vendor, plan.code, {}))
        for kind in PERIODS:
            officer.call("POST", "/v1/campaigns", {"year": YEAR, "kind": kind, "schools": [plan.code]})
        head = staff.of(plan.code, Role.SCHOOL_HEAD)
        key, user = _made(head, plan, Kind.API), _made(head, plan, Kind.KAFKA)
    key_file, password, authority = folder / "key", folder / "kafka.password", folder / "ca.pem"
    whole.write_private(key_file, key["secret"] + "\n")
    whole.write_private(password, user["secret"] + "\n")
    whole.write(authority, settings.kafka_ca_file.read_text(encoding="utf-8"))
    given = Given(
        school=plan.code,
        school_name=plan.name,
        vendor=plan.vendor,
        year=YEAR,
        kind=min(PERIODS),
        url=settings.gateway,
        key_file=key_file,
        kafka_servers=settings.bootstrap_servers,
        kafka_user=user["user"],
        kafka_topic=in_topic(plan.vendor),
        kafka_properties=folder / "kafka.properties",
        environment=folder / "sandbox.env",
        samples=_samples(folder / "samples", plan),
    )
    whole.write_private(given.kafka_properties, _properties(given, user["secret"], authority))
    whole.write(given.environment, _environment(given))
    vendors = {"kafka_user": given.kafka_user, "kafka_password_file": password, "kafka_loopback": ""}
    own = settings.model_copy(update=vendors)
    deadline = time.monotonic() + KNOWN_S
    while (problem := broker_probe.ask(own)) is not None:
        if time.monotonic() > deadline:
            raise ProblemList([problem])
        time.sleep(0.1)
    return given


def _made(head: AccessClient, plan: SchoolPlan, kind: Kind) -> dict[str, Any]:
    """A credential as its link shows it."""
    asked: dict[str, Any] = {"vendor": plan.vendor, "school": plan.code, "name": f"{NAME}.{kind}"}
    asked |= {"kind": kind, "test": kind is Kind.API, "days": None, "addresses": []}
    link = head.call("POST", "/v1/credentials", asked)["link"]
    shown: dict[str, Any] = head.call("POST", urlsplit(link).path, {"confirm": True})
    return shown


def _samples(folder: Path, plan: SchoolPlan) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    found = {}
    for name, content in samples.files(plan).items():
        found[name] = folder / name
        found[name].write_bytes(content)
    return found


def _properties(given: Given, password: str, authority: Path) -> str:
    """A librdkafka client's, from 2.6.1 on: what is older cannot log in."""
    lines = {
        "bootstrap.servers": given.kafka_servers,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": MECHANISM,
        "sasl.username": given.kafka_user,
        "sasl.password": password,
        "ssl.ca.location": authority,
        "partitioner": "murmur2_random",
        "enable.idempotence": "true",
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def _environment(given: Given) -> str:
    """For a shell to read; the names that the client package knows."""
    lines = {
        "CSDL_URL": given.url,
        "CSDL_KEY_FILE": given.key_file,
        "CSDL_SCHOOL": given.school,
        "CSDL_YEAR": given.year,
        "CSDL_KIND": given.kind,
        "CSDL_KAFKA_PROPERTIES": given.kafka_properties,
        "CSDL_KAFKA_TOPIC": given.kafka_topic,
        "CSDL_SAMPLES": next(iter(given.samples.values())).parent,
    }
    return "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in lines.items())


def _done(outcome: Any) -> None:
    if outcome.code:
        raise RuntimeError(f"{outcome.code} {outcome.messages()[1]}")
