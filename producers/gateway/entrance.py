"""What every request goes through before a byte of its body is read. ASGI middleware.

In this order: is its address of a form, does it show no key there, is there such a path and method, whose is
the key and may it be used here and now, are its parameters the path's, is its body one that can be taken.
Then the endpoint; whatever that raises is told as a problem (``problems``). Nothing that was sent is logged.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from anyio import CapacityLimiter, fail_after
from anyio.to_thread import current_default_thread_limiter, run_sync
from fastapi.routing import APIRoute
from starlette.datastructures import Headers

from access.credentials import addresses, standing
from access.credentials.proof import Grants, prove_key
from producers.gateway import parameters, problems
from producers.gateway.exchange import Exchange, Receive, Send, too_large
from producers.gateway.parts import Parts
from producers.gateway.room import Room
from producers.gateway.sender import Sender
from runtime import metrics
from schemas.errors import Problem, ProblemList

Scope = dict[str, Any]

PROOF_S: Final = 10.0
"""Waited for a turn so long: the database hangs."""
PROOFS_AT_ONCE: Final = 8
"""Keys that are looked up at once; endpoints that take long must not keep anybody at the door."""

ENDPOINTS_AT_ONCE: Final = 24
"""Requests that are worked on at once. Each, and each proof, may have a connection to the database."""

OUTCOMES: Final = ("done", "refused", "unable", "failed", "gone")
"""What becomes of a request, as it is counted."""

TAKE_BODIES: Final = frozenset({"POST"})


class _NotInForce(Exception):
    """Of a grant, as far as the machine's states were read."""


