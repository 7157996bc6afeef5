"""The bytes of an officer's command, recorded and sent again by whoever may write there, do nothing twice."""

import re
from contextlib import closing

from runtime import kafka
from schemas.encoding import codec
from schemas.topics import CONFIRMATION_REFUSALS
from streams.confirmation.machine import MACHINE
from streams.machines import topic_log, wire
from tests.unit.streams.confirmation_steps import DISTRICT, SCHOOL, Story

RETURNED = {"reason_code": "DATA_WRONG", "reason_text": "Sai số liệu"}


class Recorded:
    """A dataset on the running machine, and the bytes of all that was ever asked of it."""

    def __init__(self, settings, producer, process):
        self._settings, self._producer, self._process = settings, producer, process
        self._story = Story()
        self.sent = {}

    def do(self, name, unit="system", **more):
        """Ask for it as the story has it, and wait until it is done: topics have no order among them."""
        told = len(self._story.commands)
        assert self._story.do(name, unit, **more)
        command, source = self._story.commands[told]
        self.sent[name, unit] = (source.topic, codec.encode("ConfirmationCommand", wire.to_record(command)))
        self.again(name, unit)
        self._process.wait_until(lambda: stands(self._settings) == [self.state])

    def again(self, name, unit):
        """The same bytes."""
        topic, value = self.sent[name, unit]
        self._producer.send(topic, value, key=SCHOOL.encode()).get(timeout=30)

    @property
    def state(self):
        """(stage, sequence) as the story has it."""
        return self._story.state.state, self._story.state.sequence


def stands(settings):
    """(state, sequence) of the one dataset."""
    return [(s.state, s.sequence) for s in topic_log.read_states(MACHINE, settings, SCHOOL).values()]


def refusals(settings):
    """(command, code, unit) on record."""
    messages = topic_log.read(settings, kafka.partitions(CONFIRMATION_REFUSALS))
    found = [topic_log.record(message, "CommandRefused") for message in messages]
    return [(r["Command"], r["Code"], r["Unit"]) for r in found if r is not None]


def counted(process, code):
    found = re.search(
        rf'^csdl_commands_refused_total\{{rule="{code}",.*\}} (\S+)$', process.metrics(), re.MULTILINE
    )
    return float(found[1]) if found else 0.0


def test_a_confirmation_replayed_after_it_was_taken_back_and_after_a_return_is_refused(topics, run_process):
    with run_process("confirmation", topics) as process, closing(kafka.producer(topics)) as producer:
        it = Recorded(topics, producer, process)
        it.do("open", "19", route=("164", "19"))
        it.do("version_checked", version=1, digest="digest-1", counts={"records": 1})
        it.do("submit", SCHOOL)
        it.do("claim", DISTRICT)
        it.do("confirm", DISTRICT)
        it.do("unconfirm", DISTRICT)
        it.again("confirm", DISTRICT)
        process.wait_until(lambda: len(refusals(topics)) == 1)
        assert stands(topics) == [it.state]
        it.do("return", DISTRICT, **RETURNED)
        it.do("submit", SCHOOL, reason_text="Đã rà soát")
        it.do("claim", DISTRICT)
        it.again("confirm", DISTRICT)
        it.again("return", DISTRICT)
        process.wait_until(lambda: len(refusals(topics)) == 3)
        assert stands(topics) == [it.state]
        assert refusals(topics) == [
            (name, "CONF-SEQUENCE", DISTRICT) for name in ("confirm", "confirm", "return")
        ]
        assert counted(process, "CONF-SEQUENCE") == 3
