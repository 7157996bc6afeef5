"""One request, and the same request again: what is retried, when, and what is raised at last."""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PROXYS_OWN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that are worth another try where no problem of the gateway's says whether it is: a proxy's."""

OURSELVES = frozenset({"localhost", "127.0.0.1", "::1"})
"""No proxy leads here, whatever the environment says."""

MOST_S = 300.0
"""However long an answer asks to wait."""


class Refused(Exception):
    """The answer is no, and will be no however often it is asked. ``problem`` is the whole of what was said
    (RFC 9457), ``problems`` each thing that is wrong, with its place and texts."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, dict(problem)
        self.code: str = str(problem.get("code", ""))
        self.problems: list[dict[str, Any]] = list(problem.get("problems", []))
        super().__init__(
            f"{status} {self.code} {problem.get('title_en') or problem.get('title', '')}".strip()
        )


class NotSent(Exception):
    """The last try failed as the others did: nobody knows whether it arrived. ``idempotency_key`` repeats
    the very same push later."""

    def __init__(self, reason: str, idempotency_key: str = "") -> None:
        self.reason, self.idempotency_key = reason, idempotency_key
        super().__init__(reason)


@dataclass(frozen=True)
class Again:
    """How often a request is tried, and how long is waited between: doubled each time, with a random part,
    and never less than an answer's Retry-After."""

    tries: int = 8
    first_s: float = 1.0
    longest_s: float = 60.0

    def wait_s(self, tried: int, asked_s: float) -> float:
        """After so many tries, where the answer asked for so many seconds."""
        longest = min(self.first_s * 2 ** (tried - 1), self.longest_s)
        return max(random.uniform(longest / 2, longest), min(asked_s, MOST_S))


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Raises ValueError for what is none."""
        return json.loads(self.body)


class Door:
    """The gateway at an address, by a key. For one thread at a time; each request has a connection."""

    def __init__(self, url: str, key: str, again: Again, timeout_s: float, ca_file: str | None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"no address of a gateway: {url}")
        self._host, self._port, self._base = parts.hostname, parts.port, parts.path.rstrip("/")
        self._named = parts.netloc.rpartition("@")[2]
        self._tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._key, self._again, self._timeout_s = key, again, timeout_s

    def ask(
        self,
        method: str,
        path: str,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The answer to a request, asked until there is one. Raises Refused, NotSent."""
        target = f"{self._base}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        sent = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", **(headers or {})}
        tried = 0
        while True:
            tried += 1
            asked_s = 0.0
            try:
                answer = self._once(method, target, sent, body)
            except ssl.SSLCertVerificationError as fault:  # nor will it be who it should be the next time
                raise NotSent(f"TLS: {fault.verify_message}", sent.get("Idempotency-Key", "")) from None
            except (OSError, http.client.HTTPException) as fault:
                reason = f"{type(fault).__name__}: {fault}"
            else:
                if answer.status < 300:
                    return answer
                problem = _problem(answer)
                refused = Refused(answer.status, problem)
                if not problem.get("retryable", answer.status in PROXYS_OWN):
                    raise refused
                reason, asked_s = str(refused), _retry_after(answer)
            if tried >= self._again.tries:
                raise NotSent(f"{reason} ({tried} tries)", sent.get("Idempotency-Key", ""))
            time.sleep(self._again.wait_s(tried, asked_s))

    def _once(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        connection, target = self._connection(target)
        try:
            try:
                connection.request(method, target, body, dict(headers))
            except (BrokenPipeError, ConnectionResetError):
                # Refused before the whole of it was sent: the answer is there, and says why.
                found = connection.sock and connection.getresponse()
                if not found:
                    raise
            else:
                found = connection.getresponse()
            return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, found.read())
        finally:
            connection.close()

    def _connection(self, target: str) -> tuple[http.client.HTTPConnection, str]:
        """One to the gateway, or to the proxy that the environment names for it."""
        scheme = "https" if self._tls else "http"
        named = urllib.request.getproxies().get(scheme, "")
        if not named or self._host in OURSELVES or urllib.request.proxy_bypass(self._host):
            if self._tls:
                return self._secure(self._host, self._port), target
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s), target
        proxy = urllib.parse.urlsplit(named if "://" in named else f"http://{named}")
        host = proxy.hostname or ""
        if self._tls:
            through = self._secure(host, proxy.port)
            through.set_tunnel(self._host, self._port)
            return through, target
        plain = http.client.HTTPConnection(host, proxy.port, timeout=self._timeout_s)
        return plain, f"http://{self._named}{target}"

    def _secure(self, host: str, port: int | None) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)


def _problem(answer: Answer) -> dict[str, Any]:
    """What the gateway said; of a proxy's own page nothing."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _retry_after(answer: Answer) -> float:
    """Seconds, of a number or a date; 0 where none is said."""
    said = answer.headers.get("retry-after", "")
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
