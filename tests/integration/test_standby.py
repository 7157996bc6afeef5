"""A standby takes the place of a killed primary: two real clusters, slots by the role's own statements, and a
real Kafka that knows what the standby does not."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import yaml
from click.testing import CliRunner
from pydantic import SecretStr

from access.credentials.limits import Limits
from access.credentials.limits_topic import LimitsTopic
from backup import lost
from backup.lost import ACTED, CREDENTIAL
from cli.main import main
from deploy import accounts as product
from deploy import server
from deploy.local import postgres, server_account
from deploy.local.layout import Stack
from runtime import standbys
from runtime.accounts import BACKUP
from runtime.postgres import connect
from runtime.settings import Settings
from tests import accounts, support
from tests.integration.ministry_road import event, forward
from tests.integration.test_since import number
from tests.support import ROOT, environment, wait_until

STANDBY = "csdl-standby"
SLOT = "csdl_db2"
WITHOUT_FSYNC = "fsync = off\n"


def slots(*names: str) -> str:
    """The role's own statements."""
    tasks = yaml.safe_load((ROOT / "deploy/ansible/roles/postgresql/tasks/serves.yml").read_text("utf-8"))
    [task] = [task for task in tasks if task["name"] == "Slots of standbys"]
    wanted = ", ".join(f"'{name}'" for name in names)
    return str(task["args"]["stdin"]).replace("{{ wanted }}", f"ARRAY[{wanted}]::text[]")


@dataclass
class Cluster:
    """A PostgreSQL of its own, of the product's settings; ``of``: who works with the test's database."""

    stack: Stack
    of: Settings
    running: "subprocess.Popen[bytes] | None" = None

    @property
    def settings(self) -> Settings:
        """The same, here."""
        url = urlsplit(self.of.database_url.get_secret_value())
        who = f"{url.username}@" if url.username else ""
        here = url._replace(netloc=f"{who}127.0.0.1:{self.stack.port('postgres')}")
        return self.of.model_copy(update={"database_url": SecretStr(here.geturl())})

    def copy(self, source: str, *more: str, follows: str = "") -> None:
        """Its data, from another one."""
        home = self.stack.postgres_dir
        asked = (
            "-d",
            source,
            "-D",
            str(home),
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-password",
            "--no-sync",
            *more,
        )
        subprocess.run([postgres.binary("pg_basebackup"), *asked], check=True, capture_output=True)
        if follows:
            (home / "standby.signal").touch()
        server_account.hand_over(home)
        server_account.hand_over_all(home)
        let_in = f"host replication {STANDBY} 127.0.0.1/32 scram-sha-256\n"
        server_account.write(home / postgres.ACCESS_FILE, let_in + accounts.OF_TESTS + product.HBA)
        said = postgres.configuration(self.stack) + WITHOUT_FSYNC + follows
        server_account.write(home / postgres.CONFIGURATION_FILE, said)

    def start(self) -> None:
        home = self.stack.postgres_dir
        with server_account.opened(home) as folder, (home.parent / "log").open("ab") as log:
            program = Path(postgres.binary("postgres"))
            asked = server_account.command(home, program, "-D", f"/proc/self/fd/{folder}")
            self.running = subprocess.Popen(asked, pass_fds=(folder,), cwd="/", stdout=log, stderr=log)
        wait_until(self.answers, seen=lambda: (home.parent / "log").read_text()[-2000:])

    def answers(self) -> bool:
        try:
            connect(self.settings, "test").close()
        except psycopg2.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """As a machine that is lost: nothing is sent any more."""
        if self.running is not None:
            self.running.kill()
            self.running.wait()

    @contextmanager
    def conn(self) -> Iterator[Any]:
        with closing(connect(self.settings, "test")) as conn:
            yield conn

    def as_superuser(self, statements: str) -> list[Any]:
        """What the last one says."""
        with accounts.superuser(self.settings) as conn, conn.cursor() as cur:
            cur.execute(statements)
            return cur.fetchall() if cur.description else []

    def codes(self) -> list[str]:
        return [problem.code for problem in standbys.problems(self.settings)]

    def named(self, name: str) -> bool:
        with self.conn() as conn, conn.cursor() as cur:
            cur.execute("SELECT 1 FROM account WHERE name = %s", (name,))
            return cur.fetchone() is not None


@pytest.fixture
def clusters(settings: Settings, tmp_path: Path) -> Iterator[Callable[[str], Cluster]]:
    """``clusters(name)``: one without data."""
    made: list[Cluster] = []

    def make(name: str) -> Cluster:
        stack = Stack(tmp_path / name, support.free_port_base())
        stack.data_dir.mkdir()
        made.append(Cluster(stack, settings))
        return made[-1]

    yield make
    for each in made:
        each.kill()


def test_a_standby_takes_the_place_of_a_killed_primary(
    clusters: Callable[[str], Cluster],
    settings: Settings,
    local_stack: Stack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    primary, standby = clusters("primary"), clusters("standby")
    passfile = local_stack.secrets / "postgres" / BACKUP
    here = "host=127.0.0.1 port={} user={} {}"
    primary.copy(here.format(local_stack.port("postgres"), BACKUP, f"passfile={passfile}"))
    primary.start()
    primary.as_superuser(f"CREATE ROLE \"{STANDBY}\" LOGIN REPLICATION PASSWORD 'made-up'")
    primary.as_superuser(slots(SLOT))
    assert primary.as_superuser(slots(SLOT)) == [], "a second run changes nothing"
    assert primary.codes() == ["SYS-021"]
    served_by = here.format(primary.stack.port("postgres"), STANDBY, "password=made-up")
    follows = f"primary_conninfo = '{served_by}'\nprimary_slot_name = '{SLOT}'\n"
    standby.copy(served_by, "-S", SLOT, follows=follows)
    standby.start()
    with primary.conn() as conn:
        number(conn, "kept")
    wait_until(lambda: standby.named("kept") and primary.codes() == [], seen=primary.codes)
    standby.kill()
    wait_until(lambda: primary.codes() == ["SYS-021"], seen=primary.codes)
    with primary.conn() as conn:
        acted, silent = number(conn, "acted"), number(conn, "silent")
        forward(settings, event(conn, "19164999") | {"Account": f"A{acted}", "Unit": "164"})
    topic = LimitsTopic(settings)
    topic.keep([Limits("gone", "smas", "19164999")])
    topic.close()
    primary.kill()
    standby.start()
    assert not standby.named("acted")
    standby.as_superuser("SELECT pg_promote()")
    code, said = lost_there(standby, tmp_path / "home", monkeypatch)
    named = {each["code"]: each["message_en"] for each in said["lost"]}
    assert (code, set(named)) == (1, {ACTED, CREDENTIAL})
    assert f"A{acted} " in named[ACTED] and "gone" in named[CREDENTIAL]
    with standby.conn() as conn:
        assert number(conn, "new") > silent


def lost_there(promoted: Cluster, home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Any]:
    """What `csdl backup lost --promoted` says, called by root of a server whose home this is."""
    home.mkdir()
    monkeypatch.setattr(server, "HOME", home)
    monkeypatch.setattr(lost, "shown", lambda _: None)  # the group of operators is the server's
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    url = urlsplit(promoted.settings.database_url.get_secret_value())
    by_accounts = url._replace(netloc=url.netloc.rpartition("@")[2], query="").geturl()
    asked = promoted.settings.model_copy(update={"database_url": SecretStr(by_accounts)})
    result = CliRunner(env=environment(asked)).invoke(main, ["backup", "lost", "--promoted", "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)
