"""``csdl run gateway``: the service in a thread of its own, as long as the process lives."""

from collections.abc import Sequence
from types import ModuleType
from typing import ClassVar

from producers.gateway.app import BY_KEY, app
from producers.gateway.connection import Connection
from producers.gateway.entrance import OUTCOMES
from producers.gateway.keeping import Keeping
from producers.gateway.parts import Parts
from producers.gateway.problems import STATUS
from runtime import metrics
from runtime.http_service import HttpService


class Gateway(HttpService):
    """Where vendors push."""

    name = "gateway"
    paths: ClassVar[Sequence[ModuleType]] = BY_KEY

    def open(self) -> None:
        """Follow the machines' states to their end, then listen. Raises KafkaError, OSError, ProblemList."""
        for code in STATUS:  # a counter that begins with its first event never rises
            metrics.GATEWAY_REFUSED.labels(code)
        for outcome in OUTCOMES:
            metrics.GATEWAY_REQUESTS.labels(outcome)
        self.parts = self.closes(Parts(self.settings))
        self.parts.follow()
        self._keeping = Keeping(self.settings, self.parts.connections)
        self.serve(
            app(self.parts, self.paths),
            self.settings.gateway_host,
            self.settings.gateway_port,
            http=Connection,
        )

    def step(self) -> None:
        """The service works by itself; meanwhile what was kept long enough goes."""
        super().step()
        self._keeping.step()
