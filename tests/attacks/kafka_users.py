"""Attacks with a Kafka user of a grant: it writes to its vendor's topic, as long as it is in force."""

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest
from kafka import TopicPartition
from kafka.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from kafka.structs import OffsetAndMetadata

from access.credentials import selftest
from access.credentials.kit import Connection
from access.credentials.worth import Kind
from deploy.broker_rights import groups
from runtime import broker_probe, client_quotas, kafka
from runtime.accounts import KEYS, OPERATOR
from runtime.settings import Settings
from schemas import topics as t
from streams.machines.shards import transactional_id
from tests.attacks import schools
from tests.attacks.broker import EVERYTHING, ends
from tests.attacks.closed_stack import ClosedStack
from tests.keys import DENIED, as_kafka_user, producer, write, written_anew
from tests.support import wait_until


def _user(stack: ClosedStack) -> Settings:
    """One for all that only try beyond it."""
    found = stack.shared.get("kafka user")
    if found is None:
        made = stack.credential("kafka", kind="kafka")
        found = stack.shared["kafka user"] = as_kafka_user(
            stack.local.settings(), made, stack.settings.data_dir
        )
        wait_until(lambda: written_anew(found) == "")
    return found


def a_grants_kafka_user_writes_in_anothers_topic(stack: ClosedStack) -> None:
    own = _user(stack)
    others = (t.in_topic("vnedu"), t.GRANTS_COMMANDS, t.RECORDS_ACCEPTED)
    before = ends(stack.settings, *others)
    with stack.refused_by_kafka("right", len(others), own.kafka_user), producer(own) as sender:
        for topic in others:
            assert write(sender, topic) in (DENIED, "KafkaError")
    assert ends(stack.settings, *others) == before


def a_grants_kafka_user_reads_what_was_said_of_other_schools(stack: ClosedStack) -> None:
    """Their errors and answers, which lie in one topic for all: nor those of its own; nor any other topic. Of
    the one that it writes to it is told where it ends, and is given nothing."""
    own = _user(stack)
    topics = (t.RECORDS_REFUSED, t.PUSH_ANSWERS, t.RECORDS_ACCEPTED, t.in_topic("vnedu"))
    with stack.refused_by_kafka("right", len(topics) + 1, own.kafka_user):
        for topic in topics:
            with closing(kafka.consumer(own)) as consumer, pytest.raises(TopicAuthorizationFailedError):
                consumer.end_offsets([TopicPartition(topic, 0)])
        with closing(kafka.consumer(own)) as consumer:
            assert consumer.topics() == {t.in_topic("smas")}
            consumer.assign([TopicPartition(t.in_topic("smas"), 0)])
            consumer.seek_to_beginning()
            with pytest.raises(TopicAuthorizationFailedError):
                while True:
                    assert consumer.poll(timeout_ms=500) == {}


def a_grants_kafka_user_reads_the_database(stack: ClosedStack) -> None:
    """Where csdl push-status reads errors: by its own name, and as the operator."""
    own = _user(stack)
    address = {"host": "127.0.0.1", "port": stack.local.port("postgres"), "connect_timeout": 10}
    password = own.kafka_password_file.read_text(encoding="utf-8")
    users = (own.kafka_user, OPERATOR)
    with stack.refused_by_postgres("login", 1, *(f'user "{user}"' for user in users)):
        for user in users:
            with pytest.raises(psycopg2.OperationalError):
                psycopg2.connect(**address, user=user, password=password, dbname="csdl")


def a_kit_changed_to_another_vendors_topic(stack: ClosedStack) -> None:
    """Its self-test says that there is no right, and Kafka puts on record who asked."""
    own = _user(stack)
    asked = Connection(
        vendor="vnedu", school=schools.OF_VNEDU, kind=Kind.KAFKA, test=False, name="kit", handle="kit",
        url=stack.settings.access, brokers=own.brokers, user=own.kafka_user, topic=t.in_topic("vnedu"),
        school_years=(2019,),
    )  # fmt: skip
    with stack.refused_by_kafka("right", 1, own.kafka_user):
        told = list(selftest.steps(asked, own, "", list))
    assert [(step.name, [p.code for p in step.problems]) for step in told if step.problems] == [
        ("grant", [selftest.NO_RIGHT])
    ]


