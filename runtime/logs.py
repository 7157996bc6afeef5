"""The log of a process: one line a piece of news. The one filter for what client libraries say.

Kafka's clients tell every attempt to reach a broker that is away, 1,500 lines a minute. That it is away is
said once (``health``); so while a server is away, and a little after, they say nothing here, nor do those of
our lines that only repeat it (AGAIN). At other times their errors pass, alike ones once a minute.
"""

import logging
import sys
import time
from typing import Final

from runtime.health import Servers

LIBRARIES: Final = ("kafka", "aiokafka", "faust", "mode", "asyncio")

AGAIN: Final = "csdl.again"
"""Logger of lines that say once more that a server does not answer."""

ALIKE_S: Final = 60.0


class Quiet(logging.Filter):
    """Of a handler, so that it hears every logger."""

    def __init__(self, servers: Servers) -> None:
        super().__init__()
        self._servers = servers
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is news."""
        foreign = record.name.split(".")[0] in LIBRARIES
        if not foreign and record.name != AGAIN:
            return True
        if foreign and record.levelno < logging.ERROR:
            return False
        if not self._servers.settled():
            return False
        now, key = time.monotonic(), (record.name, str(record.msg))
        if now - self._said.get(key, -ALIKE_S) < ALIKE_S:
            return False
        self._said[key] = now
        if record.exc_info:  # one line; frames of libraries help nobody here
            record.msg = f"{record.getMessage()} ({getattr(record.exc_info[0], '__name__', '')})"
            record.args, record.exc_info, record.exc_text = (), None, None
        return True


def set_up(label: str, servers: Servers) -> None:
    """To stderr, with the process's label in each line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"%(asctime)s {label} %(levelname)s %(message)s"))
    handler.addFilter(Quiet(servers))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for library in LIBRARIES:
        logging.getLogger(library).setLevel(logging.ERROR)