class Entrance:
    """Before an application; its paths are those of ``by_key``, which want a key, and of ``public``."""

    def __init__(
        self, app: Any, parts: Parts, by_key: Sequence[APIRoute], public: Sequence[APIRoute]
    ) -> None:
        self._app, self._parts = app, parts
        self._routes = [*((route, True) for route in by_key), *((route, False) for route in public)]
        self._known = {id(route): parameters.known(route) for route, _ in self._routes}
        self._room = Room()
        self._proofs: CapacityLimiter | None = None
        self._looked_up: CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._proofs is None:  # of the loop that serves us
            self._proofs = CapacityLimiter(PROOFS_AT_ONCE)
            self._looked_up = CapacityLimiter(PROOFS_AT_ONCE)
            current_default_thread_limiter().total_tokens = ENDPOINTS_AT_ONCE
        began = time.monotonic()
        headers = Headers(scope=scope)
        exchange = Exchange(receive, send, has_body=_has_body(headers))
        held = ExitStack()
        try:
            inside = await self._let_in(scope, headers, exchange, held)
            await self._app(inside, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            raise
        except Exception as fault:
            if not exchange.gone and not exchange.status:
                told = problems.of_fault(fault)
                await problems.answer(told, _of_refusal(told))(scope, exchange.receive, exchange.send)
        finally:
            held.close()
        metrics.GATEWAY_SECONDS.observe(time.monotonic() - began)
        metrics.GATEWAY_REQUESTS.labels(_outcome(exchange)).inc()

    async def _let_in(self, scope: Scope, headers: Headers, exchange: Exchange, held: ExitStack) -> Scope:
        """The request as its endpoint sees it; ``held`` until it is answered. Raises ProblemList: GATE-001 to
        014, KEY-101 to 112."""
        raw, query = scope.get("raw_path") or b"", scope["query_string"]
        if found := parameters.too_long(raw, query, scope["headers"]) or parameters.shows_a_key(raw, query):
            raise ProblemList(found)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        route, by_key = self._route(scope["path"], method)
        by = await self._sender(scope, headers) if by_key else None
        if found := parameters.wrong(query, self._known[id(route)]):
            raise ProblemList(found)
        if not exchange.whole:
            if method not in TAKE_BODIES or by is None:
                raise ProblemList([Problem(problems.NO_BODY_HERE)])
            exchange.most = self._parts.settings.push_max_mb * 1024 * 1024
            _of_a_size(headers, exchange.most)
            exchange.hold = held.enter_context(self._room.one(by.number, by.vendor)).more
            exchange.prove_again = lambda: self._again(scope, headers)
        state = {**scope.get("state", {}), "exchange": exchange, "sender": by}
        return {**scope, "method": method, "state": state}

    def _route(self, path: str, method: str) -> tuple[APIRoute, bool]:
        if parameters.garbage(path):
            raise ProblemList([Problem(problems.NO_PATH)])
        there = [(route, by_key) for route, by_key in self._routes if route.path_regex.match(path)]
        if not there:
            raise ProblemList([Problem(problems.NO_PATH)])
        for route, by_key in there:
            if method in (route.methods or ()):
                return route, by_key
        allowed = {each for route, _ in there for each in route.methods or ()}
        allowed |= {"HEAD"} if "GET" in allowed else set()
        raise ProblemList([Problem(problems.NO_METHOD, params={"allowed": ", ".join(sorted(allowed))})])

    async def _sender(self, scope: Scope, headers: Headers) -> Sender:
        """Raises ProblemList (GATE-003, KEY-101 to 112), psycopg2.Error."""
        shown = headers.getlist("authorization")
        scheme, _, secret = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not secret.strip():
            raise ProblemList([Problem(problems.NO_KEY)])
        client = scope.get("client")
        forwarded = headers.getlist(addresses.HEADER)
        address = addresses.caller(client[0] if client else "", forwarded, self._parts.proxies)
        prove = partial(self._prove, secret.strip(), address)
        try:
            with fail_after(PROOF_S):  # a proof that has begun goes on: its thread is not left alone
                return await run_sync(prove, self._as_known, limiter=self._proofs)
        except _NotInForce:
            pass
        except TimeoutError:
            raise ProblemList([Problem(problems.DATABASE_AWAY)]) from None
        try:
            with fail_after(PROOF_S):
                return await run_sync(prove, self._parts.grant_fault, limiter=self._looked_up)
        except TimeoutError:
            raise ProblemList([Problem(problems.BROKER_AWAY)]) from None

    def _as_known(self, vendor: str, school: str) -> str:
        """ "" of a grant that is in force, as far as it was read. Of another nobody is told before what the
        machine said last was read, too: that is waited for apart, or such keys would hold up all others."""
        if standing.fault(self._parts.granted.get, vendor, school):
            raise _NotInForce
        return ""

    async def _again(self, scope: Scope, headers: Headers) -> None:
        """Raises as ``_sender``."""
        await self._sender(scope, headers)

    def _prove(self, secret: str, address: str, grants: Grants) -> Sender:
        its = self._parts
        with its.connections.borrowed() as conn:
            proof = prove_key(
                conn,
                grants,
                its.keys,
                its.refusals,
                its.guesses,
                secret,
                address,
                None,
                test=its.settings.gateway_test,
            )
        if proof.code or proof.credential is None:
            raise ProblemList([proof.problem()])
        return Sender(proof.credential, address)


def _of_a_size(headers: Headers, most: int) -> None:
    """Raises ProblemList: GATE-008 by what the request says of its length; GATE-012 where it says two."""
    said = headers.get("content-length", "0")
    if "transfer-encoding" in headers and "content-length" in headers:
        raise ProblemList([Problem(problems.NOT_HTTP)])
    if int(said) > most:  # a number: h11 takes nothing else
        raise ProblemList([too_large(most)])


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _of_refusal(told: Sequence[Problem]) -> dict[str, str]:
    """Headers that a refusal of the entrance has besides."""
    return {"Allow": told[0].params["allowed"]} if told[0].code == problems.NO_METHOD else {}


def _outcome(exchange: Exchange) -> str:
    if exchange.gone or not exchange.status:
        return "gone"
    if exchange.status < 400:
        return "done"
    return {500: "failed", 503: "unable"}.get(exchange.status, "refused")
