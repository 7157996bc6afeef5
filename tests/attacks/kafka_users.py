"""Attacks with a Kafka user of a grant: it writes to its vendor's topic, as long as it is in force."""

from collections.abc import Callable
from contextlib import closing

import pytest
from kafka import TopicPartition
from kafka.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from kafka.structs import OffsetAndMetadata

from deploy.broker_rights import groups
from runtime import broker_probe, kafka
from runtime.settings import Settings
from schemas import topics as t
from streams.machines.shards import transactional_id
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
    """Their errors and answers, which lie in one topic for all: nor those of its own."""
    own = _user(stack)
    topics = (t.RECORDS_REFUSED, t.PUSH_ANSWERS, t.RECORDS_ACCEPTED, t.in_topic("vnedu"))
    with stack.refused_by_kafka("right", len(topics), own.kafka_user):
        for topic in topics:
            with closing(kafka.consumer(own)) as consumer, pytest.raises(TopicAuthorizationFailedError):
                consumer.end_offsets([TopicPartition(topic, 0)])


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
    a_kafka_user_after_its_revocation_on_an_open_connection_too,
)
