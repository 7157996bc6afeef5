"""From messages to what is sent for them: sort, judge, write down. No Kafka here but the grants and units
that it is handed.

What is passed on lies where its school's data lie, whatever key and partition the vendor chose, and says
when Kafka took the vendor's message: the order of pushes is the order in which they came.

Before something is refused for want of a grant or a school, both are read to their end, at most once a
second: until then it is held, and whoever calls brings it again. So a vendor without grants keeps nobody
waiting.

Nothing that a vendor can send leaves ``work`` as an exception: bad data becomes a refusal or a dead letter,
and so does a message that fails when it is judged alone. What does leave it ends the process
(streams.validation.faust.batching).
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from runtime import dead_letters, reading
from runtime.dead_letters import MAX_LETTER
from runtime.kafka import partition_of
from runtime.logs import one_line
from schemas.topics import (
    GRANTS_SYSTEM,
    MAX_UNDER_WAY_MS,
    RECORDS_ACCEPTED,
    RECORDS_REFUSED,
    SOURCE_BEGAN,
    SOURCE_FAULT,
    SOURCE_OFFSET,
    SOURCE_TIME,
    UNDER_WAY,
    dlq,
)
from streams.validation.in_flight import InFlight, RecordPosition
from streams.validation.verdict.header import RulesInForce
from streams.validation.verdict.input_messages import InputMessage, sort
from streams.validation.verdict.judge import await_news, judge
from streams.validation.verdict.sent_on import Verdict

log = logging.getLogger("csdl")

POISON: Final = "VAL-010"
CATCH_UP_S: Final = 1.0
"""From one reading of grants and units to the next."""


@dataclass(frozen=True)
class Message:
    """One message with its place and key. ``at``: Kafka's time of it, ms since 1970. ``under_way``: ms for
    which its push was under way then."""

    place: RecordPosition
    key: bytes | None
    incoming: InputMessage
    at: int
    under_way: int = 0


@dataclass(frozen=True)
class Output:
    """One record to send."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: list[tuple[str, bytes]]


@dataclass
class Work:
    """What to send for the messages, in their order, and what to count once it is sent.

    ``held``: messages without a verdict yet, to be brought again with others or when ``is_due`` says so.
    """

    held: set[RecordPosition] = field(default_factory=set)
    outputs: list[Output] = field(default_factory=list)
    letters: Counter[tuple[str, str]] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    closings: Counter[str] = field(default_factory=Counter)
    """Those that were refused, by code."""
    accepted: int = 0
    refused: int = 0
    removals: int = 0


class BatchJudge:
    """Judges batches. ``rules_in_force`` gives those that then hold for a whole batch; ``catch_up`` brings
    grants and units up to date, it may wait for Kafka."""

    def __init__(
        self,
        rules_in_force: Callable[[], RulesInForce],
        in_flight: InFlight,
        catch_up: Callable[[], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = rules_in_force
        self._in_flight = in_flight
        self._catch_up = catch_up
        self._clock = clock
        self._caught_up = clock() - CATCH_UP_S

    def due_in(self) -> float:
        """Seconds until what is held is judged for good."""
        return max(0.0, self._caught_up + CATCH_UP_S - self._clock())

    def work(self, messages: Sequence[Message], hold: bool = True) -> Work:
        """All messages together; one by one if one of them was in hand when the process last crashed.

        Without ``hold`` each gets its verdict now, however short a while ago grants and units were read.
        """
        work = Work()
        places = [message.place for message in messages]
        if self._in_flight.suspects(places):
            self._one_by_one(messages, work, hold)
            self._in_flight.acquit(places)
            return work
        try:
            self._work(messages, work, hold)
        except Exception as fault:
            if not reading.of_the_message(fault):
                raise
            self._one_by_one(messages, work, hold)
        return work

    def _one_by_one(self, messages: Sequence[Message], work: Work, hold: bool) -> None:
        """What still fails alone is put aside."""
        for message in messages:
            try:
                self._work([message], work, hold)
            except Exception as fault:
                if not reading.of_the_message(fault):
                    raise
                log.error("%s: put aside, %s", reading.FAILS_ALONE, one_line(fault))
                _put_aside(message, reading.code_of(fault), work)

    def _work(self, messages: Sequence[Message], work: Work, hold: bool) -> None:
        places = [message.place for message in messages]
        if len(places) == 1 and self._in_flight.is_poison(places[0]):
            _put_aside(messages[0], POISON, work)
            return
        incoming = [message.incoming for message in messages]
        rules_in_force = self._rules()
        with self._in_flight.holding(places):
            found = sort(incoming)
            late = await_news(found, incoming, rules_in_force)
        if late and (not hold or not self.due_in()):
            self._catch_up()
            self._caught_up = self._clock()
            late = set()
        with self._in_flight.holding(places):
            verdicts = judge(found, incoming, rules_in_force)
        work.held |= {messages[i].place for i in late}
        said = {v.position: v for v in verdicts if v.position not in late}
        _write(messages, said, dict(found.letters), work)


def under_way(headers: Iterable[tuple[str, bytes | None]] | None) -> int:
    """For how long (ms) a message says that its push was under way; 0 if nothing that can be meant."""
    said = next((value for name, value in headers or () if name == UNDER_WAY), None) or b""
    found = int(said) if said.isdigit() and len(said) <= len(str(MAX_UNDER_WAY_MS)) else 0
    return found if found <= MAX_UNDER_WAY_MS else 0


def _write(
    messages: Sequence[Message], verdicts: dict[int, Verdict], letters: dict[int, str], work: Work
) -> None:
    for i, message in enumerate(messages):
        if i in letters:
            _put_aside(message, letters[i], work)
            continue
        verdict = verdicts.get(i)
        if verdict is None:
            continue
        if max(len(verdict.accepted), len(verdict.refused or b"")) > reading.MAX_OUTPUT:
            _put_aside(message, reading.CAUSES_TOO_MUCH, work)
            continue
        key = verdict.school.encode("utf-8")
        partition = partition_of(key)
        if verdict.refused is not None:
            work.outputs.append(Output(RECORDS_REFUSED, partition, key, verdict.refused, []))
        work.outputs.append(
            Output(RECORDS_ACCEPTED, partition, key, verdict.accepted, _source(message, verdict))
        )
        if verdict.first_push is not None:
            work.outputs.append(Output(GRANTS_SYSTEM, partition, key, verdict.first_push, []))
        work.accepted += verdict.records_accepted
        work.refused += verdict.records_refused
        work.removals += verdict.removals
        work.rules += verdict.rules
        if verdict.fault:
            work.closings[verdict.fault] += 1


def _source(message: Message, verdict: Verdict) -> list[tuple[str, bytes]]:
    headers = {SOURCE_OFFSET: str(message.place.offset), SOURCE_TIME: str(message.at)}
    if message.under_way:
        headers[SOURCE_BEGAN] = str(message.at - message.under_way)
    if verdict.fault:
        headers[SOURCE_FAULT] = verdict.fault
    return [(name, text.encode("ascii")) for name, text in headers.items()]


def _put_aside(message: Message, code: str, work: Work) -> None:
    """The bytes untouched, and on the cover where they came from and why; never what they hold.

    Too many bytes for any topic of ours stay where they are: the cover says where.
    """
    value = message.incoming.value if len(message.incoming.value) <= MAX_LETTER else b""
    topic, partition, _ = message.place
    headers = dead_letters.headers(message.place, code)
    work.outputs.append(Output(dlq(topic), partition, None, value, headers))
    work.letters[topic, code] += 1
