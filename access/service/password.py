"""A person changes their own password: the old one proves them once more, counted before it is looked at."""

from typing import Final

from starlette.responses import Response

from access.accounts import credentials, passwords, store, throttle
from access.audit import Kind
from access.service.bodies import Body
from access.service.door import Request, said
from access.service.login import THROTTLED
from schemas.errors import Problem, ProblemList

BY_TOKEN: Final = "ACC-070"
WRONG: Final = "ACC-071"
HAS_NONE: Final = "ACC-072"


class NewPassword(Body):
    """Both as typed."""

    old: str
    new: str


def change(request: Request) -> Response:
    """Another password: every other login, session and token of the account ends.

    Raises ProblemList: ACC-003 to 005 of the new one, ACC-029, 070 to 072. A session that was stolen changes
    nothing, nor does it guess: attempts count as those to log in do.
    """
    account, parts = request.account, request.parts
    request.trying("password", account.id)
    asked = request.body(NewPassword)
    if request.credential.kind is credentials.Kind.TOKEN:
        raise ProblemList([Problem(BY_TOKEN)])
    if problems := passwords.problems(asked.new):
        raise ProblemList(problems)
    with parts.connections.borrowed() as conn:
        attempt = throttle.count(conn, account.name)
        if attempt.throttled:
            raise ProblemList([Problem(THROTTLED, params={"seconds": attempt.wait_s})])
        with conn, conn.cursor() as cur:
            kept = store.password_hash(cur, account)
    if not kept:
        raise ProblemList([Problem(HAS_NONE)])
    with parts.hashing:
        right = passwords.verify(kept, asked.old)
        after = passwords.hashed(asked.new) if right else ""
    if not right:
        raise ProblemList([Problem(WRONG)])
    request.record(Kind.ACCOUNT)
    with parts.connections.borrowed() as conn:
        with conn, conn.cursor() as cur:
            if not store.replace_password(cur, account, kept, after):  # changed in this very moment
                raise ProblemList([Problem(WRONG)])
            ended = store.revoke_all(cur, account, but=request.credential.number)
        throttle.forget(conn, account.name)
    return said({"account": account.id, "ended": ended})
