"""The HTTP side of every process: /metrics, /healthz (it lives), /readyz (it can work now).

Where a token is set they are for whoever shows it, and a 401 for everyone else.
"""

import hmac
import logging
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final
from urllib.request import Request

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from runtime import metrics
from runtime.logs import one_line
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

log = logging.getLogger(__name__)

NO_TOKEN: Final = "SEC-114"

ASKING_S: Final = 30.0
"""That one who asks may take between two bytes: a thread waits for it."""


def request(settings: Settings, port: int, path: str, host: str = "127.0.0.1") -> Request:
    """A question to a process of this machine, where it listens. Raises ProblemList (SEC-114)."""
    due = _bearer(settings)
    asked = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host
    named = f"[{asked}]" if ":" in asked else asked
    return Request(f"http://{named}:{port}{path}", headers={"Authorization": due} if due else {})


def _bearer(settings: Settings) -> str:
    path = settings.metrics_token_file
    if path == Path():
        return ""
    try:
        return f"Bearer {path.read_text(encoding='utf-8').strip()}"
    except (OSError, UnicodeDecodeError) as fault:
        params = {"path": path, "reason": type(fault).__name__}
        raise ProblemList([Problem(NO_TOKEN, params=params)]) from None


class _Server(ThreadingHTTPServer):
    """Its own error handler writes a traceback, also of one who asked and did not wait for the answer."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        fault = sys.exception()
        if fault is not None and not isinstance(fault, OSError):
            log.error("a question had no answer: %s", one_line(fault))


def start(settings: Settings, why_not: Callable[[], str]) -> int:
    """Serve in a daemon thread; returns the port. /readyz is 200, or 503 with what ``why_not`` says."""

    due = _bearer(settings)

    class Handler(BaseHTTPRequestHandler):
        timeout = ASKING_S

        def do_GET(self) -> None:
            if due and not hmac.compare_digest(self.headers.get("Authorization", "").encode(), due.encode()):
                self._answer(401, b"who asks?\n")
            elif self.path == "/metrics":
                metrics.READY.set(not why_not())
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

    server = _Server((settings.host, settings.http_port), Handler)
    Thread(target=server.serve_forever, daemon=True, name="http").start()
    return server.server_port
