"""A process that serves HTTP on a port of its own: the application in a thread, as long as it lives."""

import logging
import resource
import socket
from threading import Thread
from typing import Any, Final

import uvicorn

from runtime.http_connection import Connection
from runtime.process import Process

log = logging.getLogger("csdl")

LOOK_S: Final = 0.5
GRACE_S: Final = 10
"""How long requests that are under way may take at a stop."""

IDLE_S: Final = 30
"""Between two requests on a connection."""

FILES: Final = 65_536
"""Open files, a connection each, where the system allows so many."""


class HttpService(Process):
    """``open`` ends with ``serve``."""

    def serve(self, app: Any, host: str, port: int, **bounds: Any) -> None:
        """Listen from now on; ``port`` 0 takes a free one. ``bounds``: of uvicorn's. Raises OSError."""
        _allow_connections()
        usual: dict[str, Any] = {
            "http": Connection,
            "ws": "none",
            "lifespan": "off",
            "access_log": False,
            "log_config": None,
            "log_level": "critical",  # a line for whatever a stranger sends, and values in tracebacks
            "proxy_headers": False,
            "server_header": False,
            "timeout_graceful_shutdown": GRACE_S,
            "timeout_keep_alive": IDLE_S,
        }
        config = uvicorn.Config(app, **(usual | bounds))
        self._server = uvicorn.Server(config)
        self.listening = self.closes(socket.create_server((host, port)))
        # Head and body of an answer are two writes: the second would wait 40 ms for the first's receipt.
        # asyncio does this for sockets that name their protocol, which ours does not.
        self.listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._thread = Thread(target=self._server.run, args=([self.listening],), daemon=True, name="service")
        self._thread.start()
        self.closes(self._thread, self._end)
        log.info("listens on %s port %d", host, self.listening.getsockname()[1])

    @property
    def ready(self) -> bool:
        """Whether it listens."""
        return self._server.started

    def step(self) -> None:
        """The service's thread works; one that has ended ends the process."""
        if not self.stopping.wait(LOOK_S) and not self._thread.is_alive():
            raise RuntimeError("the service has ended")

    def _end(self, thread: Thread) -> None:
        self._server.should_exit = True
        thread.join(timeout=GRACE_S + 2)


def _allow_connections() -> None:
    """As many open files as the system lets us have, which is more than it gives by itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
