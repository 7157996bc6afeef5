"""Fixtures: a real Kafka and a real PostgreSQL, started once a session, without pipeline processes.

``stack``     Settings of the servers, as the tables' owner; topics and tables are as other tests left them
``superuser`` a connection that may do what nobody may in production (`accounts`)
``database``  the same with a fresh migrated database
``topics``    the same with every topic empty
``settings``  both: fresh database, empty topics, data directory of its own
``ask``       ``ask(query, *params)`` of the test's own database
``run_process``  ``with run_process("validation", settings) as process:`` runs one until the block ends
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg2
import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from psycopg2.extensions import connection

from deploy.local import stack as local
from deploy.local.layout import Stack
from runtime import database_settings, kafka, postgres
from runtime.garbage import collect_seldom
from runtime.settings import Settings
from runtime.topic_admin import ensure_topics
from schemas.topics import topics as all_topics
from tests import accounts, support, unsynced

_numbers = count(1)

os.environ.setdefault("CSDL_SETTINGS", "")  # not those of a server that this machine is
collect_seldom()  # thousands of tests are collected, none of which is part of a circle


@pytest.fixture(scope="session")
def local_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The servers themselves (ports, pids, data directory)."""
    it = Stack(tmp_path_factory.mktemp("stack"), support.free_port_base())
    accounts.make_superuser(it)
    local.up(it, processes=())
    accounts.let_in(it)
    support.wait_until(lambda: _without_fsync(it.settings()))
    yield it
    local.down(it, delete=True)


@pytest.fixture(scope="session")
def stack(local_stack: Stack) -> Settings:
    """Settings of the tables' owner on the servers, who may do everything at Kafka. What is run by
    ``run_process`` may do what it may elsewhere: ``csdl run`` takes the process's own account."""
    return support.everybody(local_stack)


@pytest.fixture(scope="session")
def superuser(stack: Settings) -> Callable[..., AbstractContextManager[connection]]:
    """``with superuser() as conn``: what nobody may do in production."""
    return lambda database="postgres": accounts.superuser(stack, database)


@pytest.fixture(autouse=True)
def own_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that a test opens in its own process has no more rights than in production either."""
    real = postgres.connect

    def connect(settings: Settings, application_name: str = "csdl") -> connection:
        return real(accounts.as_process(settings, application_name.removeprefix("csdl-")), application_name)

    monkeypatch.setattr(postgres, "connect", connect)


@pytest.fixture(autouse=True)
def without_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's own process asks the server for no more than one that it runs."""
    monkeypatch.setattr(database_settings, "CHECKED", unsynced.CHECKED)


@pytest.fixture
def database(stack: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A fresh migrated database."""
    with fresh_database(stack, tmp_path) as settings:
        yield settings


@contextmanager
def fresh_database(stack: Settings, folder: Path) -> Iterator[Settings]:
    """A copy of the database that `up` made, which no test writes to."""
    with accounts.made(stack, f"test_{next(_numbers)}", "TEMPLATE csdl STRATEGY file_copy") as settings:
        yield _kept_in(folder, settings)


@pytest.fixture
def topics(stack: Settings, tmp_path: Path) -> Settings:
    """Every topic empty."""
    empty_topics(stack)
    return _kept_in(tmp_path, stack)


def _kept_in(folder: Path, stack: Settings) -> Settings:
    """With a data directory of its own; checkpoints and documents lie there, not in the stack's."""
    own = {"checkpoints_dir": folder / "checkpoints", "checkpoint_key_file": folder / "checkpoint.key"}
    own |= {"trust_dir": folder / "trust", "documents_dir": folder / "documents"}
    return stack.model_copy(update={"data_dir": folder} | own)


def empty_topics(stack: Settings) -> None:
    """Every topic as declared and empty, with no group's offset in it.

    Only one that ever held a message is made anew: the broker works for a second and a half to make all of
    them. Whoever gives a topic other settings deletes it afterwards (``delete_topics``).
    """
    ours = {topic.name for topic in all_topics(stack.vendors)}
    with closing(kafka.admin(stack)) as admin:
        delete_topics(admin, _written_to(admin) | (_listed(admin) - ours))
        if _listed(admin) != ours:
            ensure_topics(stack)
            _until_listed(admin, ours)


def delete_topics(admin: KafkaAdminClient, names: set[str]) -> None:
    """Delete topics that there are."""
    if names:
        left = _listed(admin) - names
        admin.delete_topics(sorted(names))
        _until_listed(admin, left)


@pytest.fixture
def settings(database: Settings, topics: Settings) -> Settings:
    """Fresh database and empty topics."""
    return database


@pytest.fixture
def ask(settings: Settings) -> Iterator[Callable[..., list[tuple[object, ...]]]]:
    """``ask(query, *params)`` of the test's own database; what it changes is committed at once."""
    with closing(postgres.connect(settings, "test")) as conn:
        conn.autocommit = True

        def query(text: str, *params: object) -> list[tuple[object, ...]]:
            with conn.cursor() as cur:
                cur.execute(text, params)
                return cur.fetchall() if cur.description else []

        yield query


@pytest.fixture
def run_process() -> Callable[..., AbstractContextManager[support.Running]]:
    """The context manager tests.support.run_process(name, settings)."""
    return support.run_process


def _written_to(admin: KafkaAdminClient) -> set[str]:
    """Topics whose end is past 0, also if all that they held is gone."""
    described = [topic for topic in admin.describe_topics() if not topic["name"].startswith("__")]
    latest = {
        TopicPartition(topic["name"], partition["partition_index"]): OffsetSpec.LATEST
        for topic in described
        for partition in topic["partitions"]
    }
    ends = admin.list_partition_offsets(latest)
    return {tp.topic for tp, end in ends.items() if end.offset > 0}


def _until_listed(admin: KafkaAdminClient, names: set[str]) -> None:
    """The controller answers before the broker's metadata, which clients read, has caught up."""
    support.wait_until(lambda: _listed(admin) == names, seen=lambda: _listed(admin) ^ names)


def _listed(admin: KafkaAdminClient) -> set[str]:
    return {name for name in admin.list_topics() if not name.startswith("__")}


def _without_fsync(settings: Settings) -> bool:
    """No test takes the power away: what the server has handed to the kernel is safe.

    Raises nothing while the server has not read who is let in."""
    try:
        with accounts.superuser(settings) as conn, conn.cursor() as cur:
            cur.execute("ALTER SYSTEM SET fsync = off")
            cur.execute("SELECT pg_reload_conf()")
    except psycopg2.OperationalError:
        return False
    return True
