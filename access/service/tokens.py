"""Personal tokens: for a script of somebody's own. They end by themselves, and with every change of the
account."""

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field
from starlette.responses import Response

from access.accounts import credentials
from access.audit import Kind
from access.service.bodies import Body, Nothing
from access.service.door import Request, said
from schemas.errors import Problem, ProblemList

BY_TOKEN: Final = "ACC-030"


class NewToken(Body):
    """A token that is asked for."""

    label: Annotated[str, Field(max_length=100)] = ""
    days: Annotated[int, Field(ge=1, le=credentials.TOKEN_DAYS)] = 30


def make(request: Request) -> Response:
    """A token. Raises ProblemList (ACC-027, ACC-030): a token makes none, or one that was stolen lived on."""
    request.trying("token", request.account.id)
    asked = request.body(NewToken)
    if request.credential.kind is credentials.Kind.TOKEN:
        raise ProblemList([Problem(BY_TOKEN)])
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        lives = timedelta(days=asked.days)
        issued = credentials.issue(cur, request.account, credentials.Kind.TOKEN, lives, asked.label)
        request.record(Kind.TOKEN, act="make", subject=str(issued.number))
    return said({"number": issued.number, "secret": issued.secret, "expires_at": issued.expires_at}, 201)


def in_force(request: Request) -> Response:
    """The account's own, without their secrets."""
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        return said(credentials.tokens(cur, request.account))


def revoke(request: Request) -> Response:
    """One of the account's own ends now. Raises ProblemList (ACC-026)."""
    request.trying("revoke", request.path["number"])
    request.body(Nothing)
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        credentials.revoke_token(cur, request.account, int(request.path["number"]))
        request.record(Kind.TOKEN)
    return said({"number": int(request.path["number"])})
