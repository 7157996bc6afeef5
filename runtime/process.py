"""What every long-lived process shares: a clean stop on SIGTERM and SIGINT, readiness, one line of log."""

import logging
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from threading import Event

from runtime import serve
from runtime.settings import Settings

log = logging.getLogger("csdl")


def one_line(fault: BaseException) -> str:
    """What ended a process: kind of error, SQLSTATE, where. Never its text, which may quote a value."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename] or frames
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    state = f" {code}" if (code := getattr(fault, "pgcode", None)) else ""
    kind = type(fault)
    return f"{kind.__module__}.{kind.__qualname__}{state}{place}"


class Process:
    """A process of the pipeline: ``run`` calls ``step`` until somebody asks it to stop.

    An error that leaves ``step`` ends the process with exit code 1; the supervisor starts it again.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        logging.basicConfig(
            stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s"
        )
        logging.getLogger("kafka").setLevel(logging.ERROR)
        self.name = name
        self.settings = settings
        self.ready = Event()
        self.stopping = Event()

    def start(self) -> None:
        """Serve /metrics, /healthz and /readyz. Until ``run`` a signal ends the process at once.

        Nothing is in hand before, and what is waited for (a broker that is away) may take long.
        """
        port = serve.start(self.settings, self.ready.is_set)
        log.info("started, http port %d", port)

    def run(self, step: Callable[[], object]) -> None:
        """Ready from now on; call ``step`` again and again until SIGTERM or SIGINT asks for a stop."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        self.ready.set()
        while not self.stopping.is_set():
            step()
        log.info("stopped")

    def _stop(self, signum: int, frame: object) -> None:
        self.stopping.set()
