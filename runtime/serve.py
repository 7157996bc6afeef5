"""The HTTP side of every process: /metrics, /healthz (it lives), /readyz (it can work now)."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from runtime.settings import Settings


def start(settings: Settings, why_not: Callable[[], str]) -> int:
    """Serve in a daemon thread; returns the port. /readyz is 200, or 503 with what ``why_not`` says."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif self.path == "/healthz":
                self._answer(200, b"ok\n")
            elif self.path == "/readyz":
                why = why_not()
                self._answer(503 if why else 200, f"not ready: {why}\n".encode() if why else b"ready\n")
            else:
                self._answer(404, b"not found\n")

        def _answer(self, status: int, body: bytes, content_type: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: scrapes are not news."""

    server = ThreadingHTTPServer((settings.host, settings.http_port), Handler)
    Thread(target=server.serve_forever, daemon=True, name="http").start()
    return server.server_port
