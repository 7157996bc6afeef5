"""What is written down for a message: where it goes, and what its headers say."""

from datetime import date

import pytest

from runtime.kafka import partition_of
from schemas.topics import RECORDS_ACCEPTED, RECORDS_REFUSED, dlq, in_topic
from streams.validation.batch_judge import BatchJudge, Message
from streams.validation.in_flight import InFlight, RecordPosition
from streams.validation.verdict.input_messages import InputMessage
from tests.unit.streams.validation_chunks import (
    LONG_SCHOOL,
    SCHOOL,
    chunk,
    closed,
    no_rules,
    removed,
    rules_in_force,
)

SMAS = in_topic("smas")
OURS = partition_of(SCHOOL.encode())
ELSEWHERE = (OURS + 1) % 6
AT = 1_567_641_600_123


@pytest.fixture
def outputs(tmp_path):
    """What is sent for values that lie in a partition, under a key, at the offset 7."""
    law = no_rules(rules_in_force(SCHOOL))
    judge = BatchJudge(lambda: law, InFlight(tmp_path), lambda: None)

    def of(*values, partition=ELSEWHERE, key=b"another school"):
        place = RecordPosition(SMAS, partition, 7)
        came = [Message(place, key, InputMessage(v, SMAS, date(2019, 9, 5)), AT) for v in values]
        return judge.work(came).outputs

    return of


@pytest.mark.parametrize("value", [chunk(), closed(), removed("c1"), chunk(NamHoc=1999)])
def test_a_vendors_partition_is_not_believed(outputs, value):
    for output in outputs(value):
        assert (output.topic, output.partition, output.key) in {
            (RECORDS_ACCEPTED, OURS, SCHOOL.encode()),
            (RECORDS_REFUSED, OURS, SCHOOL.encode()),
        }


def test_a_dead_letter_stays_in_the_partition_where_it_came(outputs):
    (letter,) = outputs(b"junk")
    assert (letter.topic, letter.partition, letter.key) == (dlq(SMAS), ELSEWHERE, b"another school")


@pytest.mark.parametrize("value", [chunk(), removed("c1"), closed()])
def test_what_is_passed_on_says_where_and_when_it_came(outputs, value):
    (output,) = outputs(value)
    assert dict(output.headers) == {"source-offset": b"7", "source-time": str(AT).encode()}


def test_a_closing_with_a_wrong_header_says_its_fault(outputs):
    (output,) = outputs(closed(MaTruongHoc=LONG_SCHOOL))
    assert output.topic == RECORDS_ACCEPTED
    assert dict(output.headers)["source-fault"] == b"VAL-001"
