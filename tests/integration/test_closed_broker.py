"""Kafka is closed, on the real broker: rights as declared, to the last name. Attacks: tests/attacks."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
)
from kafka.errors import (
    KafkaError,
    TopicAuthorizationFailedError,
)

from cli.main import main
from deploy import kafka_rights, processes
from deploy.broker_rights import of_process, rights
from deploy.local import secrets
from deploy.local import stack as local
from deploy.local.layout import Stack
from deploy.local.listeners import listening
from deploy.own_rights import OwnRights
from runtime import broker_probe, client_quotas, kafka
from runtime.accounts import vendor
from runtime.settings import Settings
from runtime.topic_admin import ensure_topics
from schemas import topics as t
from tests import support
from tests.conftest import delete_topics
from tests.support import ANSWER_S, wait_until

NOT_ALLOWED = TopicAuthorizationFailedError.__name__


@pytest.fixture(scope="module")
def operator(local_stack: Stack) -> Settings:
    """Who works at the command line."""
    return local_stack.settings()


@pytest.fixture(scope="module")
def admin(stack: Settings) -> Iterator[KafkaAdminClient]:
    with closing(kafka.admin(stack)) as client:
        yield client


def _ends(settings: Settings, topics: list[str]) -> dict[TopicPartition, int]:
    with closing(kafka.consumer(settings, isolation_level="read_uncommitted")) as consumer:
        return {
            tp: end for topic in topics for tp, end in consumer.end_offsets(kafka.partitions(topic)).items()
        }


def _write(producer: KafkaProducer, topic: str) -> str:
    """The name of what Kafka said; "" if it took the message."""
    try:
        producer.send(topic, b"forged", key=b"19000705", partition=0).get(ANSWER_S)
    except KafkaError as fault:
        return type(fault).__name__
    return ""


@pytest.fixture
def an_and_anphu(local_stack: Stack, stack: Settings, admin: KafkaAdminClient) -> Iterator[Settings]:
    """Two vendors of whom one's name begins the other's."""
    ours = {topic.name for topic in t.topics(stack.vendors)}
    settings = stack.model_copy(update={"vendors": [*stack.vendors, "an", "anphu"]})
    secrets.passwords(local_stack.passwords, [vendor("an"), vendor("anphu")])

    ensure_topics(settings)
    kafka_rights.ensure(settings)
    yield settings
    kafka_rights.ensure(stack)
    delete_topics(admin, {name for name in admin.list_topics() if not name.startswith("__")} - ours)


def test_a_vendor_whose_name_begins_anothers_is_another(an_and_anphu: Settings, operator: Settings) -> None:
    own = operator.acting_as(vendor("an"))
    with closing(kafka.producer(own)) as producer:
        assert _write(producer, t.in_topic("an")) == ""
        assert _write(producer, t.in_topic("anphu")) == NOT_ALLOWED


def test_a_vendor_that_is_no_longer_named_is_no_user(
    an_and_anphu: Settings, stack: Settings, operator: Settings
) -> None:
    own = operator.acting_as(vendor("anphu"))
    assert broker_probe.ask(own, ANSWER_S) is None
    kafka_rights.ensure(stack)
    wait_until(lambda: (found := broker_probe.ask(own)) and found.code == "SEC-106")


def test_a_vendors_own_password_is_ended_by_a_setting_on_a_connection_that_stands_too(
    an_and_anphu: Settings, admin: KafkaAdminClient, operator: Settings
) -> None:
    own = operator.acting_as(vendor("an"))
    with closing(kafka.producer(own)) as producer:
        assert _write(producer, t.in_topic("an")) == ""
        ended = an_and_anphu.model_copy(update={"vendors_by_credentials": ["an"]})
        kafka_rights.ensure(ended)
        assert _write(producer, t.in_topic("an")) == NOT_ALLOWED
    wait_until(lambda: kafka_rights.deviations(ended) == [])
    wait_until(lambda: vendor("an") not in client_quotas.bounds(admin))
    assert not own.kafka_password_file.exists()


@pytest.fixture
def changed(stack: Settings) -> Iterator[Callable[[ACL, bool], None]]:
    """Give a right, or take one; all are as declared again at the end."""
    with closing(kafka.admin(stack)) as admin:

        def change(acl: ACL, give: bool) -> None:
            if give:
                admin.create_acls([acl])
            else:
                admin.delete_acls([acl])

        yield change
    kafka_rights.ensure(stack)
    assert kafka_rights.deviations(stack) == []


def _to_read(principal: str, topic: str) -> ACL:
    pattern = ResourcePattern(ResourceType.TOPIC, topic)
    return ACL(f"User:{principal}", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)


def test_a_right_too_many_and_one_too_few_are_told_and_mended(
    stack: Settings, operator: Settings, changed: Callable[[ACL, bool], None]
) -> None:
    changed(_to_read(vendor("smas"), t.RECORDS_ACCEPTED), True)
    changed(_to_read("*", "*"), True)
    changed(_to_read("csdl-load", t.RECORDS_ACCEPTED), False)

    def told() -> list[tuple[str, str]]:
        return [(p.code, str(p.params["right"])) for p in kafka_rights.deviations(operator)]

    due = [
        ("SEC-110", f"csdl-load: read topic {t.RECORDS_ACCEPTED}"),
        ("SEC-111", "*: read topic *"),
        ("SEC-111", f"csdl-vendor-smas: read topic {t.RECORDS_ACCEPTED}"),
    ]
    wait_until(lambda: told() == due, seen=told)
    kafka_rights.ensure(stack)
    assert told() == [("SEC-111", "*: read topic *")], "of others' nothing is touched"
    changed(_to_read("*", "*"), False)
    wait_until(lambda: told() == [], seen=told)


def test_a_process_without_a_right_says_which_and_goes_on_once_it_has_it(
    stack: Settings, operator: Settings, changed: Callable[[ACL, bool], None]
) -> None:
    """Its consumer would be silent: no error, and nothing read."""
    for declared in processes.TABLE:
        own = OwnRights(operator.acting_as(declared.principal), list(of_process(declared, stack.vendors)))
        wait_until(lambda own=own: own.refused() is None, seen=own.refused)  # type: ignore[misc]
    (load,) = [d for d in processes.TABLE if d.name == "load"]
    gate = OwnRights(operator.acting_as(load.principal), list(of_process(load, stack.vendors)))
    changed(_to_read("csdl-load", t.RECORDS_ACCEPTED), False)
    problem = wait_until(gate.refused)
    assert problem and problem.code == "SEC-108"
    assert problem.params["rights"] == f"read topic {t.RECORDS_ACCEPTED}"
    kafka_rights.ensure(stack)
    wait_until(lambda: gate.refused() is None)


def test_of_each_right_of_a_process_the_lack_is_seen(stack: Settings, operator: Settings) -> None:
    """A stranger lacks all: topics, groups, transactional ids."""
    for name in ("confirmation", "export", "validation"):
        (declared,) = [d for d in processes.TABLE if d.name == name]
        needed = list(of_process(declared, stack.vendors))
        problem = OwnRights(operator.acting_as(vendor("smas")), needed).refused()
        assert problem and problem.code == "SEC-108"
        said = str(problem.params["rights"]).split(", ")
        own = {f"{r.act} {r.kind} {r.name}" for r in rights(stack.vendors) if r.principal == vendor("smas")}
        assert sorted(said) == sorted({f"{r.act} {r.kind} {r.name}" for r in needed} - own)


def test_what_listens_asks_who_is_there(local_stack: Stack) -> None:
    found = {one.name: one for one in listening(local_stack)}
    assert {"kafka", "kafka-loopback", "kafka-broker", "kafka-controller", "postgres"} <= found.keys()
    assert "?" not in found
    assert {one.address for one in found.values()} == {"127.0.0.1"}
    assert all(one.problem is None for name, one in found.items() if name.startswith("kafka"))
    result = CliRunner().invoke(
        main, ["status", "--listeners", "--json", "--data-dir", str(local_stack.data_dir)]
    )
    assert {row["name"] for row in json.loads(result.stdout)} == found.keys()


def test_no_secret_is_in_the_settings_the_log_or_the_configuration(local_stack: Stack) -> None:
    passwords = [path.read_text(encoding="utf-8").strip() for path in local_stack.passwords.iterdir()]
    others = [
        path
        for path in local_stack.data_dir.rglob("*")
        if path.is_file() and path.suffix in (".log", ".json", ".env", ".conf", ".properties", ".yml")
    ]
    assert len(passwords) > 10 and len(others) > 5
    for path in others:
        text = path.read_text(encoding="utf-8", errors="replace")
        assert not any(secret in text for secret in passwords), path.name


def test_a_data_directory_whose_broker_asked_nobody_is_closed_at_the_next_start(tmp_path: Path) -> None:
    """As release 0.4.0 left it: a cluster that knows no user. What it holds is there afterwards."""
    former = Stack(tmp_path / "stack", support.free_port_base(), open_broker=True)
    try:
        local.up(former, processes=())
        with closing(kafka.producer(former.settings())) as producer:
            assert _write(producer, t.CONFIRMATION_COMMANDS) == ""
        local.down(former)
        now = replace(former, open_broker=False)
        local.up(now, processes=())
        assert broker_probe.ask(former.settings()) is not None
        ends = _ends(support.everybody(now), [t.CONFIRMATION_COMMANDS])
        assert sum(ends.values()) == 1
        assert kafka_rights.deviations(now.settings()) == []
    finally:
        local.down(former, delete=True)
