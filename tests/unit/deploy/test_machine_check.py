"""What is wrong with a machine or an inventory is told with a code before anything is changed."""

import json
import os
import shutil
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import broker, machine_check
from deploy.local.layout import OFFSETS, PORT_BASE
from deploy.processes import NAMES
from tests.support import ROOT

ID = "MkU3OEVBNTcwNTJENDM2Qk"


def codes(name: str, *given: object) -> list[str]:
    return [code for code, _ in machine_check.CHECKS[name](*given)]


def test_names_that_do_not_resolve() -> None:
    assert codes("names", ["localhost", "127.0.0.1"]) == []
    assert codes("names", ["localhost", "no-such-machine.invalid"]) == ["KFK-003"]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0"])
def test_a_port_that_somebody_has_at_any_address(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as other:
        other.bind((address, 0))
        other.listen()
        port = other.getsockname()[1]
        assert codes("ports", {str(port): "no-such-unit.service"}) == ["KFK-004"]
    assert codes("ports", {str(port): "no-such-unit.service"}) == []


@pytest.mark.parametrize(
    ("cluster", "number", "found"),
    [(ID, 1, []), (ID, 2, ["KFK-005"]), ("another", 1, ["KFK-005"]), (None, 1, ["KFK-005"])],
)
def test_data_of_another_cluster(tmp_path: Path, cluster: str | None, number: int, found: list[str]) -> None:
    (tmp_path / broker.META).write_text(f"cluster.id={ID}\nnode.id=1\n", encoding="utf-8")
    if cluster:
        (tmp_path / "cluster.id").write_text(f"{cluster}\n", encoding="utf-8")
    assert codes("data", str(tmp_path), str(tmp_path / "cluster.id"), number) == found
    assert codes("data", str(tmp_path / "none"), str(tmp_path / "cluster.id"), number) == []


@pytest.mark.parametrize(
    ("first", "second", "found"), [("", "", []), (ID, "", []), (ID, ID, []), ("", ID, ["KFK-010"])]
)
def test_a_first_broker_that_was_lost_with_its_machine_is_no_new_cluster(
    first: str, second: str, found: list[str]
) -> None:
    assert codes("one_cluster", {"k1": first, "k2": second, "k3": ""}) == found


def test_a_certificate_that_nobody_would_take(tmp_path: Path) -> None:
    nodes = [broker.Node(number=1, host="k1"), broker.Node(number=2, host="k2")]
    ours, other = (broker.Cluster(id=ID, nodes=nodes, folder=tmp_path / name) for name in ("a", "b"))
    for each in (ours, other):
        broker.certify(each)
    own, authority = str(broker.certificate(ours, 1)), str(ours.tls / "ca.pem")
    assert codes("certificate", own, authority, "k1") == []
    assert codes("certificate", str(tmp_path / "none"), authority, "k1") == []
    assert codes("certificate", own, authority, "k2") == ["KFK-006"]
    assert codes("certificate", own, str(other.tls / "ca.pem"), "k1") == ["KFK-006"]
    Path(own).write_text("damaged", encoding="utf-8")
    assert codes("certificate", own, authority, "k1") == ["KFK-006"]


def test_a_secret_that_was_lost_is_not_made_anew(tmp_path: Path) -> None:
    asked = ["identity.key", "kafka/csdl-setup"]
    assert codes("secrets", str(tmp_path / "none"), asked) == [], "a new server"
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka/csdl-setup").touch()
    assert codes("secrets", str(tmp_path), asked) == ["SRV-003"]
    (tmp_path / "identity.key").touch()
    assert codes("secrets", str(tmp_path), asked) == []


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({"a": 1, "b": 2}, 0),
        ({"a": 1, "b": None}, 1),
        ({"a": 1, "b": 1}, 2),
        ({"a": 0}, 1),
        ({"a": "1"}, 1),
    ],
)
def test_each_broker_has_a_number_of_its_own(asked: dict[str, object], wrong: int) -> None:
    assert codes("numbers", asked) == ["KFK-008"] * wrong


