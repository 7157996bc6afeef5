"""The compose file, read as compose reads it: every process, port, mount and setting of the code is in it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import compose, processes
from deploy.local import kafka, layout
from runtime.broker_settings import properties
from runtime.environment import ENVIRONMENT
from runtime.settings import Settings

ROOT = Path(layout.__file__).parents[2]
SERVERS = {"kafka", "postgres", "accounts", "setup"}
ASKED = [{}, {"load": 2, "validation": 3}]


@pytest.fixture(params=ASKED, ids=["one of each", "several"])
def asked(request: pytest.FixtureRequest) -> dict[str, int]:
    found: dict[str, int] = request.param
    return found


@pytest.fixture
def file(asked: dict[str, int]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(compose.render(asked))
    return found


@pytest.fixture
def ours(file: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The processes' services."""
    return {name: service for name, service in file["services"].items() if name not in SERVERS}


def test_every_instance_runs_at_its_own_port_within_its_bound(ours: Any, asked: dict[str, int]) -> None:
    every = processes.instances(Settings(instances=asked))
    assert list(ours) == [instance.label for instance in every]
    stack = layout.Stack(layout.DATA_DIR)
    for instance in every:
        service, port = ours[instance.label], stack.port(instance.label)
        assert service["command"] == ["run", instance.label, "--standard-port"]
        ports = [port, *(stack.port(name) for name in [instance.declared.serves] if name)]
        assert service["ports"] == [f"127.0.0.1:{port}:{port}" for port in ports]
        assert service["mem_limit"] == f"{instance.declared.memory_mb}m"


def test_processes_and_setup_have_the_same_settings_all_of_which_exist(
    file: Any, ours: Any, asked: dict[str, int]
) -> None:
    setup = file["services"]["setup"]["environment"]
    assert json.loads(setup["CSDL_INSTANCES"]) == asked
    for service in ours.values():
        said = {name: str(value) for name, value in service["environment"].items()}
        assert said == {name: str(value) for name, value in setup.items()} | ENVIRONMENT
    names = {name.removeprefix("CSDL_").lower() for name in setup}
    assert names <= set(Settings.model_fields)


def test_processes_wait_for_setup_and_setup_for_the_servers(file: Any, ours: Any) -> None:
    for service in ours.values():
        assert service["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    assert file["services"]["setup"]["depends_on"].keys() == {"kafka", "accounts"}
    assert file["services"]["accounts"]["depends_on"].keys() == {"postgres"}
    assert all("healthcheck" in file["services"][name] for name in ("kafka", "postgres"))


def test_what_must_be_kept_and_what_is_read_is_mounted_where_the_settings_say(file: Any, ours: Any) -> None:
    environment = file["services"]["setup"]["environment"]
    key = str(Path(environment["CSDL_IDENTITY_KEY_FILE"]).parent)
    register = str(Path(environment["CSDL_REGISTER_FILE"]).parent)
    assert _mounts(file["services"]["setup"])[key] == "secrets"
    for service in ours.values():
        assert _mounts(service)[key] == "secrets"
        assert register in _mounts(service)
        assert _mounts(service)[environment["CSDL_DOCUMENTS_DIR"]] == "documents"
        assert environment["CSDL_TRUST_DIR"] in _mounts(service)
    named = {v for s in file["services"].values() for v in _mounts(s).values() if re.fullmatch(r"\w+", v)}
    assert named == set(file["volumes"])


def _mounts(service: dict[str, Any]) -> dict[str, str]:
    """Folder in the container → volume or folder of the host."""
    found = {}
    for mount in service["volumes"]:
        source, target = re.sub(r"\$\{[^}]*\}", "./HOST", mount).removesuffix(":ro").split(":")
        found[target] = source
    return found


def test_servers_are_found_where_the_settings_say_and_published_on_this_machine_only(file: Any) -> None:
    environment = file["services"]["setup"]["environment"]
    broker = file["services"]["kafka"]["environment"]
    assert f"INSIDE://{environment['CSDL_BOOTSTRAP_SERVERS']}," in broker["KAFKA_ADVERTISED_LISTENERS"] + ","
    of_postgres = file["services"]["postgres"]["environment"]
    user, database = (of_postgres[f"POSTGRES_{n}"] for n in ("USER", "DB"))
    url = f"postgres:5432/{database}?require_auth=scram-sha-256"
    assert environment["CSDL_DATABASE_URL"] == f"postgresql://{url}", "each process logs in by its own"
    of_accounts = file["services"]["accounts"]["environment"]["CSDL_DATABASE_URL"]
    assert of_accounts == f"postgresql://{user}:${{CSDL_POSTGRES_PASSWORD}}@{url}"
    assert of_postgres["POSTGRES_PASSWORD"].startswith("${CSDL_POSTGRES_PASSWORD:?"), "nobody's is known"
    ports = [port for service in file["services"].values() for port in service.get("ports", [])]
    assert len(set(ports)) == len(ports)
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_broker_is_set_as_the_local_one_where_both_say_it(file: Any) -> None:
    alone = kafka.PROPERTIES.replace("{replicas}", "1").replace("{in_sync}", "1")
    local = dict(re.findall(r"^([\w.]+)=(.*)$", alone + properties(), flags=re.MULTILINE))
    told = {
        name.removeprefix("KAFKA_").replace("_", ".").lower(): str(value)
        for name, value in file["services"]["kafka"]["environment"].items()
    }
    common = {
        name for name in told.keys() & local.keys() if "{" not in local[name] and "listener" not in name
    }
    assert {"auto.create.topics.enable", "message.max.bytes", "transaction.max.timeout.ms"} <= common
    assert {n: told[n] for n in common} == {n: local[n] for n in common}
    assert file["services"]["kafka"]["image"] == f"apache/kafka:{kafka.VERSION}"


def test_the_image_is_built_from_what_is_there() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    sources = re.findall(r"^COPY ((?!--)\S+) ", text, flags=re.MULTILINE)
    assert sources and all((ROOT / source).exists() for source in sources)
    scripts = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[project.scripts]")[1]
    [program] = re.findall(r'^ENTRYPOINT \["(\w+)"\]$', text, flags=re.MULTILINE)
    assert re.search(rf"^{program} = ", scripts, flags=re.MULTILINE)
