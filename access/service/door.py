"""What every request goes through: who is it, is the request of its form, what became of it, on record.

A door is a plain function of a ``Request`` that runs in a thread. What it refuses is an audit event with its
code, whether the caller is known by an account or, at a login, by a name alone; what no account proves is
counted only, or a stranger could fill the table. Nothing that was typed is logged.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from access import audit
from access.accounts import credentials
from access.accounts.account import Account, Role
from access.audit import AuditEvent, Kind
from access.credentials import proof
from access.service.bodies import MAX_BODY, B, Body, field_problem, read, taken
from access.service.parts import Parts
from runtime import metrics, postgres
from runtime.logs import one_line
from schemas.errors import Problem, ProblemList

log = logging.getLogger("csdl")

COOKIE: Final = "csdl_session"
FOREIGN: Final = "ACC-044"
NOT_YOURS: Final = "ACC-033"
ROLE: Final = "ACC-034"

STATUS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("ACC-021", "ACC-022", "ACC-023", "ACC-024", "ACC-025"), 401),
    **dict.fromkeys(("ACC-028", "ACC-055", "ACC-056"), 401),
    **dict.fromkeys(("ACC-031", "ACC-032", "ACC-033", "ACC-034", "ACC-035", "ACC-044"), 403),
    **dict.fromkeys(("ACC-070", "ACC-071"), 403),
    **dict.fromkeys(("ACC-026", "ACC-043", "CAMP-SCHOOL", "REM-009"), 404),
    **dict.fromkeys(("SYS-001", "SYS-002", "SYS-003", "SYS-010", "SYS-020", "ACC-036", "ACC-057"), 503),
    **dict.fromkeys(("CMD-SILENT", "REM-008"), 504),
    **dict.fromkeys(("KEY-101", "KEY-102", "KEY-103", "KEY-104", "KEY-105"), 401),
    **dict.fromkeys(("KEY-013", "KEY-106", "KEY-107", "KEY-108", "KEY-109", "KEY-110", "KEY-111"), 403),
    **dict.fromkeys(("KEY-007", "KEY-020"), 404),
    **dict.fromkeys(("KEY-002", "KEY-006", "KEY-009"), 409),
    **dict.fromkeys(("KEY-021", "KEY-022"), 410),
    "KEY-010": 503,
    "ORG-BUSY": 503,
    "ORG-OFFICE": 403,
    **dict.fromkeys(("ACC-029", "KEY-112"), 429),
    "ACC-042": 413,
    "SIG-009": 503,
    "GRT-116": 409,
    "STK-019": 500,
}
"""Of what is refused before a machine is asked; 400 of the rest. A machine's own refusal is 409."""

REFUSED: Final = 409


@dataclass
class Request:
    """A request whose caller is proved, as a door sees it."""

    parts: Parts
    credential: credentials.Credential
    address: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    about: AuditEvent = field(default_factory=lambda: AuditEvent(Kind.ASKED))
    """What is being tried, as a refusal will say it."""

    @property
    def account(self) -> Account:
        """Who acts, as they stand in this moment."""
        return self.credential.account

    def trying(self, act: str, subject: str, role: str = "", command_id: str = "") -> None:
        """Say what is being tried, before anything can refuse it."""
        self.about = replace(self.about, act=act, subject=subject, role=role, command_id=command_id)

    def body(self, form: type[B]) -> B:
        """What it says. Raises ProblemList: ACC-041 for each wrong field, ACC-033 for another's unit, role or
        account."""
        found = read(self.content, form)
        account = self.account
        own: dict[str, set[str]] = {
            "unit": {"", account.unit},
            "role": {"", *account.roles},
            "account": {"", account.id, account.name},
        }
        if isinstance(found, Body):
            others = [name for name, mine in own.items() if getattr(found, name) not in mine]
            if others:
                raise ProblemList([field_problem(NOT_YOURS, name) for name in others])
        return found

    def acts_as(self, roles: frozenset[Role]) -> Role:
        """The account's role by which it may do this. Raises ProblemList (ACC-034)."""
        role = self.account.one_of(roles)
        if role is None:
            raise ProblemList([Problem(ROLE, params={"roles": ", ".join(sorted(roles))})])
        return role

    def record(self, kind: Kind, **more: Any) -> None:
        """Put it on record: an event about what is being tried. Raises psycopg2.Error."""
        self.records([replace(self.about, kind=kind, **more)])

    def records(self, events: list[AuditEvent]) -> None:
        """Put events on record, all or none."""
        with self.parts.connections.statement() as conn:
            audit.record(conn, events)


Door = Callable[[Request], Response]
Entrance = Callable[["Parts", "Caller", bytes], Response]


@dataclass(frozen=True)
class Caller:
    """Somebody who is not proved yet: where they call from, and what they have with them."""

    address: str
    secret: str
    cookies: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)


