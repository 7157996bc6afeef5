"""Kafka is closed: what each attack on it meets, on the real broker. Each is refused and written down."""

import json
import ssl
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
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from kafka.structs import OffsetAndMetadata

from cli.main import main
from deploy import kafka_rights, processes
from deploy.broker_rights import of_process, rights
from deploy.local import certificates, secrets
from deploy.local import stack as local
from deploy.local.layout import Stack
from deploy.local.listeners import listening
from deploy.own_rights import OwnRights
from runtime import accounts, broker_probe, kafka, metrics
from runtime.accounts import vendor
from runtime.settings import Settings
from runtime.topic_admin import ensure_topics
from schemas import topics as t
from sinks.watch.refusals import Refusals
from streams.machines.shards import transactional_id
from tests import support
from tests.conftest import delete_topics
from tests.support import wait_until

SOON_MS = 1_500
NOT_ALLOWED = TopicAuthorizationFailedError.__name__
EVERYTHING = [0, 1, 2, 3, 4, 5]

OFFICIAL = [
    t.CONFIRMATION_CHECKS,
    t.CONFIRMATION_RECEIPTS,
    t.CONFIRMATION_EVENTS,
    t.CONFIRMATION_STATE,
    t.GRANTS_EVENTS,
    t.GRANTS_STATE,
    t.RECORDS_ACCEPTED,
    t.PUSH_ANSWERS,
    t.MINISTRY_RECEIPTS,
    t.MINISTRY_EXPORT,
]
"""``version_checked`` and the Ministry's answer come by the first two; by the others, what our own processes
and the Ministry have said."""

PEOPLE = [t.CONFIRMATION_COMMANDS, t.GRANTS_COMMANDS, t.RECORDS_REMOVALS]
"""``open`` and whatever an officer asks comes by these."""


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
        producer.send(topic, b"forged", key=b"19000705", partition=0).get(timeout=SOON_MS / 1000)
    except KafkaError as fault:
        return type(fault).__name__
    return ""


