"""``csdl run validation``: puts the parts together and runs them until told to stop."""

import logging
import os
import sys
from contextlib import suppress
from typing import Final

import faust

from runtime.process import Process
from runtime.settings import Settings
from schemas import catalogue
from streams.validation.app import GROUP, assigned, build
from streams.validation.desk import Desk
from streams.validation.grants_cache import GrantsCache
from streams.validation.hand import Hand
from streams.validation.register_file import RegisterFile
from streams.validation.verdict import Bylaws
from streams.validation.watchdog import Watchdog

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
    hand = Hand(folder)
    schools = RegisterFile(settings.register_file)
    process.start()
    grants = GrantsCache(settings)
    grants.start()
    grants.catch_up()
    years = frozenset(settings.school_years)

    def bylaws() -> Bylaws:
        return Bylaws(grants.granted, schools.now(), years, catalogue.rules, catalogue.violations)

    app = build(settings, Desk(bylaws, hand, grants.catch_up))

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