def proved(parts: Parts, door: Door, most: int = MAX_BODY) -> Callable[[HttpRequest], Any]:
    """A Starlette endpoint: the door behind the proof of who calls. ``most``: bytes that it may say; of a
    stranger no more is read than at any other door."""

    def known(http: HttpRequest) -> bool:
        with parts.connections.statement() as conn, conn.cursor() as cur:
            return not credentials.prove(cur, _secret(http))[1]

    def enter(caller: Caller, content: bytes, path: Mapping[str, str], query: Mapping[str, str]) -> Response:
        with parts.connections.statement() as conn, conn.cursor() as cur:
            found, code = credentials.prove(cur, caller.secret)
        about = AuditEvent(Kind.ASKED, address=caller.address)
        if found is not None:
            about = replace(about, account=found.account.id, unit=found.account.unit)
        if code:
            with parts.connections.borrowed() as conn:
                if found is not None:
                    audit.record(conn, [replace(about, kind=Kind.REFUSED, code=code)])
                else:
                    shown = caller.secret, caller.address, code
                    proof.shown_to_people(conn, parts.keys, parts.refusals, *shown)
            raise ProblemList([Problem(code)])
        assert found is not None
        request = Request(parts, found, caller.address, path, query, content, about)
        try:
            return door(request)
        except ProblemList as refused:
            codes = dict.fromkeys(problem.code for problem in refused.problems)
            request.records([replace(request.about, kind=Kind.REFUSED, code=each) for each in codes])
            raise

    async def endpoint(http: HttpRequest) -> Response:
        return await _answer(
            parts,
            http,
            lambda caller, content: enter(caller, content, http.path_params, dict(http.query_params)),
            (lambda: most if known(http) else MAX_BODY) if most > MAX_BODY else None,
        )

    return endpoint


def unproved(parts: Parts, entrance: Entrance) -> Callable[[HttpRequest], Any]:
    """A Starlette endpoint for those who come to be proved."""

    async def endpoint(http: HttpRequest) -> Response:
        return await _answer(parts, http, lambda caller, content: entrance(parts, caller, content))

    return endpoint


async def _answer(
    parts: Parts,
    http: HttpRequest,
    enter: Callable[[Caller, bytes], Response],
    bound: Callable[[], int] | None = None,
) -> Response:
    began = time.monotonic()
    try:
        _from_our_own_site(http)
        content = await taken(http, await run_in_threadpool(bound) if bound else MAX_BODY)
        address = parts.address_of(http)
        caller = Caller(address, _secret(http), http.cookies, http.query_params, http.path_params)
        response = await run_in_threadpool(enter, caller, content)
    except ProblemList as refused:
        response = problem(refused.problems)
    except psycopg2.OperationalError as fault:
        response = problem([Problem(postgres.FULL) if postgres.full(fault) else postgres.away(fault)])
    except asyncio.CancelledError:
        raise
    except Exception as fault:
        log.error("a request failed: %s", one_line(fault))
        response = problem([Problem("STK-019", params={"fault": one_line(fault)})])
    metrics.ACCESS_SECONDS.observe(time.monotonic() - began)
    metrics.ACCESS_REQUESTS.labels("done" if response.status_code < 400 else "refused").inc()
    return response


def problem(problems: list[Problem], **more: Any) -> Response:
    """``application/problem+json`` of all that is wrong, by the first."""
    first = problems[0]
    status = STATUS.get(first.code, 400)
    for each in problems:
        metrics.ACCESS_REFUSED.labels(each.code).inc()
    told = {
        "type": f"urn:csdl:{first.code}",
        "title": first.messages()[1],
        "status": status,
        "code": first.code,
        "problems": [as_told(each) for each in problems],
        **more,
    }
    headers = {}
    if seconds := first.params.get("retry_after", first.params.get("seconds")) if status == 429 else None:
        headers["Retry-After"] = str(seconds)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(told, status, headers, "application/problem+json")


def as_told(each: Problem) -> dict[str, Any]:
    """A problem in JSON, as the client reads it back."""
    params = {n: value if isinstance(value, int | float) else str(value) for n, value in each.params.items()}
    return each.as_dict() | {"params": params}


def _secret(http: HttpRequest) -> str:
    """What the caller proves itself by: a bearer's token, else a browser's session."""
    scheme, _, secret = http.headers.get("authorization", "").partition(" ")
    if scheme:
        return secret.strip() if scheme.lower() == "bearer" else ""
    return http.cookies.get(COOKIE, "")


def _from_our_own_site(http: HttpRequest) -> None:
    """A browser says where an act comes from; from another site it is none of its user's. Raises ACC-044."""
    if http.method in ("GET", "HEAD"):
        return
    origin = http.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != http.headers.get("host"):
        raise ProblemList([Problem(FOREIGN)])
    if COOKIE in http.cookies and http.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise ProblemList([Problem(FOREIGN)])


def said(value: Any, status: int = 200) -> Response:
    """An answer in JSON: days and times in ISO form."""
    text = json.dumps(value, ensure_ascii=False, default=lambda odd: odd.isoformat())
    return Response(text, status, media_type="application/json")