@pytest.mark.parametrize(
    ("principal", "topics"),
    [
        (vendor("smas"), [*OFFICIAL, *PEOPLE, t.in_topic("vnedu"), t.dlq(t.in_topic("smas"))]),
        (accounts.OPERATOR, [*OFFICIAL, *PEOPLE, t.in_topic("smas")]),
        (accounts.MINISTRY, [name for name in [*OFFICIAL, *PEOPLE] if name != t.MINISTRY_RECEIPTS]),
        ("csdl-validation", [*PEOPLE, t.CONFIRMATION_CHECKS, t.GRANTS_STATE, t.in_topic("smas")]),
        ("csdl-load", [*PEOPLE, t.CONFIRMATION_CHECKS, t.RECORDS_ACCEPTED]),
        ("csdl-watch", [*PEOPLE, *OFFICIAL]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nobody_writes_in_anothers_place(
    stack: Settings, operator: Settings, principal: str, topics: list[str]
) -> None:
    before = _ends(stack, topics)
    own = operator.acting_as(principal)
    with closing(kafka.producer(own, max_block_ms=SOON_MS)) as producer:
        said = {topic: _write(producer, topic) for topic in topics}
    # Who may write nowhere is not even given the number that a producer sends under.
    assert set(said.values()) <= {NOT_ALLOWED, "KafkaError"}, said
    assert _ends(stack, topics) == before


def test_a_vendor_reads_nobodys_refusals_answers_or_records(operator: Settings) -> None:
    """Asked for their ends: a poll would be silent."""
    own = operator.acting_as(vendor("smas"))
    for topic in (t.RECORDS_REFUSED, t.PUSH_ANSWERS, t.in_topic("vnedu"), t.CONFIRMATION_EVENTS):
        with closing(kafka.consumer(own)) as consumer, pytest.raises(TopicAuthorizationFailedError):
            consumer.end_offsets([TopicPartition(topic, 0)])


@pytest.mark.parametrize("principal", [vendor("smas"), "csdl-load", "csdl-grants", accounts.OPERATOR])
def test_nobody_moves_anothers_group(operator: Settings, principal: str) -> None:
    own = operator.acting_as(principal)
    for group in ("csdl-validation", "csdl.confirmation"):
        with closing(kafka.consumer(own, group_id=group)) as consumer:
            tp = TopicPartition(t.in_topic("smas"), 0)
            with pytest.raises(GroupAuthorizationFailedError):
                consumer.commit({tp: OffsetAndMetadata(0, "", -1)})


@pytest.mark.parametrize("principal", [vendor("smas"), "csdl-load", "csdl-grants", accounts.OPERATOR])
def test_nobody_fences_anothers_transactions(
    stack: Settings, admin: KafkaAdminClient, operator: Settings, principal: str
) -> None:
    ids = ["csdl.export", transactional_id("confirmation", EVERYTHING)]
    for name in ids:
        with closing(kafka.producer(stack, transactional_id=name)) as rightful:
            rightful.init_transactions()
    before = {name: found.producer_epoch for name, found in admin.describe_transactions(ids).items()}
    own = operator.acting_as(principal)
    for name in ids:
        producer = kafka.producer(own, transactional_id=name)
        with closing(producer), pytest.raises(TransactionalIdAuthorizationFailedError):
            producer.init_transactions()
    after = {name: found.producer_epoch for name, found in admin.describe_transactions(ids).items()}
    assert after == before


def test_a_password_that_is_wrong_or_anothers_is_no_login(operator: Settings, tmp_path: Path) -> None:
    for name, secret in (("csdl-load", "wrong"), ("csdl-nobody", "wrong")):
        (tmp_path / name).write_text(secret, encoding="utf-8")
        settings = operator.model_copy(update={"kafka_user": name, "kafka_password_file": tmp_path / name})
        problem = broker_probe.ask(settings)
        assert problem and problem.code == "SEC-106"
        assert "wrong" not in " ".join(problem.messages())


def test_who_does_not_log_in_is_not_heard(operator: Settings) -> None:
    for update in (
        {"kafka_user": "", "kafka_password_file": Path()},
        {"kafka_user": "", "kafka_password_file": Path(), "kafka_ca_file": Path()},
    ):
        anonymous = operator.model_copy(update=update)
        problem = broker_probe.ask(anonymous)
        assert problem and problem.code in ("SEC-107", "SYS-001")
        with pytest.raises(KafkaError):
            kafka.admin(anonymous, bootstrap_timeout_ms=SOON_MS).close()


@pytest.mark.parametrize("name", ["kafka-broker", "kafka-controller"])
def test_the_brokers_own_ports_want_its_own_certificate(
    local_stack: Stack, operator: Settings, tmp_path: Path, name: str
) -> None:
    """Neither a login, nor no certificate, nor one of the same name by another authority."""
    (tmp_path / "other").mkdir()
    certificates.prepare(tmp_path / "other")
    tls = ssl.create_default_context(cafile=str(local_stack.tls / certificates.AUTHORITY))
    forged = ssl.create_default_context(cafile=str(local_stack.tls / certificates.AUTHORITY))
    forged.load_cert_chain(tmp_path / "other" / certificates.BROKER)
    address = f"127.0.0.1:{local_stack.port(name)}"
    nobody = operator.model_copy(
        update={"bootstrap_servers": address, "kafka_user": "", "kafka_password_file": Path()}
    )
    for context in (tls, forged):
        with pytest.raises(KafkaError):
            kafka.admin(nobody, bootstrap_timeout_ms=SOON_MS, ssl_context=context).close()
    inside = operator.model_copy(update={"bootstrap_servers": address})
    assert broker_probe.ask(inside, bound_s=SOON_MS / 1000) is not None


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
    with closing(kafka.producer(own, max_block_ms=SOON_MS)) as producer:
        assert _write(producer, t.in_topic("an")) == ""
        assert _write(producer, t.in_topic("anphu")) == NOT_ALLOWED


def test_a_vendor_that_is_no_longer_named_is_no_user(
    an_and_anphu: Settings, stack: Settings, operator: Settings
) -> None:
    own = operator.acting_as(vendor("anphu"))
    assert broker_probe.ask(own) is None
    kafka_rights.ensure(stack)
    wait_until(lambda: (found := broker_probe.ask(own)) and found.code == "SEC-106")


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
        assert own.refused() is None, declared.name
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
    assert {"kafka", "kafka-broker", "kafka-controller", "postgres"} <= found.keys()
    assert "?" not in found
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


def test_what_was_refused_is_in_the_log_with_who_and_counted(
    local_stack: Stack, operator: Settings, tmp_path: Path
) -> None:
    def counted(kind: str) -> float:
        refusals.look()
        return float(metrics.KAFKA_REFUSED.labels(kind)._value.get())

    log = local_stack.logs / "kafka.log"
    refusals = Refusals(log)
    before = {kind: counted(kind) for kind in ("login", "right")}
    with closing(kafka.producer(operator.acting_as(vendor("smas")), max_block_ms=SOON_MS)) as producer:
        assert _write(producer, t.CONFIRMATION_CHECKS)
    (tmp_path / "csdl-load").write_text("wrong", encoding="utf-8")
    stranger = {"kafka_user": "csdl-load", "kafka_password_file": tmp_path / "csdl-load"}
    assert broker_probe.ask(operator.model_copy(update=stranger))
    for kind, count in before.items():
        wait_until(lambda kind=kind, count=count: counted(kind) > count)  # type: ignore[misc]
    assert f"User:{vendor('smas')}" in log.read_text(encoding="utf-8")


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
