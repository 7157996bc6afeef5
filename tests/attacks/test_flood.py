"""A vendor that floods, by however many users, is slowed down by the broker; another's records are judged
meanwhile."""

import os
from contextlib import ExitStack, closing

import pytest

from access.credentials import broker
from access.credentials.kafka_users import Wanted, Writes
from deploy import kafka_rights, quotas
from runtime import client_quotas, kafka
from runtime.accounts import KEYS, vendor
from schemas.encoding import codec
from schemas.topics import GRANTS_STATE, RECORDS_ACCEPTED, in_topic
from streams.machines import topic_log
from tests.organisation import put_units
from tests.support import ANSWER_S, wait_until
from tests.unit.streams.validation_chunks import SCHOOL, chunk

A_SECOND = 20_000
"""Bytes: what each user sends below would take twenty minutes."""

FLOOD = 60 * [100_000]
"""Of each user."""

HEADS = "code,name,level,district,managing_unit,valid_from,valid_to,active"
REGISTER = f"{HEADS}\n{SCHOOL},Trường,primary,164,164,2000-01-01,,1\n"


@pytest.fixture
def settings(topics, stack, tmp_path):
    """A register of one school, for which vnedu has a grant."""
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    settings = put_units(topics.model_copy(update={"register_file": tmp_path / "register.csv"}))
    grant = {"Vendor": "vnedu", "MaTruongHoc": SCHOOL, "Sequence": 1, "Hash": "", "State": "allowed"}
    value = codec.encode("GrantState", grant | {"Rights": []})
    with closing(kafka.producer(settings)) as producer:
        producer.send(GRANTS_STATE, value, key=f"vnedu/{SCHOOL}".encode()).get(ANSWER_S)
    return settings


@pytest.fixture
def of_smas(settings, stack, local_stack, tmp_path):
    """Users that may write to the topic of smas: its own and those of three credentials, which a vendor may
    have so many of; brought to Kafka as ever, but that a vendor may write little."""
    users = [f"{KEYS}flood{n}" for n in range(3)]
    writes = frozenset(Writes(user, in_topic("smas"), "*") for user in users)
    for user in users:
        (tmp_path / user).write_text(user, encoding="utf-8")
    with closing(kafka.admin(stack)) as admin:
        broker.bring(admin, Wanted(frozenset(users), writes), {user: user for user in users}, A_SECOND)
        wait_until(lambda: vendor("smas") in [p.params["user"] for p in quotas.deviations(admin, stack)])
        own = local_stack.settings()
        as_user = [{"kafka_user": u, "kafka_password_file": tmp_path / u} for u in users]
        yield [own.acting_as(vendor("smas")), *(own.model_copy(update=update) for update in as_user)]
        broker.bring(admin, Wanted(frozenset(), frozenset()), {}, A_SECOND)
        kafka_rights.ensure(stack)
        wait_until(lambda: quotas.deviations(admin, stack) == [])


def test_a_vendor_that_floods_by_several_users_is_slowed_down_as_one_and_anothers_push_goes_through(
    settings, stack, of_smas, local_stack, run_process
):
    with closing(kafka.admin(stack)) as admin:
        bounds = client_quotas.bounds(admin)
    assert sum(bounds[each.kafka_user] for each in of_smas) <= A_SECOND
    assert bounds[vendor("vnedu")] == A_SECOND, "what one vendor has is no part of another's"
    with run_process("validation", settings) as process, ExitStack() as held:
        floods, sent = [], []
        for own in of_smas:
            flood = kafka.producer(own, compression_type=None, linger_ms=0)
            held.callback(kafka.abandon, flood)
            floods.append(flood)
            sent += [flood.send(in_topic("smas"), os.urandom(size), partition=0) for size in FLOOD]
        process.wait_until(lambda: min(map(slowed_down, floods)) > 0)
        with closing(kafka.producer(local_stack.settings().acting_as(vendor("vnedu")))) as another:
            value = chunk(Vendor="vnedu")
            another.send(in_topic("vnedu"), value, key=SCHOOL.encode()).get(ANSWER_S)
        process.wait_until(lambda: accepted(settings) == ["vnedu"])
        assert not all(future.is_done for future in sent), "the flood is still held up"


def slowed_down(producer):
    """Milliseconds, at most, that the broker has told it to wait."""
    return producer.metrics()["producer-metrics"]["throttle-time-max"]


def accepted(settings):
    """Vendors whose records were judged good."""
    messages = topic_log.read(settings, kafka.partitions(RECORDS_ACCEPTED))
    return [codec.decode(message.value)[1]["Vendor"] for message in messages]
