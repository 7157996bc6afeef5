"""``csdl run validation``: puts the parts together and runs them until told to stop."""

import math
from collections.abc import Sequence
from contextlib import closing, suppress
from threading import Event
from typing import Any, NamedTuple

import faust

from runtime import dead_letters, kafka, reading
from runtime.process import Process
from schemas.rules import catalogue
from streams.grants.grants_cache import GrantsCache
from streams.organisation import handed_over
from streams.organisation.units_cache import UnitsCache
from streams.validation.batch_judge import BatchJudge
from streams.validation.faust.app import assigned, build
from streams.validation.faust.stalls import Stalls
from streams.validation.faust.watchdog import Watchdog
from streams.validation.in_flight import InFlight, RecordPosition
from streams.validation.positions import GROUP, Notes, agree
from streams.validation.verdict.header import RulesInForce


class Validation(Process):
    """``csdl run validation``: Faust has the loop, so that one ``step`` is the process's whole life."""

    name = "validation"
    step_s = math.inf  # a watchdog of its own looks after it
    niceness = 10
    """In a burst on a shared machine what has been judged is stored before more is judged. Equal to the rest,
    validation runs ahead, and load stores the second half of the burst alone on one core and a half."""

    @property
    def ready(self) -> bool:
        """Whether Faust has its partitions."""
        return self._assigned

    def open(self) -> None:
        """Read who may push and which schools there are."""
        folder = self.settings.data_dir / self.name
        in_flight = InFlight(folder)
        handed_over.wait(self.settings)
        grants, units = GrantsCache(self.settings), UnitsCache(self.settings)
        grants.start()
        units.start()

        def catch_up() -> None:
            grants.catch_up()
            units.catch_up()
            self.settings.terms.up_to_now(patient=True)

        catch_up()

        def rules_in_force() -> RulesInForce:
            return RulesInForce(
                grant_fault=grants.fault,
                may_remove=grants.may_remove,
                awaits_first_push=grants.awaits_first_push,
                is_school=units.is_school,
                takes_year=self.settings.takes_year,
                takes_vendor=self.settings.takes_vendor,
                rules=catalogue.rules,
                violations=catalogue.violations,
            )

        agree(self.settings)
        self._assigned = False
        self._app = app = build(self.settings, BatchJudge(rules_in_force, in_flight, catch_up))
        stalls = Stalls(folder / "standing")
        app.passed_over = self._pass_over(stalls.beyond_trying())

        @app.on_rebalance_complete.connect(weak=False)
        async def ready(sender: object, **_: object) -> None:
            self._assigned = True

        @app.on_partitions_revoked.connect(weak=False)
        async def waiting(sender: object, *_: object, **__: object) -> None:
            self._assigned = False

        Watchdog(
            self.settings,
            GROUP,
            lambda: assigned(app),
            folder / "watchdog-ends",
            Notes(self.settings).take,
            stalls,
        ).start()

    def _pass_over(self, places: Sequence[RecordPosition]) -> dict[tuple[str, int], int]:
        """Put aside what cannot be fetched, without its bytes; where each lies."""
        if not places:
            return {}
        with closing(kafka.producer(self.settings)) as producer:
            dead_letters.put_aside(producer, [(Unfetched(*place), reading.STANDS_STILL) for place in places])
        return {(place.topic, place.partition): place.offset for place in places}

    def step(self) -> None:
        """Faust's worker until it is told to stop. Raises RuntimeError if anything else ends it."""
        worker = Worker(
            self._app, told=self.stopping, quiet=True, override_logging=False, redirect_stdouts=False
        )
        with suppress(SystemExit):
            worker.execute_from_commandline()
        if not self.stopping.is_set():
            raise RuntimeError("the worker ended by itself")


class Unfetched(NamedTuple):
    """A message of which nothing but its place is known."""

    topic: str
    partition: int
    offset: int
    value: bytes = b""


class Worker(faust.Worker):
    """Faust's worker, which says that it was told to stop: its own exit code does not tell."""

    def __init__(self, *args: Any, told: Event, **options: Any) -> None:
        super().__init__(*args, **options)
        self._told = told

    def _on_sigint(self) -> None:
        self._told.set()
        super()._on_sigint()

    def _on_sigterm(self) -> None:
        self._told.set()
        super()._on_sigterm()
