"""Coming in and going out: a password, counted before it is looked at, gives a login or a session.

The secret is always a new one: what a caller brings along is revoked, never taken over, so that nobody can
be made to log in to a session that somebody else knows.
"""

from typing import Final, NoReturn

from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from access import audit
from access.accounts import credentials, office, passwords, store, throttle
from access.accounts.account import Account
from access.accounts.credentials import Issued
from access.audit import AuditEvent, Kind
from access.service.bodies import Nothing, read
from access.service.door import COOKIE, Caller, Request, said
from access.service.parts import Parts
from schemas.days import today
from schemas.errors import Problem, ProblemList

WRONG: Final = "ACC-028"
THROTTLED: Final = "ACC-029"


class Login(BaseModel):
    """Who comes. ``account`` as typed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    account: str
    password: str


def log_in(parts: Parts, caller: Caller, content: bytes) -> Response:
    """The command line's: the secret is told in the answer."""
    account, issued = _enter(parts, caller, content, credentials.Kind.LOGIN)
    told = {"secret": issued.secret, "expires_at": issued.expires_at, "account": account.id}
    return said(told | {"name": account.name})


def open_session(parts: Parts, caller: Caller, content: bytes) -> Response:
    """A browser's: the secret is in a cookie that no script reads and no other site makes it send."""
    account, issued = _enter(parts, caller, content, credentials.Kind.SESSION)
    return in_cookie(said({"account": account.id, "expires_at": issued.expires_at}), parts, issued)


def in_cookie(response: Response, parts: Parts, issued: Issued) -> Response:
    """The response with the session's cookie; over TLS it is never sent without."""
    response.set_cookie(
        COOKIE,
        issued.secret,
        max_age=int(credentials.LIVES.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=parts.settings.access_url.startswith("https://"),
    )
    return response


def log_out(request: Request) -> Response:
    """What proved the caller proves nobody any more."""
    request.body(Nothing)
    request.record(Kind.LOGOUT)
    with request.parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        credentials.revoke(cur, request.credential)
    response = said({"account": request.account.id})
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def who_am_i(request: Request) -> Response:
    """The account as it stands, and by what it is proved."""
    return said(office.told(request.account) | {"by": request.credential.kind})


def admit(parts: Parts, account: Account, kind: credentials.Kind, caller: Caller, act: str) -> Issued:
    """A new credential for somebody who is proved; what they brought along is revoked.

    Raises ProblemList (ACC-021, ACC-022) of an account that is not in force, and puts that on record.
    """
    about = AuditEvent(Kind.LOGIN, account.id, account.unit, act=act, address=caller.address)
    code = account.fault(today())
    with parts.connections.borrowed() as conn:
        if code:
            refuse(parts, code, caller, account, act)
        audit.record(conn, [about])
        with conn, conn.cursor() as cur:
            before, _ = credentials.prove(cur, caller.secret) if caller.secret else (None, "")
            if before is not None:
                credentials.revoke(cur, before)
            return credentials.issue(cur, account, kind)


def refuse(
    parts: Parts, code: str, caller: Caller, account: Account | None, act: str, **params: int
) -> NoReturn:
    """Put a refused login on record and raise it."""
    known = {"account": account.id, "unit": account.unit} if account else {}
    event = AuditEvent(Kind.REFUSED, act=act, code=code, address=caller.address, **known)
    with parts.connections.borrowed() as conn:
        audit.record(conn, [event])
    raise ProblemList([Problem(code, params=params)])


def _enter(parts: Parts, caller: Caller, content: bytes, kind: credentials.Kind) -> tuple[Account, Issued]:
    typed, act = read(content, Login), "login"
    with parts.connections.borrowed() as conn:
        attempt = throttle.count(conn, typed.account)
    if attempt.throttled:
        problem = Problem(THROTTLED, params={"seconds": attempt.wait_s})
        if attempt.number > throttle.LIMIT + 1:  # of a flood the first is on record, all are counted
            raise ProblemList([problem])
        refuse(parts, THROTTLED, caller, None, act, seconds=attempt.wait_s)
    with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        account = store.by_name(cur, typed.account)
        kept = store.password_hash(cur, account) if account else ""
    with parts.hashing:
        right = passwords.verify(kept, typed.password)
    if account is None or not right:
        refuse(parts, WRONG, caller, account, act)
    with parts.connections.borrowed() as conn:
        throttle.forget(conn, typed.account)
    return account, admit(parts, account, kind, caller, act)
