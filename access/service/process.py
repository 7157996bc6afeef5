"""``csdl run access``: the service in a thread of its own, as long as the process lives."""

import logging
import socket
from threading import Thread
from typing import Final

import uvicorn

from access.service.app import app
from access.service.door import STATUS
from access.service.parts import Parts
from runtime import metrics
from runtime.process import Process

log = logging.getLogger("csdl")

LOOK_S: Final = 0.5
GRACE_S: Final = 10
"""How long acts that are under way may take at a stop."""


class Access(Process):
    """The access service."""

    name = "access"

    def open(self) -> None:
        """Follow the machines' answers, then listen. Raises KafkaError, OSError."""
        for code in STATUS:  # a counter that begins with its first event never rises
            metrics.ACCESS_REFUSED.labels(code)
        parts = self.closes(Parts(self.settings))
        config = uvicorn.Config(
            app(parts),
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = uvicorn.Server(config)
        listening = self.closes(socket.create_server((self.settings.access_host, self.settings.access_port)))
        self._thread = Thread(target=self._server.run, args=([listening],), daemon=True, name="service")
        self._thread.start()
        self.closes(self._thread, self._end)
        log.info("listens on %s port %d", self.settings.access_host, listening.getsockname()[1])

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
