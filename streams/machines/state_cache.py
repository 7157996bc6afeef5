"""A machine's states in memory: its compacted topic, read whole at the start and followed.

A thread reads all partitions from their beginning. Until it has come to the end, at the start and again
after the broker was away, what was known before holds: states of long ago are not shown on the way. Before
something is refused for want of a state, ``catch_up`` reads to what is the end of the topic at that moment,
so that what a machine said a moment ago counts.
"""

import logging
import os
from threading import Condition, Event, Thread
from typing import Any, Final, Generic, TypeVar

from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from runtime import kafka, positions
from runtime.logs import AGAIN
from runtime.reading import NO_STATE
from runtime.settings import Settings
from streams.machines import topic_log
from streams.machines.machine import Machine
from streams.machines.wire import Value

log = logging.getLogger("csdl")
again = logging.getLogger(AGAIN)

S = TypeVar("S", bound=Value)

POLL_MS: Final = 100
"""So long, at most, until somebody who asks is heard; each poll costs half a millisecond of CPU, for ever."""
AGAIN_S: Final = 0.5
CATCH_UP_S: Final = 10.0


class StateCache(Generic[S]):
    """Started once; ``get`` may be asked from any thread."""

    def __init__(self, machine: Machine[Any, S, Any], settings: Settings) -> None:
        self._machine, self._settings = machine, settings
        self._states: dict[str, S] = {}
        self._turn = Condition()
        self._asked = 0
        self._served = 0
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True, name=f"{machine.name} states")

    def start(self) -> None:
        """Start reading; ``catch_up`` waits for the whole topic."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def get(self, key: str) -> S | None:
        """The state with that key, as far as the topic was read; None if there is none, or nothing was read
        whole yet."""
        return self._states.get(key)

    def all(self) -> list[S]:
        """Every state, by key, as far as the topic was read."""
        return [state for _, state in sorted(self._states.copy().items())]

    def catch_up(self, timeout: float | None = None) -> bool:
        """Wait until everything that is in the topic now has been read. False if that takes longer."""
        with self._turn:
            self._asked += 1
            mine = self._asked
            return self._turn.wait_for(lambda: self._served >= mine, timeout)

    def up_to_now(self) -> None:
        """The same, for somebody who stands by. Raises ProblemList (SYS-001) where nobody can say."""
        if not self.catch_up(CATCH_UP_S):
            raise kafka.away(self._settings)

    def _run(self) -> None:
        name = self._machine.name
        try:
            while not self._stopping.is_set():
                try:
                    self._follow()
                except KafkaError as exc:  # unreachable, or a time-out: nothing is lost, read it all again
                    again.warning("%s states: %s; reading again", name, type(exc).__name__)
                    self._stopping.wait(AGAIN_S)
        except BaseException as exc:  # without the states nothing can be judged
            log.error("%s states: %s; ending", name, type(exc).__name__)
            os._exit(1)

    def _follow(self) -> None:
        consumer = kafka.consumer(self._settings)
        try:
            partitions = kafka.partitions(self._machine.state_topic)
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            states: dict[str, S] = {}
            while not self._stopping.is_set():
                asked = self._asked
                whole = self._states is states
                ends = None if whole and asked <= self._served else consumer.end_offsets(partitions)
                while True:
                    for messages in consumer.poll(timeout_ms=POLL_MS).values():
                        for message in messages:
                            if not positions.is_key(message.key):
                                self._take(states, message)
                    if ends is None or all(consumer.position(tp) >= end for tp, end in ends.items()):
                        break
                self._states = states
                if ends is not None:
                    with self._turn:
                        self._served = max(self._served, asked)
                        self._turn.notify_all()
        finally:
            consumer.close()

    def _take(self, states: dict[str, S], message: ConsumerRecord) -> None:
        """The last state of a key counts. One that cannot be read gives nothing to anyone."""
        key = topic_log.subject_of(message)
        if key is None:
            return
        try:
            states[key] = topic_log.state(self._machine, message.value or b"")
        except topic_log.UNREADABLE:
            topic_log.unread(message, NO_STATE)
            states.pop(key, None)
