"""May this grant push now? Asked before a byte of a body is read, and counted once it is known what was sent.

Only pushes are counted: whoever has used up a minute, or comes while the province is busy, still reads what
became of earlier ones. A key under which a push stands is let in all the same: saying it again costs nothing.
Each answer to a push says what is left (``RateLimit``, ``RateLimit-Policy``).
"""

import logging
from typing import Any, Final

import psycopg2
from anyio.to_thread import run_sync
from psycopg2.extensions import cursor
from starlette.datastructures import Headers
from starlette.requests import Request

from producers.gateway import idempotency, problems, store
from producers.gateway.exchange import Exchange, Receive, Send
from producers.gateway.parts import Parts
from producers.gateway.quota import Quota, Standing
from producers.gateway.sender import Sender
from schemas.errors import ProblemList

log = logging.getLogger("csdl")

PUSHES: Final = ("POST", "/v1/pushes")

Scope = dict[str, Any]


class Count:
    """What one push costs its grant. For any thread."""

    def __init__(self, parts: Parts, sender: Sender, exchange: Exchange) -> None:
        self._parts, self._sender, self._exchange = parts, sender, exchange
        self._quota = Quota(sender.vendor, sender.school, parts.settings.push_records_per_minute)
        self._taken = False

    def let_in(self, keys: list[str]) -> None:
        """Whether a body may come. ``keys``: each Idempotency-Key that was said.

        Raises ProblemList: GATE-020 if nothing is left, GATE-023 while the province is busy; psycopg2.Error.
        """
        busy = self._parts.pressure.refused()
        with self._parts.connections.statement() as conn, conn.cursor() as cur:
            standing = self._quota.standing(cur)
            self._tell(standing)
            if (busy or not standing.left) and not (len(keys) == 1 and self._stands(cur, keys[0])):
                raise busy or standing.refused()

    def take(self, cur: cursor, records: int) -> None:
        """The records of a push that was read, refused ones too, in the transaction that makes it one.
        Raises ProblemList: GATE-021, GATE-022; psycopg2.Error."""
        standing = self._quota.take(cur, records)
        self._taken = True
        self._tell(standing)

    def charge(self) -> None:
        """For what was sent and came to nothing."""
        if self._taken:
            return
        try:
            with self._parts.connections.statement() as conn, conn.cursor() as cur:
                self._tell(self._quota.charge(cur, self._exchange.received))
        except psycopg2.Error as fault:
            log.warning("a refused push was not counted: %s", type(fault).__name__)

    def _stands(self, cur: cursor, key: str) -> bool:
        digest = idempotency.key_hash(key)
        return store.kept(cur, self._sender.vendor, self._sender.school, digest) is not None

    def _tell(self, standing: Standing) -> None:
        self._exchange.headers = standing.headers()


class Limits:
    """ASGI middleware behind the entrance, which has proved who sends."""

    def __init__(self, app: Any, parts: Parts) -> None:
        self._app, self._parts = app, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["method"], scope["path"]) != PUSHES:
            await self._app(scope, receive, send)
            return
        state = scope["state"]
        count = state["count"] = Count(self._parts, state["sender"], state["exchange"])
        # A dry run sends nothing again, whatever key it shows: it would be read for nothing.
        rehearsed = b"dry_run" in scope["query_string"]
        keys = [] if rehearsed else Headers(scope=scope).getlist(idempotency.HEADER)
        await run_sync(count.let_in, keys)
        try:
            await self._app(scope, receive, send)
        except Exception as fault:
            if _came_to_nothing(fault):
                await run_sync(count.charge)
            raise


def _came_to_nothing(fault: Exception) -> bool:
    """By its sender's fault: not ours, and not by a push under the same key that is under way."""
    if not isinstance(fault, ProblemList):
        return False
    return all(problems.status(problem.code) not in (409, 503) for problem in fault.problems)


async def count(request: Request) -> Count:
    """Dependency of the endpoint that takes pushes."""
    found: Count = request.state.count
    return found
