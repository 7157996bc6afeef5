"""``csdl run access``: the service in a thread of its own, as long as the process lives."""

from access.service.app import app
from access.service.door import STATUS
from access.service.parts import Parts
from runtime import metrics
from runtime.http_service import HttpService


class Access(HttpService):
    """The access service."""

    name = "access"

    def open(self) -> None:
        """Follow the machines' answers, then listen. Raises KafkaError, OSError."""
        for code in STATUS:  # a counter that begins with its first event never rises
            metrics.ACCESS_REFUSED.labels(code)
        parts = self.closes(Parts(self.settings))
        self.serve(app(parts), self.settings.access_host, self.settings.access_port)
