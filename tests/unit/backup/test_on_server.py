"""Which servers of this machine a restore puts back, and what it refuses before it stops any."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backup import on_server
from backup.on_server import Cluster, Server
from backup.place import Lost
from deploy import upgrade
from runtime.settings import Settings
from schemas.errors import ProblemList
from tests.unit.deploy.test_broker import cluster

LISTED = """\
15 main   5432 online          postgres  /var/lib/postgresql/15/main /var/log/postgresql/15 main.log
17 second 5433 down,recovery   <unknown> /var/lib/postgresql/17/second
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Root's, with two clusters of PostgreSQL and one broker; whatever else is called fails."""
    described = cluster(tmp_path / "etc")
    described.folder.mkdir()
    (described.folder / "cluster.json").write_text(described.model_dump_json())
    (described.folder / "kafka.env").write_text("CSDL_BROKER_NODE=1\n")

    def run(*command, given=None):
        assert command[0] == "pg_lsclusters"
        return LISTED

    monkeypatch.setattr(on_server, "KAFKA_HOME", described.folder)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(upgrade, "run", run)
    return described.folder


def settings(at="localhost:5432"):
    servers = {
        "CSDL_DATABASE_URL": f"postgresql://csdl@{at}/csdl",
        "CSDL_BOOTSTRAP_SERVERS": "localhost:9092",
    }
    return Settings.of(servers | {"CSDL_SETTINGS": ""})


def refused(at="localhost:5432"):
    """(code, server) of each."""
    with pytest.raises(ProblemList) as found:
        Server(settings(at))
    return [(problem.code, problem.params.get("server")) for problem in found.value.problems]


def test_clusters_are_read_as_debian_lists_them():
    assert on_server.clusters(LISTED) == [
        Cluster("15", "main", 5432, Path("/var/lib/postgresql/15/main")),
        Cluster("17", "second", 5433, Path("/var/lib/postgresql/17/second")),
    ]
    assert on_server.clusters("") == []
    assert on_server.clusters(LISTED)[1].unit == "postgresql@17-second.service"


def test_the_cluster_is_that_of_the_settings_port(machine):
    assert Server(settings()).postgres_dir == Path("/var/lib/postgresql/15/main")
    assert Server(settings("127.0.0.1:5433")).postgres_dir == Path("/var/lib/postgresql/17/second")


def test_who_is_not_root_is_refused(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert refused() == [("SRV-001", None)]


@pytest.mark.parametrize("at", ["db.example.com:5432", "localhost:5555"])
def test_a_database_that_is_elsewhere_is_refused(machine, at):
    assert refused(at) == [("BAK-025", "PostgreSQL")]


@pytest.mark.parametrize("name", ["cluster.json", "kafka.env"])
def test_a_broker_that_is_elsewhere_is_refused_with_all_else(machine, name):
    (machine / name).unlink()
    assert refused("db.example.com:5432") == [("BAK-025", "PostgreSQL"), ("BAK-025", "Kafka")]


def test_one_broker_of_three_is_refused(machine):
    (machine / "cluster.json").write_text(cluster(machine, "k1", "k2", "k3").model_dump_json())
    assert refused() == [("BAK-025", "Kafka")]


@pytest.mark.parametrize(("major", "codes"), [(15, []), (18, ["BAK-026"])])
def test_a_copy_of_another_postgresql_is_refused(machine, major, codes):
    found: Any = SimpleNamespace(id="20260101T000000Z", postgres_major=major)
    assert [p.code for p in Server(settings()).refusals(found, Lost.BOTH)] == codes
