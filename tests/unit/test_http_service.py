"""A service on a port of its own: what strangers send there is written down nowhere."""

import logging
import socket

import pytest

from runtime.http_service import HttpService
from runtime.settings import Settings


async def application(scope: object, receive: object, send: object) -> None:
    """Raises what quotes a value."""
    raise ValueError("Nguyễn Văn Mẫu")


class Fails(HttpService):
    """Serves it."""

    name = "fails"

    def open(self) -> None:
        self.serve(application, "127.0.0.1", 0)


@pytest.mark.parametrize("sent", [b"\x16\x03\x01 0123456789\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_what_was_sent_and_what_failed_is_not_in_the_log(sent: bytes, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    with (
        Fails(Settings()) as service,
        socket.create_connection(service.listening.getsockname(), timeout=60) as it,
    ):
        it.sendall(sent)
        assert it.recv(65536).startswith((b"HTTP/1.1 400", b"HTTP/1.1 500"))
    said = [record for record in caplog.records if record.name.startswith("uvicorn")]
    assert said == []
