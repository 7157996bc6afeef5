"""How every refusal is told: ``application/problem+json``, all that is wrong at once, in both languages.

Raise ``ProblemList`` anywhere. What is no vendor's business (where our servers are, what failed in us) is
not in it.
"""

import errno
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg2
from fastapi.exceptions import RequestValidationError
from kafka.errors import KafkaError
from starlette.responses import JSONResponse, Response

from producers.gateway import pressure, quota
from runtime import metrics
from runtime.logs import one_line
from schemas.errors import Problem, ProblemList, SourceLocation

log = logging.getLogger("csdl")

NO_PATH: Final = "GATE-001"
NO_METHOD: Final = "GATE-002"
NO_KEY: Final = "GATE-003"
KEY_IN_QUERY: Final = "GATE-004"
UNKNOWN_PARAMETER: Final = "GATE-005"
WRONG_PARAMETER: Final = "GATE-006"
TWICE: Final = "GATE-007"
TOO_LARGE: Final = "GATE-008"
TOO_SLOW: Final = "GATE-009"
TOO_MANY_BODIES: Final = "GATE-010"
FULL: Final = "GATE-011"
NOT_HTTP: Final = "GATE-012"
TOO_LONG: Final = "GATE-013"
NO_BODY_HERE: Final = "GATE-014"
LONG_HEADERS: Final = "GATE-015"
BROKER_AWAY: Final = "GATE-017"
DATABASE_AWAY: Final = "GATE-018"
FAILED: Final = "STK-019"

STATUS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("GATE-001", "GATE-070", "GATE-073", "GATE-090"), 404),
    "GATE-072": 410,
    "GATE-074": 503,
    "GATE-075": 406,
    **dict.fromkeys(("GATE-002",), 405),
    **dict.fromkeys(("GATE-003", "KEY-101", "KEY-102", "KEY-103", "KEY-104", "KEY-105"), 401),
    **dict.fromkeys(("KEY-106", "KEY-107", "KEY-108", "KEY-109", "KEY-110", "KEY-111"), 403),
    **dict.fromkeys(("GATE-004", "GATE-005", "GATE-006", "GATE-007", "GATE-012", "GATE-014"), 400),
    **dict.fromkeys(("GATE-080",), 400),
    **dict.fromkeys(("GATE-081", "GATE-082"), 410),
    **dict.fromkeys(("GATE-008",), 413),
    **dict.fromkeys(("GATE-009",), 408),
    **dict.fromkeys(("GATE-010", "KEY-112"), 429),
    **dict.fromkeys(("GATE-013",), 414),
    **dict.fromkeys(("GATE-015",), 431),
    **dict.fromkeys((quota.USED_UP, quota.TOO_FEW_LEFT), 429),
    **dict.fromkeys((quota.NEVER_FITS,), 413),
    **dict.fromkeys((pressure.BUSY,), 503),
    **dict.fromkeys(("GATE-011", "GATE-017", "GATE-018"), 503),
    **dict.fromkeys(("GATE-030", "GATE-036", "GATE-038", "GATE-041", "GATE-042"), 400),  # of a push
    **dict.fromkeys(("FILE-003", "FILE-004", "FILE-005", "FILE-008", "FILE-023"), 400),
    **dict.fromkeys(("FILE-086", "FILE-087", "FILE-088", "FILE-089"), 400),
    **dict.fromkeys(("VAL-001", "VAL-011", *(f"GRT-00{n}" for n in range(1, 10))), 403),
    **dict.fromkeys(("GATE-031",), 409),
    **dict.fromkeys(("GATE-037", "FILE-002", "FILE-026", "FILE-060", "FILE-061", "FILE-062"), 413),
    **dict.fromkeys(("FILE-084", "FILE-085"), 413),
    **dict.fromkeys(("FILE-082", "FILE-083", "FILE-090", "FILE-091"), 415),
    "FILE-064": 503,
    FAILED: 500,
}
"""Of every other code 422: the request is of its form, and what it holds cannot be taken."""

UNPROCESSABLE: Final = 422

RETRYABLE: Final = frozenset({408, 429, 500, 503})
"""The same request under the same Idempotency-Key may succeed later, or tells what became of it."""
ALSO_RETRYABLE: Final = frozenset({"GATE-031"})
"""Codes of another status of which that is so, too."""

