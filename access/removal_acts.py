"""A school's own act: records that its last whole list lacked leave the dataset; its head consents.

The answer is read from the answers topic itself, so it is there as soon as load has committed and the outbox
has sent it.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from kafka.errors import KafkaError

from runtime import kafka
from runtime.clock import ClockCheck
from runtime.settings import Settings
from schemas import datasets
from schemas.encoding import codec
from schemas.errors import Problem, ProblemList
from schemas.topics import PUSH_ANSWERS, RECORDS_REMOVALS

OFFICER: Final = "school_officer"
HEAD: Final = "school_head"
SCHOOL: Final = "school"
"""Vendor of the answers to a school's own acts."""

ANSWER_S: Final = 30.0
POLL_MS: Final = 100


def removal(
    dataset_id: str,
    record_type: str,
    version: int,
    *,
    role: str,
    account: str,
    reason: str = "",
    identities: Sequence[str] = (),
    removal_id: str = "",
) -> dict[str, Any]:
    """The RemovalAsked of a school that saw ``version``. No ``identities``: all that are absent.

    With the ``removal_id`` of one that waits, in the head's role: the consent.
    """
    school, year, period = datasets.split(dataset_id)
    return {
        "RemovalId": removal_id or str(uuid4()),
        "DatasetId": dataset_id,
        "MaTruongHoc": school,
        "NamHoc": year,
        "Period": period,
        "RecordType": record_type,
        "Version": version,
        "Identities": list(identities),
        "Unit": school,
        "Role": role,
        "Account": account,
        "ReasonText": reason,
        "AskedAt": datetime.now(UTC),
    }


def ask(
    settings: Settings, asked: dict[str, Any], silence_s: float = ANSWER_S
) -> tuple[dict[str, Any], list[Problem]]:
    """Send it and wait: the PushAnswered that came of it, and what is wrong with the clock.

    Raises ProblemList: SYS-001 if Kafka is away, REM-008 if nothing answers for ``silence_s`` (it is written
    and will be carried out).
    """
    try:
        return _ask(settings, asked, silence_s)
    except KafkaError:
        raise kafka.away(settings) from None


def _ask(settings: Settings, asked: dict[str, Any], silence_s: float) -> tuple[dict[str, Any], list[Problem]]:
    clock = ClockCheck()
    consumer = kafka.consumer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
    producer = kafka.producer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
    try:
        answers = kafka.partitions(PUSH_ANSWERS)
        consumer.assign(answers)
        for tp, end in consumer.end_offsets(answers).items():
            consumer.seek(tp, end)
        value = codec.encode("RemovalAsked", asked)
        clock.sending()
        sent = producer.send(RECORDS_REMOVALS, value, key=asked["MaTruongHoc"].encode())
        clock.stamped(sent.get(timeout=silence_s).timestamp)
        deadline = time.monotonic() + silence_s
        while time.monotonic() < deadline:
            for messages in consumer.poll(timeout_ms=POLL_MS).values():
                for message in messages:
                    _, said = codec.decode(message.value)
                    if (said["Vendor"], said["PushId"], said["DatasetId"]) == _answer_to(asked):
                        return said, clock.warnings()
    finally:
        producer.close()
        consumer.close()
    params = {"removal_id": asked["RemovalId"], "seconds": int(silence_s)}
    raise ProblemList([Problem("REM-008", params=params)])


def _answer_to(asked: dict[str, Any]) -> tuple[str, str, str]:
    return SCHOOL, asked["RemovalId"], asked["DatasetId"]
