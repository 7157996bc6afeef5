"""``csdl run validation``: puts the parts together and runs them until told to stop."""

import logging
import os
import sys
from contextlib import suppress
from typing import Final

import faust

from runtime.process import Process
from runtime.settings import Settings
from schemas.rules import catalogue
from streams.validation.batch_judge import BatchJudge
from streams.validation.faust.app import GROUP, assigned, build
from streams.validation.faust.watchdog import Watchdog
from streams.validation.grants_cache import GrantsCache
from streams.validation.in_flight import InFlight
from streams.validation.schools_file import RegisterFile
from streams.validation.verdict.judge import RulesInForce

log = logging.getLogger("csdl")

GIVES_WAY: Final = 10
"""Niceness: in a burst on a shared machine what has been judged is stored before more is judged. Equal to the
rest, validation runs ahead, and load stores the second half of the burst alone on one core and a half."""

LOUD: Final = {
    "faust": logging.ERROR,
    "mode": logging.ERROR,
    "aiokafka": logging.CRITICAL,
    "kafka": logging.CRITICAL,
}
"""Libraries that tell every attempt to reach a broker that is away; the process says it once a try itself."""


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; exit code 1 if anything else ends it."""
    os.nice(GIVES_WAY)
    process = Process("validation", settings)
    for name, level in LOUD.items():
        logging.getLogger(name).setLevel(level)
    folder = settings.data_dir / "validation"
    hand = InFlight(folder)
    schools = RegisterFile(settings.register_file)
    process.start()
    grants = GrantsCache(settings)
    grants.start()
    grants.catch_up()
    years = frozenset(settings.school_years)

    def rules_in_force() -> RulesInForce:
        return RulesInForce(grants.granted, schools.now(), years, catalogue.rules, catalogue.violations)

    app = build(settings, BatchJudge(rules_in_force, hand, grants.catch_up))

    @app.on_rebalance_complete.connect(weak=False)
    async def ready(sender: object, **_: object) -> None:
        process.ready.set()

    watchdog = Watchdog(settings, GROUP, lambda: assigned(app), folder / "watchdog-ends")
    watchdog.start()
    worker = Worker(app, quiet=True, override_logging=False, redirect_stdouts=False)
    with suppress(SystemExit):
        worker.execute_from_commandline()
    code = 0 if worker.told_to_stop else 1
    log.info("stopped") if code == 0 else log.error("the worker ended by itself")
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)  # a judging thread that waits for Kafka must not keep a stopped process


class Worker(faust.Worker):
    """Faust's worker, which remembers that it was told to stop: its own exit code does not tell."""

    told_to_stop = False

    def _on_sigint(self) -> None:
        self.told_to_stop = True
        super()._on_sigint()

    def _on_sigterm(self) -> None:
        self.told_to_stop = True
        super()._on_sigterm()
