"""What stands between a client and the gateway, and does what such things do: cuts, swallows, sends twice."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.support import answering

OF_THE_WAY = frozenset({"host", "connection", "transfer-encoding", "content-length"})


Answer = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers, body."""


class Fate(Enum):
    """What becomes of a request whose body comes."""

    PASSED = auto()
    CUT = auto()
    """In the middle of its body; the gateway gets that half, and no more."""
    SWALLOWED = auto()
    """The gateway has it all; the client gets no answer."""
    TWICE = auto()
    """Its answer took too long: it is sent once more, both times without the Idempotency-Key."""


@dataclass
class Proxy:
    """``fates``: of the next POSTs, in their order; those after them are passed."""

    url: str = ""
    fates: list[Fate] = field(default_factory=list)
    posts: int = 0


@contextmanager
def proxy(behind: str) -> Iterator[Proxy]:
    """Before the server at an address, until the block ends."""
    it, to = Proxy(), urlsplit(behind)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fate = Fate.PASSED
            if self.command == "POST":
                it.posts += 1
                fate = it.fates.pop(0) if it.fates else Fate.PASSED
            if fate is Fate.CUT:
                self._forward(body[: len(body) // 2], len(body), wait=False)
            elif fate is Fate.TWICE:
                del self.headers["Idempotency-Key"]
                self._forward(body, len(body))
            if fate in (Fate.PASSED, Fate.TWICE):
                self._answer(*self._forward(body, len(body)))
                return
            if fate is Fate.SWALLOWED:
                self._forward(body, len(body))
            self.close_connection = True

        def _forward(self, body: bytes, length: int, wait: bool = True) -> Answer:
            connection = http.client.HTTPConnection(to.hostname or "", to.port, timeout=60)
            try:
                connection.putrequest(self.command, self.path, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    if name.lower() not in OF_THE_WAY:
                        connection.putheader(name, value)
                connection.putheader("Content-Length", str(length))
                connection.endheaders(body)
                if not wait:
                    return 0, [], b""
                answer = connection.getresponse()
                return answer.status, answer.getheaders(), answer.read()
            finally:
                connection.close()

        def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in OF_THE_WAY:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _any

    with answering(Handler) as it.url:
        yield it
