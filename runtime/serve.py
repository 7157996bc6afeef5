"""The HTTP side of every process: /metrics, /healthz (it lives), /readyz (it has read its state)."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from runtime.settings import Settings


def start(settings: Settings, ready: Callable[[], bool]) -> int:
    """Serve in a daemon thread; returns the port. ``ready`` decides between 200 and 503 on /readyz."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif self.path == "/healthz":
                self._answer(200, b"ok\n")
            elif self.path == "/readyz":
                is_ready = ready()
                self._answer(200 if is_ready else 503, b"ready\n" if is_ready else b"not ready\n")
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