RETRY_AFTER_S: Final = 5
"""Of what says no time of its own."""

AWAY: Final = {
    **dict.fromkeys(("SYS-001", "SYS-011"), BROKER_AWAY),
    **dict.fromkeys(("SYS-002", "SYS-005", "SYS-010", "SYS-020"), DATABASE_AWAY),
}
"""What our own people are told of a server that is away → what a vendor is told, which names no server."""

NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE)
"""What the system says where a disk, or the table of open files, is full."""

MOST: Final = 1_000
"""Problems in one answer."""


def answer(problems: Sequence[Problem], headers: Mapping[str, str] | None = None) -> Response:
    """All that is wrong. What keeps us from working says the status, else the first does."""
    told = [_for_vendors(problem) for problem in problems]
    first = max(told, key=lambda problem: status(problem.code) >= 500)
    told_status = status(first.code)
    for problem in told[:MOST]:
        metrics.GATEWAY_REFUSED.labels(problem.code).inc()
    body = _body(first, told)
    own = dict(headers or {})
    if told_status == 401:
        own.setdefault("WWW-Authenticate", "Bearer")
    if "retry_after" in first.params or told_status in (429, 503):
        own.setdefault("Retry-After", str(first.params.get("retry_after", RETRY_AFTER_S)))
    return JSONResponse(body, told_status, own, "application/problem+json")


def example(problem: Problem) -> dict[str, Any]:
    """The body of an answer that tells this one alone."""
    return _body(problem, [problem])


def status(code: str) -> int:
    """Of an answer that this says first."""
    return STATUS.get(code, UNPROCESSABLE)


def retryable(code: str) -> bool:
    """Whether the same request may succeed later that is refused with this."""
    return status(code) in RETRYABLE or code in ALSO_RETRYABLE


def as_told(problem: Problem) -> dict[str, Any]:
    """One problem: what and where. ``pointer``: into a body that is JSON, "" where it is none."""
    vi, en = problem.messages()
    place = problem.place
    return {
        "code": problem.code,
        "message_vi": vi,
        "message_en": en,
        "place": {"file": place.file, "sheet": place.sheet, "row": place.row, "field": place.field},
        "pointer": place.pointer,
    }


def of_fault(fault: Exception) -> list[Problem]:
    """What is told of whatever an endpoint raised. Nothing that it says of itself: it may quote a value."""
    match fault:
        case ProblemList():
            return fault.problems
        case psycopg2.OperationalError() | psycopg2.InterfaceError() | psycopg2.errors.DiskFull():
            log.warning("the database does not answer a request: %s", one_line(fault))
            return [Problem(DATABASE_AWAY)]
        case OSError() if fault.errno in NO_ROOM:
            log.error("no room for a request: %s", one_line(fault))
            return [Problem(FULL, params={"retry_after": RETRY_AFTER_S})]
        case KafkaError():
            log.warning("the broker does not answer a request: %s", one_line(fault))
            return [Problem(BROKER_AWAY)]
        case _:
            log.error("a request failed: %s", one_line(fault))
            return [Problem(FAILED, params={"fault": "gateway"})]


def of_validation(fault: RequestValidationError) -> list[Problem]:
    """Parameters and headers that are not of their form, each by its name; never its value."""
    names = dict.fromkeys(str(each["loc"][-1])[:50] for each in fault.errors())
    return [Problem(WRONG_PARAMETER, SourceLocation(field=name), {"name": name}) for name in names]


def _body(first: Problem, told: Sequence[Problem]) -> dict[str, Any]:
    vi, en = first.messages()
    body = {
        "type": f"urn:csdl:{first.code}",
        "title": vi,
        "title_en": en,
        "status": status(first.code),
        "code": first.code,
        "retryable": retryable(first.code),
        "problems": [as_told(problem) for problem in told[:MOST]],
    }
    if "go_on" in first.params:
        body["go_on"] = first.params["go_on"]
    return body


def _for_vendors(problem: Problem) -> Problem:
    if problem.code.startswith("SEC-"):
        return Problem(BROKER_AWAY)
    return Problem(AWAY[problem.code]) if problem.code in AWAY else problem
