"""Attacks at Kafka: a credential for another's topic, group or transactional id, a wrong one, or none."""

import ssl
import tempfile
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path

import pytest
from kafka import KafkaProducer, TopicPartition
from kafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailedError,
)
from kafka.structs import OffsetAndMetadata

from deploy.local import certificates
from runtime import accounts, broker_probe, kafka
from runtime.accounts import vendor
from runtime.settings import Settings
from schemas import topics as t
from streams.machines.shards import transactional_id
from tests.attacks.closed_stack import ClosedStack
from tests.support import ANSWER_S

SOON_MS = 1_500
EVERYTHING = [0, 1, 2, 3, 4, 5]
THIEVES = (vendor("smas"), "csdl-load", accounts.OPERATOR)
OF_MACHINES = (
    t.CONFIRMATION_EVENTS,
    t.CONFIRMATION_STATE,
    t.CONFIRMATION_REFUSALS,
    t.GRANTS_EVENTS,
    t.GRANTS_STATE,
    t.ORGANISATION_EVENTS,
)


def ends(settings: Settings, *topics: str) -> dict[TopicPartition, int]:
    """Where the topics end, also for what no transaction has committed."""
    partitions = [tp for topic in topics for tp in kafka.partitions(topic)]
    with closing(kafka.consumer(settings, isolation_level="read_uncommitted")) as consumer:
        return dict(consumer.end_offsets(partitions))


def write(producer: KafkaProducer, topic: str) -> str:
    """The name of what Kafka said; "" if it took the message."""
    try:
        producer.send(topic, b"forged", key=b"19000705", partition=0).get(ANSWER_S)
    except KafkaError as fault:
        return type(fault).__name__
    return ""


def _written(stack: ClosedStack, *topics: str, by: tuple[str, ...] = THIEVES) -> None:
    """Nothing is, by nobody of these."""
    before = ends(stack.settings, *topics)
    with stack.refused_by_kafka("right", 1, *by):
        for principal in by:
            own = stack.acting_as(principal)
            with closing(kafka.producer(own)) as producer:
                said = {topic: write(producer, topic) for topic in topics}
            # Who may write nowhere is not even given the number that a producer sends under.
            assert set(said.values()) <= {TopicAuthorizationFailedError.__name__, "KafkaError"}, said
    assert ends(stack.settings, *topics) == before


def version_checked_written_by_the_wrong_user(stack: ClosedStack) -> None:
    _written(stack, t.CONFIRMATION_CHECKS, by=(*THIEVES, "csdl-validation", "csdl-access"))


def open_written_by_the_wrong_user(stack: ClosedStack) -> None:
    people = (t.CONFIRMATION_COMMANDS, t.GRANTS_COMMANDS, t.RECORDS_REMOVALS)
    _written(stack, *people, by=(*THIEVES, "csdl-confirmation"))


def receipts_written_by_the_wrong_user(stack: ClosedStack) -> None:
    _written(stack, t.CONFIRMATION_RECEIPTS, t.MINISTRY_RECEIPTS)
    _written(stack, t.CONFIRMATION_RECEIPTS, by=(accounts.MINISTRY, "csdl-receipts"))


def events_written_by_the_wrong_user(stack: ClosedStack) -> None:
    _written(stack, *OF_MACHINES, by=(*THIEVES, "csdl-access"))


def one_processs_credential_for_anothers_topic(stack: ClosedStack) -> None:
    _written(stack, t.RECORDS_ACCEPTED, t.MINISTRY_EXPORT, by=("csdl-load", "csdl-watch", "csdl-access"))
    _written(stack, t.in_topic("smas"), by=("csdl-validation", accounts.OPERATOR, accounts.MINISTRY))


def a_vendors_credential_for_ours(stack: ClosedStack) -> None:
    ours = (t.in_topic("vnedu"), t.RECORDS_ACCEPTED, t.PUSH_ANSWERS, t.dlq(t.in_topic("smas")))
    _written(stack, *ours, by=(vendor("smas"),))


def a_vendors_credential_to_read_anothers(stack: ClosedStack) -> None:
    """Asked for their ends: a poll would be silent."""
    topics = (t.RECORDS_REFUSED, t.PUSH_ANSWERS, t.in_topic("vnedu"), t.CONFIRMATION_EVENTS)
    with stack.refused_by_kafka("right", len(topics), vendor("smas")):
        for topic in topics:
            consumer = kafka.consumer(stack.acting_as(vendor("smas")))
            with closing(consumer), pytest.raises(TopicAuthorizationFailedError):
                consumer.end_offsets([TopicPartition(topic, 0)])


