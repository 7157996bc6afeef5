"""Vendors and school years by date: a compacted topic that setup's account alone writes (ADR 68).

``bring`` reads it for a command, ``Follower`` follows it in a process, ``keep`` writes to it. What is read is
told to the settings, which all of a process share: so a new vendor or year is in force without a restart. A
process that would turn something away for want of one reads to the topic's end first (``up_to_now``).
"""

import logging
import os
from collections.abc import Iterable
from contextlib import closing
from threading import Condition, Event, Thread
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from runtime import kafka
from runtime.logs import AGAIN
from runtime.process import Gate
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.errors import Problem, ProblemList
from schemas.terms import CONTRACT, VENDOR, YEAR, Term
from schemas.topics import TERMS

log = logging.getLogger("csdl")
again = logging.getLogger(AGAIN)

ABSENT: Final = "TOPIC-004"

POLL_MS: Final = 250
AGAIN_S: Final = 0.5
PATIENCE_S: Final = 5.0
TAKEN_S: Final = 30.0


def bring(settings: Settings, *, strictly: bool = False) -> None:
    """Tell the settings all terms there are now, for a command. Who may not read them, or finds no Kafka or
    no topic, has what the settings name; ``strictly`` raises ProblemList (SYS-001 …) unless it is the topic
    that is not made yet."""
    try:
        problem = kafka.fault(settings)
    except ProblemList as error:
        problem = error.problems[0]
    if problem is None:
        try:
            with closing(kafka.consumer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as consumer:
                if consumer.partitions_for_topic(TERMS):
                    settings.learn(_read(kafka.to_end(consumer, kafka.partitions(TERMS))).values())
            return
        except KafkaError:
            problem = kafka.away(settings).problems[0]
    if strictly:
        raise ProblemList([problem])


def keep(settings: Settings, terms: Iterable[Term]) -> None:
    """Write them; they are in force once they are read, within a second. Raises KafkaError."""
    with closing(kafka.producer(settings)) as producer:
        sent = [
            producer.send(TERMS, codec.encode(CONTRACT, term.record()), key=term.key.encode())
            for term in terms
        ]
        kafka.answered(sent, TAKEN_S)


def hand_over(settings: Settings) -> int:
    """Write what the settings name and nobody has spoken of, without days; how many. Setup's part, after
    ``bring``: what is said of one afterwards is what people say."""
    named = [Term(VENDOR, name) for name in settings.vendors]
    named += [Term(YEAR, str(year)) for year in settings.school_years]
    new = [term for term in named if settings.terms.of(term.kind, term.name) is None]
    if new:
        keep(settings, new)
        settings.learn([*settings.terms.all(), *new])
    return len(new)


class Follower(Gate):
    """Follows the topic in a thread once it was asked; lets pass when that is read whole."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = Condition()
        self._asked = 1
        self._served = 0
        self._absent = False
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True, name="terms")

    def refused(self) -> Problem | None:
        """TOPIC-004 before setup has made the topic, SYS-001 or the like while Kafka does not answer."""
        if not self._thread.is_alive():
            self._settings.terms.follow(self.up_to_now)
            self._thread.start()
        with self._turn:
            if self._turn.wait_for(lambda: self._served > 0, PATIENCE_S):
                return None
        if self._absent:
            return Problem(ABSENT, params={"topic": TERMS})
        return kafka.away(self._settings).problems[0]

    def close(self) -> None:
        """It follows as long as the process runs."""

    def up_to_now(self, patient: bool) -> None:
        """Wait until all that is in the topic now has been read. Raises ProblemList (SYS-001) if Kafka does
        not answer in time, unless ``patient``."""
        with self._turn:
            self._asked += 1
            mine = self._asked
            if not self._turn.wait_for(lambda: self._served >= mine, None if patient else PATIENCE_S):
                raise kafka.away(self._settings)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with closing(kafka.consumer(self._settings)) as consumer:
                    self._follow(consumer)
            except KafkaError as fault:
                again.warning("terms: %s; reading again", type(fault).__name__)
            except BaseException as fault:
                log.error("terms: %s; ending", type(fault).__name__)
                os._exit(1)
            self._stopping.wait(AGAIN_S)

    def _follow(self, consumer: KafkaConsumer) -> None:
        """Read whole, then on; what was known holds until it is read whole."""
        self._absent = not consumer.partitions_for_topic(TERMS)
        if self._absent:
            return
        partitions = kafka.partitions(TERMS)
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        known: dict[str, Term] = {}
        whole = False
        while not self._stopping.is_set():
            asked = self._asked
            ends = None if whole and asked <= self._served else consumer.end_offsets(partitions)
            while True:
                for messages in consumer.poll(timeout_ms=POLL_MS).values():
                    known |= _read(messages)
                if ends is None or all(consumer.position(tp) >= end for tp, end in ends.items()):
                    break
            whole = True
            self._settings.learn(known.values())
            if ends is not None:
                with self._turn:
                    self._served = max(self._served, asked)
                    self._turn.notify_all()


def _read(messages: Iterable[Any]) -> dict[str, Term]:
    """The last one of each key. One that cannot be read says nothing."""
    found: dict[str, Term] = {}
    for message in messages:
        try:
            contract, record = codec.decode(message.value or b"")
        except codec.Undecodable:
            continue
        if contract == CONTRACT:
            term = Term.of(record)
            found[term.key] = term
    return found
