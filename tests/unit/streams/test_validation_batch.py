"""What is written down for a message: where it goes, and what its headers say."""

from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from kafka.errors import KafkaConnectionError

from runtime.kafka import partition_of
from schemas.topics import (
    RECORDS_ACCEPTED,
    RECORDS_REFUSED,
    SOURCE_BEGAN,
    SOURCE_TIME,
    UNDER_WAY,
    dlq,
    in_topic,
)
from streams.validation.batch_judge import BatchJudge, Message, under_way
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


@pytest.mark.parametrize(
    ("said", "ms"),
    [(b"0", 0), (b"61000", 61_000), (b"3600000", 3_600_000), (b"3600001", 0), (b"-1", 0), (b"9" * 5000, 0)]
    + [(junk, 0) for junk in (None, b"", b"1.5", b"\xff", "²".encode())],
)
def test_for_how_long_a_push_was_under_way_makes_it_so_much_older(tmp_path, said, ms):
    """Nothing makes it newer, and nothing that its sender can write ends the judging."""
    judge = BatchJudge(lambda: no_rules(rules_in_force(SCHOOL)), InFlight(tmp_path), lambda: None)
    incoming = InputMessage(chunk(), SMAS, date(2019, 9, 5))
    took = under_way([("contract", b"x"), (UNDER_WAY, said)])
    (out,) = judge.work([Message(RecordPosition(SMAS, 0, 7), b"", incoming, AT, took)]).outputs
    headers = dict(out.headers)
    assert headers.get(SOURCE_BEGAN) == (str(AT - ms).encode() if ms else None)
    assert headers[SOURCE_TIME] == str(AT).encode()


def test_a_dead_letter_stays_in_the_partition_where_it_came(outputs):
    (letter,) = outputs(b"junk")
    assert (letter.topic, letter.partition, letter.key) == (dlq(SMAS), ELSEWHERE, None)


def test_a_message_that_fails_alone_is_put_aside_and_the_others_are_judged(tmp_path):
    """Kind 2: it ended the process three times, with all that lay beside it."""

    def broken(frame, rules):
        raise KeyError("a fault of ours")

    law = replace(no_rules(rules_in_force(SCHOOL)), violations=broken)
    judge = BatchJudge(lambda: law, InFlight(tmp_path), lambda: None)
    values = [closed(), chunk(), closed(PushId="p2")]
    came = [
        Message(RecordPosition(SMAS, 0, n), b"", InputMessage(value, SMAS, date(2019, 9, 5)), AT)
        for n, value in enumerate(values)
    ]
    work = judge.work(came)
    topics = [(output.topic, dict(output.headers).get("error-code")) for output in work.outputs]
    assert topics == [(RECORDS_ACCEPTED, None), (dlq(SMAS), b"MSG-008"), (RECORDS_ACCEPTED, None)]
    assert work.outputs[1].value == values[1] and work.letters == {(SMAS, "MSG-008"): 1}


def test_a_server_that_is_away_puts_nothing_aside(tmp_path):
    def away(frame, rules):
        raise KafkaConnectionError

    law = replace(no_rules(rules_in_force(SCHOOL)), violations=away)
    judge = BatchJudge(lambda: law, InFlight(tmp_path), lambda: None)
    place = RecordPosition(SMAS, 0, 7)
    with pytest.raises(KafkaConnectionError):
        judge.work([Message(place, b"", InputMessage(chunk(), SMAS, date(2019, 9, 5)), AT)])


@pytest.mark.parametrize("value", [chunk(), removed("c1"), closed()])
def test_what_is_passed_on_says_where_and_when_it_came(outputs, value):
    (output,) = outputs(value)
    assert dict(output.headers) == {"source-offset": b"7", "source-time": str(AT).encode()}


@dataclass
class Grants:
    """What this process has heard of grants, what there are, and how often it asked; a clock to move."""

    known: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    readings: int = 0
    now: float = 0.0

    def judge(self, folder):
        law = no_rules(rules_in_force(SCHOOL, LONG_SCHOOL))

        def in_force():
            return replace(law, grant_fault=lambda vendor, *_: "" if vendor in self.known else "VAL-001")

        return BatchJudge(in_force, InFlight(folder), self.catch_up, clock=lambda: self.now)

    def catch_up(self):
        self.readings += 1
        self.known |= self.given


def of_vendor(vendor, offset, value=None):
    topic = in_topic(vendor)
    value = value or chunk(Vendor=vendor)
    return Message(RecordPosition(topic, OURS, offset), b"", InputMessage(value, topic, date(2019, 9, 5)), AT)


def test_a_flood_without_grants_has_them_read_once_a_second_and_keeps_nobody_waiting(tmp_path):
    grants = Grants(known={"vnedu"}, given={"vnedu"})
    judge, held = grants.judge(tmp_path), []
    for n in range(100):
        flood = [of_vendor("smas", 10 * n + i) for i in range(9)]
        work = judge.work([*flood, of_vendor("vnedu", n)])
        held += [m for m in flood if m.place in work.held]
        accepted = [o for o in work.outputs if o.topic == RECORDS_ACCEPTED]
        assert len(accepted) == 10 - len(work.held), "all but those held, the granted one among them"
        grants.now += 0.03
    assert grants.readings == 3
    assert len(held) == 9 * (100 - 3)


def test_what_is_held_for_a_grant_is_judged_by_what_was_given_meanwhile(tmp_path):
    grants = Grants()
    judge = grants.judge(tmp_path)
    assert not judge.work([of_vendor("smas", 0)]).held, "the first reading is due at once"
    grants.given.add("smas")
    late = of_vendor("smas", 1)
    assert judge.work([late]).held == {late.place}
    assert 0 < judge.due_in() <= 1
    grants.now += 1
    work = judge.work([late])
    assert (work.accepted, work.refused, work.held) == (3, 0, set())


def test_what_is_held_can_be_judged_before_its_second_is_over(tmp_path):
    grants = Grants()
    judge = grants.judge(tmp_path)
    judge.work([of_vendor("smas", 0)])
    work = judge.work([of_vendor("smas", n) for n in range(1, 5)], hold=False)
    assert (work.refused, work.held, grants.readings) == (12, set(), 2)


def test_a_closing_with_a_wrong_header_says_its_fault(outputs):
    (output,) = outputs(closed(MaTruongHoc=LONG_SCHOOL))
    assert output.topic == RECORDS_ACCEPTED
    assert dict(output.headers)["source-fault"] == b"VAL-001"
