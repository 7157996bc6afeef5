"""One request and its answer: how much of a body is taken, how slowly it may come, how a refusal is read.

A client that is still sending reads an answer only if we go on reading for a while: what it sends is thrown
away, to a bound of bytes and seconds, before the connection is closed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from producers.gateway.problems import TOO_LARGE, TOO_SLOW
from schemas.errors import Problem, ProblemList

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATIENCE_S: Final = 10.0
LEAST_BYTES_PER_S: Final = 16 * 1024
"""A body has PATIENCE_S, and a second more for so many bytes that came."""
LONGEST_S: Final = 900.0
"""However large it is."""
LONG_S: Final = 1.0
"""After so long its key is proved again."""

USUAL: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Of every answer that does not say otherwise: it is one school's."""

DRAIN_BYTES: Final = 128 * 1024 * 1024
DRAIN_S: Final = 10.0
SILENCE_S: Final = 3.0
"""So much of a body that nobody wants is read and thrown away, so that its sender can read why: many programs
look for no answer while they send."""
DRAINS: Final = 16
CROWD_BYTES: Final = 4 * 1024 * 1024
"""Of more senders at once only so much is: strangers must not have us read all day."""


class Exchange:
    """``receive`` and ``send`` of one request, bounded. ``most``: bytes that its body may have."""

    draining = 0
    """Whose bodies are thrown away just now, of all."""

    def __init__(self, receive: Receive, send: Send, *, has_body: bool) -> None:
        self._receive, self._send = receive, send
        self.most = 0
        self.hold: Callable[[int], None] = lambda received: None
        """Told of each part's bytes; may refuse them (``room``)."""
        self.prove_again: Callable[[], Awaitable[None]] | None = None
        """Asked when a body that took long is whole: its key may have ended meanwhile."""
        self.received = 0
        self.whole = not has_body
        """Whether all of the body is here."""
        self.gone = False
        """Whether the client left."""
        self.headers: dict[str, str] = {}
        """That whatever answer comes has besides."""
        self.status = 0
        """Of the answer, once it has begun."""
        self._began = time.monotonic()
        self._waited = 0.0
        """Seconds, for the sender alone: what we take ourselves is no slowness of theirs."""

    async def receive(self) -> Message:
        """The next part of the body. Raises ProblemList: GATE-008, GATE-009, GATE-011, KEY-102 to 110."""
        if self.whole or self.status:
            return await self._receive()
        left = min(PATIENCE_S + self.received / LEAST_BYTES_PER_S, LONGEST_S) - self._waited
        asked = time.monotonic()
        try:
            async with asyncio.timeout(max(left, 0.0)):
                message = await self._receive()
        except TimeoutError:
            raise ProblemList([Problem(TOO_SLOW, params={"rate": LEAST_BYTES_PER_S // 1024})]) from None
        self._waited += time.monotonic() - asked
        self._note(message)
        if self.received > self.most:
            raise ProblemList([too_large(self.most)])
        self.hold(len(message.get("body", b"")))
        if self.whole and self.prove_again and time.monotonic() - self._began > LONG_S:
            await self.prove_again()
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on; one to a body that is not whole ends the connection, readably."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            said = {name.lower() for name, _ in message.get("headers", [])}
            own = USUAL | self.headers | ({} if self.whole else {"connection": "close"})
            told = [(name.lower().encode(), value.encode()) for name, value in own.items()]
            told = [(name, value) for name, value in told if name not in said]
            message = {**message, "headers": [*message.get("headers", []), *told]}
        elif not self.whole and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._drain()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def _drain(self) -> None:
        most = self.received + (DRAIN_BYTES if Exchange.draining < DRAINS else CROWD_BYTES)
        Exchange.draining += 1
        try:
            async with asyncio.timeout(DRAIN_S):
                while not self.whole and not self.gone and self.received < most:
                    async with asyncio.timeout(SILENCE_S):
                        self._note(await self._receive())
        except TimeoutError:
            pass
        finally:
            Exchange.draining -= 1

    def _note(self, message: Message) -> None:
        if message["type"] == "http.disconnect":
            self.gone = True
            return
        self.received += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)


def too_large(most: int) -> Problem:
    """GATE-008."""
    return Problem(TOO_LARGE, params={"most": most // (1024 * 1024)})
