"""``csdl run gateway``: the service in a thread of its own, as long as the process lives."""

from producers.gateway.app import app
from producers.gateway.keeping import Keeping
from producers.gateway.parts import Parts
from producers.gateway.problems import STATUS
from runtime import metrics
from runtime.http_service import HttpService


class Gateway(HttpService):
    """Where vendors push."""

    name = "gateway"

    def open(self) -> None:
        """Follow the machines' states to their end, then listen. Raises KafkaError, OSError, ProblemList."""
        for code in STATUS:  # a counter that begins with its first event never rises
            metrics.GATEWAY_REFUSED.labels(code)
        parts = self.closes(Parts(self.settings))
        parts.follow()
        self._keeping = Keeping(self.settings, parts.connections)
        self.serve(app(parts), self.settings.gateway_host, self.settings.gateway_port)

    def step(self) -> None:
        """The service works by itself; meanwhile what was kept long enough goes."""
        super().step()
        self._keeping.step()
