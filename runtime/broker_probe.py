"""Does a broker answer us now, and let us in? Step by step, so that the one that fails has a name.

The clients only say that they found nobody, whatever the reason was: a broker that is away, a certificate, a
password.
"""

import socket
import ssl
import struct
import time
from typing import Final

from kafka.net.sasl.scram import ScramClient

from runtime import credentials
from runtime.probes import BOUND_S, reason
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

AWAY: Final = "SYS-001"
OTHER_AUTHORITY: Final = "SEC-103"
EXPIRED: Final = "SEC-104"
OTHER_HOST: Final = "SEC-105"
REFUSED: Final = "SEC-106"
OTHER_PROTOCOL: Final = "SEC-107"

API_VERSIONS: Final = 18
HANDSHAKE: Final = 17
AUTHENTICATE: Final = 36
ASKED_BY: Final = b"csdl-probe"
CORRELATION: Final = 0x6373646C

_TLS_ALERT: Final = b"\x15\x03"
_CERTIFICATE_OVER: Final = (9, 10)
"""OpenSSL's numbers: not valid yet, not valid any more."""
_CERTIFICATE_OF_ANOTHER: Final = (62, 64)
"""Another host name, another address."""


class _Said(Exception):
    """What is to be told of a broker."""

    def __init__(self, code: str, why: str) -> None:
        self.code, self.why = code, why


def ask(settings: Settings, bound_s: float = BOUND_S) -> Problem | None:
    """None if a broker answers and takes our login, else why the first one does not."""
    servers = [server.strip() for server in settings.brokers.split(",")]
    try:
        return _first(settings, servers, bound_s / len(servers))
    except ProblemList as error:  # our own files
        return error.problems[0]


def refuses(settings: Settings, password: str, bound_s: float = BOUND_S) -> bool:
    """Whether any broker does not take the settings' user with this password; one that is away says
    nothing."""
    for server in settings.brokers.split(","):
        try:
            _Talk(settings, server.strip(), bound_s, password).through()
        except _Said as said:
            if said.code == REFUSED:
                return True
    return False


def _first(settings: Settings, servers: list[str], bound_s: float) -> Problem | None:
    problems = []
    for server in servers:
        try:
            _Talk(settings, server, bound_s).through()
            return None
        except _Said as said:
            params = {"address": server, "reason": said.why, "user": settings.kafka_user}
            problems.append(Problem(said.code, params=params))
    return problems[0]


class _Talk:
    """With one broker, until a moment that is fixed at the beginning. ``password``: None for that of the
    settings' file."""

    def __init__(self, settings: Settings, server: str, bound_s: float, password: str | None = None) -> None:
        self._settings, self._server, self._bound_s, self._password = settings, server, bound_s, password
        self._deadline = time.monotonic() + bound_s

    def through(self) -> None:
        """Connection, TLS, a question that any Kafka answers, login. Raises _Said."""
        host, _, port = self._server.rpartition(":")
        host = host.strip("[]")
        tls = credentials.context(self._settings)
        try:
            with socket.create_connection((host, int(port)), timeout=self._bound_s) as plain:
                if tls is None:
                    self._ask_and_log_in(plain)
                else:
                    with tls.wrap_socket(plain, server_hostname=host) as safe:
                        self._ask_and_log_in(safe)
        except ssl.SSLCertVerificationError as fault:
            raise _Said(of_certificate(fault), fault.verify_message) from None
        except ssl.SSLError as fault:
            raise _Said(OTHER_PROTOCOL, fault.reason or "TLS") from None
        except (OSError, ValueError) as fault:
            raise _Said(AWAY, reason(fault, self._bound_s)) from None

    def _ask_and_log_in(self, asked: socket.socket) -> None:
        # Version 0, which any Kafka answers, also before it knows who asks.
        self._call(asked, API_VERSIONS, 0, b"")
        if self._settings.kafka_user:
            self._log_in(asked)
            return
        try:
            self._call(asked, API_VERSIONS, 0, b"")
        except _Said:  # asked once more, one that wants to know who asks hangs up
            raise _Said(OTHER_PROTOCOL, "it asks for a login") from None

    def _log_in(self, asked: socket.socket) -> None:
        mechanism = credentials.MECHANISM
        said = self._call(asked, HANDSHAKE, 1, _text(mechanism.encode()))
        self._look_at(said)
        password = credentials.password(self._settings) if self._password is None else self._password
        scram = ScramClient(self._settings.kafka_user, password, mechanism)
        scram.process_server_first_message(self._token(asked, scram.first_message()))
        try:
            scram.process_server_final_message(self._token(asked, scram.final_message()))
        except ValueError:  # it does not know our password either
            raise _Said(REFUSED, "the broker's own proof is wrong") from None

    def _token(self, asked: socket.socket, token: bytes) -> bytes:
        said = self._call(asked, AUTHENTICATE, 0, struct.pack(">i", len(token)) + token)
        self._look_at(said)
        (length,) = struct.unpack_from(">h", said, 2)
        at = 4 + max(length, 0)
        (size,) = struct.unpack_from(">i", said, at)
        return said[at + 4 : at + 4 + size]

    @staticmethod
    def _look_at(said: bytes) -> None:
        (code,) = struct.unpack_from(">h", said)
        if code:
            raise _Said(REFUSED, f"error {code}")

    def _call(self, asked: socket.socket, api: int, version: int, body: bytes) -> bytes:
        message = struct.pack(">hhi", api, version, CORRELATION) + _text(ASKED_BY) + body
        asked.sendall(struct.pack(">i", len(message)) + message)
        size, correlation = struct.unpack(">ii", self._read(asked, 8))
        if correlation != CORRELATION:
            raise _Said(AWAY, "what answers is no Kafka")
        return self._read(asked, size - 4)

    def _read(self, asked: socket.socket, size: int) -> bytes:
        said = b""
        while len(said) < size:
            asked.settimeout(max(self._deadline - time.monotonic(), 0.001))
            more = asked.recv(size - len(said))
            if not more:
                if said.startswith(_TLS_ALERT):
                    raise _Said(OTHER_PROTOCOL, "it speaks TLS")
                raise _Said(AWAY, "connection closed")
            said += more
        return said


def _text(said: bytes) -> bytes:
    return struct.pack(">h", len(said)) + said


def of_certificate(fault: ssl.SSLCertVerificationError) -> str:
    """What is wrong with a server's certificate: OTHER_AUTHORITY, EXPIRED or OTHER_HOST."""
    if fault.verify_code in _CERTIFICATE_OVER:
        return EXPIRED
    return OTHER_HOST if fault.verify_code in _CERTIFICATE_OF_ANOTHER else OTHER_AUTHORITY