def test_a_disk_without_room(tmp_path: Path) -> None:
    assert codes("room", {str(tmp_path): 1, str(tmp_path / "not/made/yet"): 1}) == []
    assert codes("room", {str(tmp_path / "not/made/yet"): 2**40}) == ["SRV-005"]


def test_all_ports_of_the_pipeline_are_asked_for() -> None:
    play = yaml.safe_load((ROOT / "deploy/ansible/site.yml").read_text(encoding="utf-8"))[0]
    names = ("access-service", "gateway-service", *NAMES)
    assert play["vars"]["csdl_ports"] == [PORT_BASE + OFFSETS[name] for name in names]


def test_all_is_told_at_once_in_both_languages_by_the_standard_library_alone(tmp_path: Path) -> None:
    texts = (ROOT / "schemas/errors.csv").read_text(encoding="utf-8").splitlines()
    asked: dict[str, Any] = {
        "messages": "\n".join(line for line in texts if line.startswith(("KFK-", "SRV-"))),
        "names": [["no-such-machine.invalid"]],
        "files": [[str(tmp_path / "none"), str(tmp_path)]],
    }
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-"], capture_output=True, text=True, encoding="utf-8",
        input=Path(machine_check.__file__).read_text(encoding="utf-8"),
        env=os.environ | {"CSDL_CHECK": json.dumps(asked)},
    )  # fmt: skip
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["KFK-003"] * 2 + ["SRV-004"] * 2
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("host", "files", "found"),
    [
        ("db1", [], []),
        ("db2", [], []),
        ("db1", ["PG_VERSION"], []),
        ("db2", ["PG_VERSION", "standby.signal"], []),
        ("db2", ["PG_VERSION"], ["SRV-006"]),
        ("db1", ["PG_VERSION", "standby.signal"], ["SRV-007"]),
    ],
)
def test_data_are_a_copy_where_they_should_be_and_nowhere_else(
    tmp_path: Path, host: str, files: list[str], found: list[str]
) -> None:
    (tmp_path / "15/main").mkdir(parents=True)
    for name in files:
        (tmp_path / "15/main" / name).touch()
    assert codes("database", str(tmp_path), host, "db1") == found


def test_a_standby_has_room_for_its_copy(tmp_path: Path) -> None:
    """Formerly the copy filled the disk and failed, when the machines were changed already."""
    too_much = shutil.disk_usage(tmp_path).free // 2**20
    room = partial(codes, "copy", str(tmp_path / "not/made/yet"))
    assert room("db2", "db1", "") == room("db2", "db1", 1) == room("db1", "db1", too_much) == []
    assert room("db2", "db1", str(too_much)) == ["SRV-015"]
    left = tmp_path / "15/main.part/base"
    left.mkdir(parents=True)
    with (left / "1").open("wb") as sparse:
        sparse.truncate(2 * too_much * 2**20)
    assert codes("copy", str(tmp_path), "db2", "db1", too_much) == [], "it goes first"
    (left / "1").unlink()
    assert codes("copy", str(tmp_path), "db2", "db1", too_much) == ["SRV-015"]
    (tmp_path / "15/main").mkdir()
    (tmp_path / "15/main/PG_VERSION").touch()
    assert codes("copy", str(tmp_path), "db2", "db1", too_much) == [], "it has its copy"


def test_a_standby_has_the_primary_s_debian() -> None:
    assert codes("one_debian", {"db1": "12", "db2": "12"}) == []
    assert codes("one_debian", {"db1": "12", "db2": "13", "db3": "12"}) == ["SRV-008"]


def test_the_address_by_which_a_machine_comes(capsys: pytest.CaptureFixture[str]) -> None:
    assert codes("comes_from", ["127.0.0.1"]) == []
    assert capsys.readouterr().out == "127.0.0.1/32\n"
    assert codes("comes_from", []) == []
    assert capsys.readouterr().out == ""
