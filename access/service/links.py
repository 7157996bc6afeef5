"""The page of a link that shows a secret once, for a browser; the same in JSON for the command line.

Looking is free: only a POST that says ``confirm`` opens it. No cache keeps the page, no other site is told of
it, nothing of another site is loaded.
"""

import html
from typing import Final
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict
from starlette.responses import HTMLResponse, Response

from access import audit
from access.audit import AuditEvent, Kind
from access.credentials import first_login, links, store
from access.credentials.links import Shown
from access.credentials.worth import Credential
from access.service.bodies import read
from access.service.door import STATUS, Caller, said
from access.service.parts import Parts
from runtime import metrics
from schemas.errors import Problem, ProblemList

NOT_CONFIRMED: Final = "KEY-023"

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
}
_PAGE: Final = """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><title>CSDL</title>
<meta name="viewport" content="width=device-width">
<style>body {{ font: 1rem sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}
code {{ overflow-wrap: anywhere; background: #eee; padding: .2rem }}</style></head>
<body>{body}</body></html>
"""


class Confirmed(BaseModel):
    """Somebody wants to see it, and knows that it is seen once."""

    model_config = ConfigDict(extra="forbid", strict=True)

    confirm: bool = False


def look(parts: Parts, caller: Caller, _: bytes) -> Response:
    """What the link would show, and a button. GET and HEAD spend nothing."""
    try:
        with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
            credential = links.look(cur, caller.path["token"])
    except ProblemList as refused:
        return _refused(refused.problems)
    return _page(_whose(credential) + _BUTTON)


def open_(parts: Parts, caller: Caller, content: bytes) -> Response:
    """Show the secret, on record, once it lets in. Raises ProblemList: KEY-020 to 023; KEY-102 to 105."""
    as_page, confirmed = _asked(content)
    try:
        shown = _open(parts, caller, confirmed)
    except ProblemList as refused:
        if as_page:
            return _refused(refused.problems)
        raise
    if as_page:
        return _page(_whose(shown.credential) + _secret(shown))
    one = shown.credential
    told = {"number": one.number, "vendor": one.vendor, "school": one.school, "name": one.name}
    response = said(told | {"kind": one.kind, "test": one.test, "user": shown.user, "secret": shown.secret})
    response.headers.update(HEADERS)
    return response


def _open(parts: Parts, caller: Caller, confirmed: bool) -> Shown:
    about = AuditEvent(Kind.KEY, act="open", address=caller.address)
    try:
        if not confirmed:
            raise ProblemList([Problem(NOT_CONFIRMED)])
        with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
            shown = links.open_(cur, caller.path["token"], caller.address, parts.keys)
            _record(parts, about, shown.credential)
    except ProblemList as refused:
        with parts.connections.borrowed() as conn:
            with conn, conn.cursor() as cur:
                whose = links.whose(cur, caller.path["token"])
            code = refused.problems[0].code
            # Of a token that nobody made nothing is kept; nor may a scanner that comes again fill the table.
            if whose is not None and parts.refusals.due(whose.number, code, caller.address):
                _record(parts, about, whose, code)
        raise
    if shown.user and parts.settings.kafka_user:
        first_login.wait(parts.settings, shown.user, shown.secret, lambda: _is_placed(parts, shown))
    return shown


def _is_placed(parts: Parts, shown: Shown) -> bool:
    with parts.connections.borrowed() as conn, conn, conn.cursor() as cur:
        return store.is_placed(cur, shown.credential.number)


def _record(parts: Parts, about: AuditEvent, whose: Credential, code: str = "") -> None:
    kind = Kind.REFUSED if code else Kind.KEY
    event = AuditEvent(kind, act=about.act, subject=whose.subject, code=code, address=about.address)
    with parts.connections.borrowed() as conn:
        audit.record(conn, [event])


def _asked(content: bytes) -> tuple[bool, bool]:
    """(by a browser's form, confirmed). Raises ProblemList (ACC-041)."""
    if content.lstrip().startswith(b"{"):
        return False, read(content, Confirmed).confirm
    form = parse_qs(content.decode("utf-8", "replace"))
    return True, form.get("confirm") == ["yes"]


_BUTTON: Final = """<p>Bí mật chỉ hiện <b>một lần</b>. Chép vào nơi an toàn trước khi đóng trang.<br>
<small>The secret is shown <b>once</b>. Have a safe place for it ready.</small></p>
<form method="post"><input type="hidden" name="confirm" value="yes">
<button type="submit">Hiện bí mật — show the secret</button></form>
"""


def _whose(credential: Credential) -> str:
    kind = "khóa thử nghiệm — test key" if credential.test else "khóa — key"
    said_of = f"{credential.vendor} · {credential.school} · {credential.name} · {kind} {credential.handle}"
    return f"<h1>CSDL</h1><p>{html.escape(said_of)}</p>\n"


def _secret(shown: Shown) -> str:
    user = f"<p>Người dùng Kafka — Kafka user: <code>{html.escape(shown.user)}</code></p>"
    return (user if shown.user else "") + f"<p><code>{html.escape(shown.secret)}</code></p>"


def _refused(problems: list[Problem]) -> Response:
    """The same codes and texts as in JSON."""
    for each in problems:
        metrics.ACCESS_REFUSED.labels(each.code).inc()
    lines = [f"<p>{html.escape(text)}</p>" for each in problems for text in (each.code, *each.messages())]
    return _page("\n".join(lines), STATUS.get(problems[0].code, 400))


def _page(body: str, status: int = 200) -> Response:
    return HTMLResponse(_PAGE.format(body=body), status, HEADERS)
