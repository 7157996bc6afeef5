"""OpenID logins under way: kept on the server, by the hash of their browser's cookie, once."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from threading import Lock
from typing import Final

LIVES_S: Final = 600.0
MOST: Final = 10_000
"""That may be under way: a flood of begun ones makes the oldest end."""


@dataclass(frozen=True)
class Flow:
    """A login under way."""

    state: str
    nonce: str
    verifier: str
    began: float


class Flows:
    """Those under way, by the hash of their browser's cookie."""

    def __init__(self) -> None:
        self._found: dict[bytes, Flow] = {}
        self._lock = Lock()

    def begin(self) -> tuple[str, Flow]:
        """(cookie, flow)."""
        cookie = secrets.token_urlsafe(32)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        flow = Flow(state, nonce, verifier, time.monotonic())
        with self._lock:
            if len(self._found) >= MOST:
                del self._found[next(iter(self._found))]
            self._found[_hash(cookie)] = flow
        return cookie, flow

    def take(self, cookie: str, state: str) -> Flow | None:
        """The flow of this browser that answers to this state; once."""
        with self._lock:
            flow = self._found.pop(_hash(cookie), None)
        if flow is None or time.monotonic() - flow.began > LIVES_S:
            return None
        return flow if hmac.compare_digest(flow.state.encode(), state.encode()) else None


def _hash(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()
