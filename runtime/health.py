"""What keeps a process from doing its work now: the servers it needs are asked again and again.

One thread a process asks; /readyz, the start, the end by an error and the log's filter go by what it heard.
The log gets one line when a server goes and one when it is back.
"""

import logging
import time
from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Final

import psycopg2

from runtime import kafka, postgres, probes
from runtime.settings import Settings
from schemas.errors import Problem

log = logging.getLogger("csdl")

EVERY_S: Final = 3.0
STALE_S: Final = 3 * (EVERY_S + 2 * probes.BOUND_S)
"""What was heard so long ago is no answer any more."""

FRESH_S: Final = 0.5
"""Heard so recently, it is not asked again for the sake of a line in the log."""

ROOM_S: Final = 3.0
"""Between two tries to write on a disk that was full."""

SETTLING_S: Final = 30.0
"""So long after a server is back its clients may still speak of the time before."""


class Servers:
    """Those that a process needs. ``revision``: of the tables it works with; None if it uses no database."""

    def __init__(self, settings: Settings, *, kafka: bool = False, revision: str | None = None) -> None:
        self._settings, self._kafka, self._revision = settings, kafka, revision
        self._database = probes.Database(settings) if revision is not None else None
        self._away: dict[str, tuple[Problem, float]] = {}
        self._schema: list[Problem] = []
        self._full: list[Problem] = []
        self._back = -SETTLING_S
        self._asked = 0.0
        self._asking = Lock()
        self.heard: Callable[[float], object] = lambda began: None
        """Called by the thread after each look, with the time at which that began."""

    @property
    def any(self) -> bool:
        """Whether it needs any."""
        return self._kafka or self._database is not None

    def start(self) -> None:
        """Ask from now on."""
        if self.any:
            self.ask()
            Thread(target=self._run, daemon=True, name="servers").start()

    def away(self) -> list[Problem]:
        """Of each server that does not answer, as heard last."""
        return [problem for problem, _ in dict(self._away).values()]

    def problems(self) -> list[Problem]:
        """All that keeps the process from working, as heard last; what was heard long ago does not count."""
        if self.any and time.monotonic() - self._asked > STALE_S:
            return [Problem("SYS-011", params={"seconds": f"{STALE_S:.0f}"})]
        return self.away() or self._full or list(self._schema)

    def ask(self, older_than_s: float = 0.0) -> list[Problem]:
        """Ask now, unless it was heard more recently; what is away."""
        with self._asking:
            if self.any and time.monotonic() - self._asked >= older_than_s:
                self._ask()
        return self.away()

    def wait(self, stopping: Event) -> None:
        """Until every server answers, or a stop is asked for."""
        while self.ask(FRESH_S) and not stopping.wait(1.0):
            pass

    def wait_for_room(self, stopping: Event) -> None:
        """PostgreSQL has said that its disk is full: until it can write, or a stop is asked for."""
        since = time.monotonic()
        self._full = [Problem(postgres.FULL)]
        log.error("%s", self._full[0])
        while not stopping.wait(ROOM_S) and not self._has_room():
            pass
        self._full = []
        log.info("PostgreSQL's disk: no longer waiting for room, after %.0f s", time.monotonic() - since)

    def _has_room(self) -> bool:
        try:
            return postgres.room(self._settings) is None
        except psycopg2.Error:  # where not even its log can be written it ends
            return False

    def settled(self) -> bool:
        """Whether all answer, as heard last, and have for a while."""
        return not self.away() and time.monotonic() - self._back >= SETTLING_S

    def _run(self) -> None:
        while True:
            time.sleep(EVERY_S)
            began = time.time()
            self.ask()
            self.heard(began)

    def _ask(self) -> None:
        if self._kafka:
            self._heard("Kafka", kafka.fault(self._settings))
        if self._database is not None:
            fault = self._database.ask()
            self._heard("PostgreSQL", None if fault is None else postgres.away(fault))
            found = self._database.revision
            params = {"found": found, "expected": self._revision, "missing": 0}
            other = fault is None and found != self._revision
            self._schema = [Problem("SYS-005", params=params)] if other else []
        self._asked = time.monotonic()

    def _heard(self, server: str, problem: Problem | None) -> None:
        before = self._away.get(server)
        now = time.monotonic()
        if problem is not None and before is None:
            self._away[server] = (problem, now)
            log.error("%s", problem)
        elif problem is None and before is not None:
            was, since = self._away.pop(server)
            self._back = now
            log.info(
                "%s answers again, after %.0f s (%s)", server, now - since, was.params.get("reason", was.code)
            )
        elif problem is not None and before is not None and problem.code != before[0].code:
            self._away[server] = (problem, before[1])
            log.error("%s", problem)
