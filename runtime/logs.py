"""The log of a process: one line a piece of news. The one filter for what client libraries say.

Kafka's clients tell every attempt to reach a broker that is away, 1,500 lines a minute. That it is away is
said once (``health``). So what they say is held back until the servers have been asked again: while one is
away, and a little after, it is dropped, and so are those of our own lines that only repeat it (AGAIN).
Otherwise errors pass, alike ones once a minute.
"""

import logging
import re
import sys
import threading
import time
import traceback
from collections import deque
from pathlib import Path
from typing import Final

from runtime.health import Servers

LIBRARIES: Final = ("kafka", "aiokafka", "faust", "mode", "asyncio")

AGAIN: Final = "csdl.again"
"""Logger of lines that say once more that a server does not answer."""

ALIKE_S: Final = 60.0
_DIGITS: Final = re.compile(r"[0-9]+")

HELD: Final = 100
"""Lines held back at most: the newest."""


class Quiet(logging.Filter):
    """Of a handler, so that it hears every logger. ``release`` after each look at the servers."""

    def __init__(self, servers: Servers, handler: logging.Handler) -> None:
        super().__init__()
        self._servers, self._handler = servers, handler
        self._said: dict[tuple[str, str], float] = {}
        self._held: deque[logging.LogRecord] = deque(maxlen=HELD)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written now."""
        foreign = record.name.split(".")[0] in LIBRARIES
        if not foreign and record.name != AGAIN:
            return True
        if (foreign and record.levelno < logging.ERROR) or self._is_alike(record):
            return False
        if record.exc_info:  # one line; frames of libraries help nobody here
            record.msg = f"{record.getMessage()} ({getattr(record.exc_info[0], '__name__', '')})"
        else:
            record.msg = _first_line(record)
        record.args, record.exc_info, record.exc_text = (), None, None
        if not self._servers.any:
            return True
        self._held.append(record)
        return False

    def release(self, began: float) -> None:
        """Write what was held back before a look that ``began`` then, if the servers answered; else drop."""
        settled = self._servers.settled()
        while self._held and self._held[0].created < began:
            record = self._held.popleft()
            if settled:
                self._handler.acquire()
                try:
                    self._handler.emit(record)
                finally:
                    self._handler.release()

    def _is_alike(self, record: logging.LogRecord) -> bool:
        # Times and numbers in it make no other news of it.
        now, key = time.monotonic(), (record.name, _DIGITS.sub("", _first_line(record)))
        if now - self._said.get(key, -ALIKE_S) < ALIKE_S:
            return True
        self._said[key] = now
        return False


def _first_line(record: logging.LogRecord) -> str:
    return record.getMessage().strip().partition("\n")[0]


def set_up(label: str, servers: Servers) -> None:
    """To stderr, with the process's label in each line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s {label} %(levelname)s %(message)s"))
    quiet = Quiet(servers, handler)
    handler.addFilter(quiet)
    servers.heard = quiet.release
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.ERROR)
    threading.excepthook = _thread_ended


def _thread_ended(said: threading.ExceptHookArgs) -> None:
    if said.exc_value is not None:
        name = said.thread.name if said.thread else ""
        logging.getLogger(__name__).error("thread %s ended: %s", name, one_line(said.exc_value))


def one_line(fault: BaseException) -> str:
    """What ended a process: kind of error, SQLSTATE, where. Never its text, which may quote a value."""
    frames = traceback.extract_tb(fault.__traceback__)
    ours = [f for f in frames if "site-packages" not in f.filename] or frames
    place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    state = f" {code}" if (code := getattr(fault, "pgcode", None)) else ""
    kind = type(fault)
    return f"{kind.__module__}.{kind.__qualname__}{state}{place}"
