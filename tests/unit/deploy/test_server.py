"""Who may read which secret on a server: the process that it is of, and who must besides; nobody else."""

import os
from pathlib import Path

import pytest
import yaml

from access.credentials import keyring
from deploy import broker_rights, processes, server
from runtime.accounts import BACKUP, OPERATOR, SETUP
from runtime.settings import Settings
from schemas.errors import ProblemList

ROLES = Path(server.__file__).parent / "ansible"
SETTINGS = Settings(vendors=["smas"])
ALL = [*server.of_kafka(SETTINGS), *server.of_postgres(), *server.keys()]


def test_each_password_is_its_own_process_s_alone() -> None:
    """Setup makes the users at Kafka, so it reads the passwords there; people read the operator's."""
    people = f"g:{server.OPERATORS}:r"
    for secret in ALL:
        folder, _, name = secret.name.partition("/")
        if not name:
            continue
        of_process = name in {*(d.principal for d in processes.TABLE), SETUP, BACKUP}
        assert secret.owner == (name if of_process else "root")
        readers = [f"u:{SETUP}:r"] if folder == "kafka" else []
        assert list(secret.readers) == [*readers, *([people] if name == OPERATOR else [])]


def test_everybody_who_logs_in_has_one() -> None:
    names = {secret.name for secret in ALL}
    assert {f"kafka/{name}" for name in broker_rights.principals(["smas"])} < names
    assert {f"postgres/{name}" for name in processes.database_principals()} < names
    assert {"identity.key", keyring.FILE, "metrics.token"} < names
    assert len(names) == len(ALL)


def test_people_read_what_the_operator_logs_in_by_and_nothing_else() -> None:
    theirs = {secret.name for secret in ALL if f"g:{server.OPERATORS}:r" in secret.readers}
    assert theirs == {f"kafka/{OPERATOR}", f"postgres/{OPERATOR}", "metrics.token"}


def test_keys_are_what_the_product_makes(tmp_path: Path) -> None:
    """As `csdl setup` of a local stack would have made them."""
    for secret in list(server.keys()):
        (tmp_path / secret.name).write_text(secret.make(), encoding="ascii")
    keyring.of(Settings(secrets_dir=tmp_path))
    assert len(bytes.fromhex((tmp_path / "identity.key").read_text())) == keyring.BYTES


def test_nobody_but_root_prepares_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(ProblemList, match="SRV-001"):
        server.prepare(SETTINGS)


def test_only_settings_that_exist_are_set_by_the_role() -> None:
    lines = (ROLES / "roles/csdl/templates/csdl.env.j2").read_text(encoding="utf-8").splitlines()
    names = {line.partition("=")[0] for line in lines if line.startswith("CSDL_")}
    inventories = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROLES / "inventories").iterdir()
    ]
    names |= {name for inventory in inventories for name in inventory["all"]["vars"]["csdl_settings"]}
    assert {name.removeprefix("CSDL_").lower() for name in names} <= set(Settings.model_fields)


def test_the_machines_of_the_inventory_run_every_process_once() -> None:
    inventory = yaml.safe_load((ROLES / "inventories/several.yml").read_text(encoding="utf-8"))["all"]
    settings = Settings.exactly(inventory["vars"]["csdl_settings"])
    hosts = inventory["children"]["csdl"]["hosts"].values()
    listed = [name for host in hosts for name in host["csdl_processes"]]
    assert sorted(listed) == sorted(each.label for each in processes.instances(settings))