def a_kafka_user_from_another_address(stack: ClosedStack) -> None:
    made = stack.credential("kafka.dia.chi", kind="kafka", addresses=["203.0.113.7"])
    own = as_kafka_user(stack.local.settings(), made, stack.settings.data_dir)
    with closing(kafka.admin(stack.acting_as("csdl-setup"))) as admin:
        wait_until(lambda: any(user == own.kafka_user for user, _ in client_quotas.writers(admin, KEYS)))
    with stack.refused_by_kafka("right", 1, own.kafka_user), producer(own) as sender:
        assert write(sender) in (DENIED, "KafkaError")


def a_kafka_user_that_has_expired_on_an_open_connection_too(stack: ClosedStack) -> None:
    made = stack.credential("kafka.het.han", kind="kafka", days=1)
    own = as_kafka_user(stack.local.settings(), made, stack.settings.data_dir)
    wait_until(lambda: written_anew(own) == "")
    with producer(own) as sender, stack.refused_by_kafka("right", 1, own.kafka_user):
        assert write(sender) == ""
        number = str(made["number"])
        stack.execute("UPDATE vendor_credential SET expires_at = now() WHERE number = %s", number)
        wait_until(lambda: write(sender) == DENIED)


def a_grants_kafka_user_takes_a_group_or_transactions(stack: ClosedStack) -> None:
    own, ids = _user(stack), [transactional_id("grants", EVERYTHING), "csdl.export"]
    with closing(kafka.admin(stack.settings)) as admin:
        before = {name: found.producer_epoch for name, found in admin.describe_transactions(ids[:1]).items()}
        with stack.refused_by_kafka("right", len(ids) + len(groups()), own.kafka_user):
            for name in ids:
                sender = kafka.producer(own, transactional_id=name)
                with closing(sender), pytest.raises(TransactionalIdAuthorizationFailedError):
                    sender.init_transactions()
            for group in groups():
                refusal = pytest.raises(GroupAuthorizationFailedError)
                with closing(kafka.consumer(own, group_id=group)) as consumer, refusal:
                    consumer.commit({TopicPartition(t.in_topic("smas"), 0): OffsetAndMetadata(0, "", -1)})
        after = {name: found.producer_epoch for name, found in admin.describe_transactions(ids[:1]).items()}
    assert after == before


def a_kafka_user_after_its_revocation_on_an_open_connection_too(stack: ClosedStack) -> None:
    made = stack.credential("kafka.thu.hoi", kind="kafka")
    own = as_kafka_user(stack.local.settings(), made, stack.settings.data_dir)
    wait_until(lambda: written_anew(own) == "")
    with producer(own) as sender, stack.refused_by_kafka("right", 1, own.kafka_user):
        assert write(sender) == ""
        stack.of_credential(made, "revoke")
        wait_until(lambda: write(sender) == DENIED)
    with stack.refused_by_kafka("login", 1):
        wait_until(lambda: (said := broker_probe.ask(own)) is not None and said.code == "SEC-106")


ATTACKS: tuple[Callable[[ClosedStack], None], ...] = (
    a_grants_kafka_user_writes_in_anothers_topic,
    a_grants_kafka_user_reads_what_was_said_of_other_schools,
    a_grants_kafka_user_takes_a_group_or_transactions,
    a_grants_kafka_user_reads_the_database,
    a_kit_changed_to_another_vendors_topic,
    a_kafka_user_after_its_revocation_on_an_open_connection_too,
    a_kafka_user_from_another_address,
    a_kafka_user_that_has_expired_on_an_open_connection_too,
)
