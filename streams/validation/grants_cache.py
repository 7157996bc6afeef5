"""Which vendor may push for which school: the compacted topic of grants, in memory.

A thread reads all partitions from their beginning and follows them. Before a chunk is refused for want of a
grant, ``catch_up`` reads to what is the end of the topic at that moment, so that a grant given a moment ago
counts.
"""

import logging
import os
from threading import Condition, Event, Thread
from typing import Any, Final

from kafka.errors import KafkaError

from runtime import kafka
from runtime.settings import Settings
from schemas.encoding import codec
from schemas.topics import GRANTS_STATE

log = logging.getLogger("csdl")

ALLOWED: Final = "allowed"
REMOVE: Final = "remove"
"""The right to send tombstones."""

POLL_MS: Final = 50
AGAIN_S: Final = 0.5


class GrantsCache:
    """Started once; ``granted`` may be asked from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rights: dict[tuple[str, str], frozenset[str]] = {}
        self._turn = Condition()
        self._asked = 0
        self._served = 0
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True, name="grants")

    def start(self) -> None:
        """Start reading; ``catch_up`` waits for the whole topic."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def granted(self, vendor: str, school: str) -> bool:
        """Whether the vendor may push for the school, as far as the topic was read."""
        return (vendor, school) in self._rights

    def may_remove(self, vendor: str, school: str) -> bool:
        """Whether the vendor may remove records of the school, as far as the topic was read."""
        return REMOVE in self._rights.get((vendor, school), ())

    def catch_up(self, timeout: float | None = None) -> bool:
        """Wait until everything that is in the topic now has been read. False if that takes longer."""
        with self._turn:
            self._asked += 1
            mine = self._asked
            return self._turn.wait_for(lambda: self._served >= mine, timeout)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._follow()
                except KafkaError as exc:  # unreachable, or a time-out: nothing is lost, read it all again
                    log.warning("grants: %s; reading again", type(exc).__name__)
                    self._stopping.wait(AGAIN_S)
        except BaseException as exc:  # without grants nothing can be judged
            log.error("grants: %s; ending", type(exc).__name__)
            os._exit(1)

    def _follow(self) -> None:
        consumer = kafka.consumer(self._settings)
        try:
            partitions = kafka.partitions(GRANTS_STATE)
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            while not self._stopping.is_set():
                asked = self._asked
                ends = consumer.end_offsets(partitions) if asked > self._served else None
                while True:
                    for records in consumer.poll(timeout_ms=POLL_MS).values():
                        for record in records:
                            self._apply(record.key, record.value)
                    if ends is None or all(consumer.position(tp) >= end for tp, end in ends.items()):
                        break
                if ends is not None:
                    with self._turn:
                        self._served = max(self._served, asked)
                        self._turn.notify_all()
        finally:
            consumer.close()

    def _apply(self, key: bytes, value: bytes | None) -> None:
        """The newest state of a grant; its key says whose ("vendor/school")."""
        vendor, _, school = key.decode("utf-8", "replace").partition("/")
        state: dict[str, Any] = {} if value is None else codec.decode(value)[1]
        if state.get("State") == ALLOWED:
            # A state of the first version knows no rights.
            self._rights[vendor, school] = frozenset(state.get("Rights", ()))
        else:
            self._rights.pop((vendor, school), None)
