"""A gateway that answers as it was told, and keeps what it was asked; a proxy that cuts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support import answering


@dataclass
class Asked:
    """A request as it came; ``body`` None if it did not come whole."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


@dataclass
class Said:
    """An answer. ``cut``: the connection is closed instead. ``unread``: without reading the body."""

    status: int = 202
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    unread: bool = False


@dataclass
class Stub:
    """``answer``: what is said to a request, of which so many came before."""

    answer: Callable[[Asked, int], Said]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Idempotency-Keys, in the order they came."""
        return [one.headers.get("idempotency-key", "") for one in self.asked]


@contextmanager
def gateway(answer: Callable[[Asked, int], Said]) -> Iterator[Stub]:
    """It listens until the block ends."""
    stub = Stub(answer)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked = Asked(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, None)
            said = stub.answer(asked, len(stub.asked))
            if not said.unread:
                asked.body = self.rfile.read(length)
            stub.asked.append(asked)
            if said.cut:
                self.close_connection = True
                return
            content = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            if said.unread:  # as the gateway does: for a while more is read, so that this can be
                self.wfile.flush()
                while length > 0 and (got := self.rfile.read1(min(length, 1 << 16))):
                    length -= len(got)

        do_GET = do_POST = _any

    with answering(Handler) as stub.url:
        yield stub
