"""The department lets a version of a vendor's product show what a production key asks for.

The first call begins: pushes from then on count. Each further one looks what they have shown; once all is
shown that stays, with its day.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from psycopg2.extensions import connection, cursor
from psycopg2.extras import Json
from starlette.responses import Response

from access.accounts.account import Role
from access.audit import Kind
from access.credentials import conformity, store
from access.credentials.conformity import Pushed
from access.service.bodies import Body
from access.service.door import Request, said
from readings import pushes
from schemas.errors import Problem, ProblemList

NO_VERSION: Final = "KEY-040"
OTHER_SCHOOL: Final = "KEY-041"

WHO: Final = frozenset({Role.DEPARTMENT_OFFICER})
LOOKS: Final = frozenset({Role.DEPARTMENT_OFFICER, Role.OPERATOR, Role.AUDITOR})
VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,31}")


class Trial(Body):
    """A version of a vendor's product, and the school it is tried with."""

    vendor: str
    school: str
    product_version: str


def look(request: Request) -> Response:
    """Begin, or see what was shown since. Raises ProblemList: KEY-040, KEY-041, GRANT-VENDOR, ACC-033/034."""
    asked = request.body(Trial)
    request.trying("conform", f"{asked.vendor}/{asked.school}"[:100])
    request.acts_as(WHO)
    _fit(request, asked)
    with request.parts.connections.borrowed() as conn:
        found = _trial(request, conn, asked)
        shown = found["shown"]
        if found["passed_at"] is None:
            with conn, conn.cursor() as cur:
                line = store.found(cur, vendor=asked.vendor, school=asked.school)
            told = [
                Pushed(**row) for row in pushes.since(conn, asked.vendor, asked.school, found["begun_at"])
            ]
            shown = conformity.evidence(told, line)
            found = _keep(request, conn, asked, shown)
    return said(
        {
            "vendor": asked.vendor,
            "product_version": asked.product_version,
            "school": found["school"],
            "begun_at": found["begun_at"],
            "passed_at": found["passed_at"],
            "scenarios": conformity.told(shown),
        }
    )


def listed(request: Request) -> Response:
    """All that was tried, newest first."""
    request.trying("list", "conformity")
    request.acts_as(LOOKS)
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        cur.execute(
            "SELECT vendor, product_version, school, begun_at, passed_at FROM conformity"
            " ORDER BY begun_at DESC, vendor, product_version"
        )
        names = ("vendor", "product_version", "school", "begun_at", "passed_at")
        return said([dict(zip(names, row, strict=True)) for row in cur.fetchall()])


def _fit(request: Request, asked: Trial) -> None:
    settings = request.parts.settings
    problems = []
    if not settings.has_vendor(asked.vendor):
        params = {"vendor": asked.vendor, "vendors": ", ".join(settings.vendors)}
        problems.append(Problem("GRANT-VENDOR", params=params))
    if VERSION.fullmatch(asked.product_version) is None:
        problems.append(Problem(NO_VERSION))
    if problems:
        raise ProblemList(problems)


def _trial(request: Request, conn: connection, asked: Trial) -> dict[str, Any]:
    """The trial, begun at the first call, on record. Raises ProblemList (KEY-041)."""
    with conn, conn.cursor() as cur:
        cur.execute(
            "INSERT INTO conformity (vendor, product_version, school, begun_by) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (asked.vendor, asked.product_version, asked.school, request.account.id),
        )
        if cur.rowcount:
            request.record(Kind.KEY)
        found = _row(cur, asked)
    if found["school"] != asked.school:
        raise ProblemList([Problem(OTHER_SCHOOL, params={"school": found["school"]})])
    return found


def _keep(request: Request, conn: connection, asked: Trial, shown: Mapping[str, str]) -> dict[str, Any]:
    """What was shown; all of it: for good, on record."""
    passed = conformity.passed(shown)
    with conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE conformity SET shown = %s, passed_at = CASE WHEN %s THEN now() END"
            " WHERE vendor = %s AND product_version = %s AND passed_at IS NULL",
            (Json(dict(shown)), passed, asked.vendor, asked.product_version),
        )
        if cur.rowcount and passed:
            request.record(Kind.KEY, act="conform.passed")
        return _row(cur, asked)


def _row(cur: cursor, asked: Trial) -> dict[str, Any]:
    cur.execute(
        "SELECT school, begun_at, shown, passed_at FROM conformity"
        " WHERE vendor = %s AND product_version = %s",
        (asked.vendor, asked.product_version),
    )
    return dict(zip(("school", "begun_at", "shown", "passed_at"), cur.fetchone(), strict=True))