def one_processs_credential_for_anothers_group(stack: ClosedStack) -> None:
    tp = TopicPartition(t.in_topic("smas"), 0)
    thieves = (*THIEVES, "csdl-grants")
    with stack.refused_by_kafka("right", 2, *thieves):
        for principal in thieves:
            for group in (t.VALIDATION_GROUP, "csdl.confirmation"):
                consumer = kafka.consumer(stack.acting_as(principal), group_id=group)
                with closing(consumer), pytest.raises(GroupAuthorizationFailedError):
                    consumer.commit({tp: OffsetAndMetadata(0, "", -1)})


def one_processs_credential_for_anothers_transactional_id(stack: ClosedStack) -> None:
    """The rightful one, who runs, is not fenced: its epoch stays."""
    ids = [transactional_id("confirmation", EVERYTHING)]
    with closing(kafka.admin(stack.settings)) as admin:
        before = {name: found.producer_epoch for name, found in admin.describe_transactions(ids).items()}
        thieves = (*THIEVES, "csdl-grants")
        with stack.refused_by_kafka("right", 1, *thieves):
            for principal in thieves:
                producer = kafka.producer(stack.acting_as(principal), transactional_id=ids[0])
                with closing(producer), pytest.raises(TransactionalIdAuthorizationFailedError):
                    producer.init_transactions()
        after = {name: found.producer_epoch for name, found in admin.describe_transactions(ids).items()}
    assert after == before


def doors(stack: ClosedStack) -> tuple[dict[str, str], ...]:
    """What clients connect to: over TLS, and the loopback's."""
    return {}, {"kafka_loopback": f"127.0.0.1:{stack.local.port('kafka-loopback')}"}


def a_login_at_kafka_without_the_password(stack: ClosedStack) -> None:
    """A wrong one, one of somebody who is not there, and another's."""
    of_load = stack.acting_as("csdl-load").kafka_password_file
    who = ("csdl-load", "csdl-nobody", "csdl-setup")
    with tempfile.TemporaryDirectory() as folder, stack.refused_by_kafka("login", 2 * len(who)):
        wrong = Path(folder) / "password"
        wrong.write_text("wrong", encoding="utf-8")
        for (name, file), door in product(zip(who, (wrong, wrong, of_load), strict=True), doors(stack)):
            update = {"kafka_user": name, "kafka_password_file": file, **door}
            problem = broker_probe.ask(stack.local.settings().model_copy(update=update), ANSWER_S)
            assert problem and problem.code == "SEC-106"
            assert "wrong" not in " ".join(problem.messages())


def kafka_asked_without_a_login(stack: ClosedStack) -> None:
    """With TLS alone, and in clear."""
    nobody = {"kafka_user": "", "kafka_password_file": Path()}
    with stack.refused_by_kafka("login", 1):
        for update in (nobody, nobody | {"kafka_ca_file": Path()}, *(nobody | door for door in doors(stack))):
            problem = broker_probe.ask(stack.local.settings().model_copy(update=update))
            assert problem and problem.code in ("SEC-107", "SYS-001")


def the_brokers_own_ports_with_a_forged_certificate(stack: ClosedStack) -> None:
    """Neither a login, nor no certificate, nor one of the same name by another authority."""
    authority = str(stack.local.tls / certificates.AUTHORITY)
    with tempfile.TemporaryDirectory() as folder, stack.refused_by_kafka("login", 2):
        certificates.prepare(Path(folder))
        forged = ssl.create_default_context(cafile=authority)
        forged.load_cert_chain(Path(folder) / certificates.BROKER)
        for name in ("kafka-broker", "kafka-controller"):
            inside = {"bootstrap_servers": f"127.0.0.1:{stack.local.port(name)}"}
            nobody = inside | {"kafka_user": "", "kafka_password_file": Path()}
            for context in (ssl.create_default_context(cafile=authority), forged):
                settings = stack.local.settings().model_copy(update=nobody)
                with pytest.raises(KafkaError):
                    kafka.admin(settings, bootstrap_timeout_ms=SOON_MS, ssl_context=context).close()
            by_login = stack.local.settings().model_copy(update=inside)
            assert broker_probe.ask(by_login, bound_s=SOON_MS / 1000) is not None


ATTACKS: tuple[Callable[[ClosedStack], None], ...] = (
    version_checked_written_by_the_wrong_user,
    open_written_by_the_wrong_user,
    receipts_written_by_the_wrong_user,
    events_written_by_the_wrong_user,
    one_processs_credential_for_anothers_topic,
    a_vendors_credential_for_ours,
    a_vendors_credential_to_read_anothers,
    one_processs_credential_for_anothers_group,
    one_processs_credential_for_anothers_transactional_id,
    a_login_at_kafka_without_the_password,
    kafka_asked_without_a_login,
    the_brokers_own_ports_with_a_forged_certificate,
)
