"""A vendor that floods is slowed down by the broker; another's records are judged meanwhile."""

import os
from contextlib import closing, suppress

import pytest
from kafka.errors import KafkaTimeoutError

from deploy import kafka_rights, quotas
from runtime import client_quotas, kafka
from runtime.accounts import vendor
from schemas.encoding import codec
from schemas.topics import GRANTS_STATE, RECORDS_ACCEPTED, in_topic
from streams.machines import topic_log
from tests.organisation import put_units
from tests.support import wait_until
from tests.unit.streams.validation_chunks import SCHOOL, chunk

A_SECOND = 20_000
"""Bytes: what is sent below would take a quarter of an hour."""

FLOOD = 200 * [100_000]

HEADS = "code,name,level,district,managing_unit,valid_from,valid_to,active"
REGISTER = f"{HEADS}\n{SCHOOL},Trường,primary,164,164,2000-01-01,,1\n"


@pytest.fixture
def narrow(topics, stack, tmp_path):
    """A register of one school, for which vnedu has a grant; smas may write little."""
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    settings = put_units(topics.model_copy(update={"register_file": tmp_path / "register.csv"}))
    grant = {"Vendor": "vnedu", "MaTruongHoc": SCHOOL, "Sequence": 1, "Hash": "", "State": "allowed"}
    value = codec.encode("GrantState", grant | {"Rights": []})
    with closing(kafka.producer(settings)) as producer:
        producer.send(GRANTS_STATE, value, key=f"vnedu/{SCHOOL}".encode()).get(timeout=60)
    with closing(kafka.admin(stack)) as admin:
        client_quotas.bound(admin, [vendor("smas")], A_SECOND)
        wait_until(lambda: [p.params["user"] for p in quotas.deviations(admin, stack)] == [vendor("smas")])
        yield settings
        kafka_rights.ensure(stack)
        wait_until(lambda: quotas.deviations(admin, stack) == [])


def test_a_vendor_that_floods_is_slowed_down_and_anothers_push_goes_through(narrow, local_stack, run_process):
    operator = local_stack.settings()
    with run_process("validation", narrow) as process:
        flooding = kafka.producer(operator.acting_as(vendor("smas")), compression_type=None, linger_ms=0)
        try:
            sent = [flooding.send(in_topic("smas"), os.urandom(size), partition=0) for size in FLOOD]
            process.wait_until(lambda: slowed_down(flooding) > 0)
            with closing(kafka.producer(operator.acting_as(vendor("vnedu")))) as another:
                value = chunk(Vendor="vnedu")
                another.send(in_topic("vnedu"), value, key=SCHOOL.encode()).get(timeout=60)
            process.wait_until(lambda: accepted(narrow) == ["vnedu"])
            assert not all(future.is_done for future in sent), "the flood is still held up"
        finally:
            with suppress(KafkaTimeoutError):
                flooding.close(timeout=0)


def slowed_down(producer):
    """Milliseconds, at most, that the broker has told it to wait."""
    return producer.metrics()["producer-metrics"]["throttle-time-max"]


def accepted(settings):
    """Vendors whose records were judged good."""
    messages = topic_log.read(settings, kafka.partitions(RECORDS_ACCEPTED))
    return [codec.decode(message.value)[1]["Vendor"] for message in messages]
