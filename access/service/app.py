"""The service's doors, in one table."""

from collections.abc import Callable
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from access.documents.signed_pdf import MAX_BYTES
from access.service import (
    campaigns,
    confirmation,
    conformity,
    connection,
    credentials,
    documents,
    grant_forms,
    grants,
    grants_shown,
    links,
    login,
    openid,
    organisation,
    password,
    removals,
    tokens,
)
from access.service.bodies import MAX_BODY
from access.service.confirmation import NO_DOOR
from access.service.door import Door, Entrance, problem, proved, unproved
from access.service.parts import Parts
from schemas.errors import Problem

ENTRANCES: Final[tuple[tuple[str, str, Entrance], ...]] = (
    ("POST", "/v1/login", login.log_in),
    ("POST", "/v1/session", login.open_session),
    ("GET", "/v1/openid/begin", openid.begin),
    ("GET", "/v1/openid/callback", openid.finish),
    ("GET", "/v1/links/{token}", links.look),
    ("POST", "/v1/links/{token}", links.open_),
    ("POST", "/v1/connection", connection.check),
)
"""For those who come to be proved."""

DOORS: Final[tuple[tuple[str, str, Door], ...]] = (
    ("POST", "/v1/logout", login.log_out),
    ("GET", "/v1/whoami", login.who_am_i),
    ("POST", "/v1/password", password.change),
    ("GET", "/v1/tokens", tokens.in_force),
    ("POST", "/v1/tokens", tokens.make),
    ("DELETE", "/v1/tokens/{number:int}", tokens.revoke),
    ("GET", "/v1/datasets/{dataset}", confirmation.show),
    ("POST", "/v1/datasets/{dataset}/acts/{act}", confirmation.act),
    ("POST", "/v1/datasets/{dataset}/removals", removals.ask),
    ("POST", "/v1/datasets/{dataset}/removals/{removal}/consent", removals.consent),
    ("POST", "/v1/campaigns", campaigns.open_campaign),
    ("POST", "/v1/documents", documents.receive),
    ("GET", "/v1/grants", grants_shown.waiting),
    ("GET", "/v1/grants/{school}", grants_shown.of_school),
    ("POST", "/v1/grants/requests", grant_forms.ask),
    ("POST", "/v1/grants/batches", grant_forms.batch),
    ("POST", "/v1/grants/acts/{act}", grants.many),
    ("POST", "/v1/grants/{vendor}/{school}/{act}", grants.act),
    ("GET", "/v1/credentials", credentials.listed),
    ("POST", "/v1/credentials", credentials.make),
    ("POST", "/v1/credentials/{number:int}/rotate", credentials.rotate),
    ("POST", "/v1/credentials/{number:int}/{act}", credentials.act),
    ("GET", "/v1/conformity", conformity.listed),
    ("POST", "/v1/conformity", conformity.look),
    ("POST", "/v1/organisation/imports", organisation.import_units),
    ("POST", "/v1/vendors/{vendor}/{act}", grants.of_level),
)
"""Behind the proof of who calls."""

LARGE: Final = {
    "/v1/organisation/imports": organisation.MAX_BODY,
    "/v1/documents": MAX_BYTES,
    "/v1/grants/batches": grant_forms.MAX_BODY,
}
"""Doors whose requests may be larger than others', once it is proved who asks."""


def app(parts: Parts) -> Starlette:
    """The ASGI application."""
    endpoints: list[tuple[str, str, Callable[[HttpRequest], Any]]] = [
        (method, path, unproved(parts, entrance)) for method, path, entrance in ENTRANCES
    ]
    endpoints += [
        (method, path, proved(parts, door, LARGE.get(path, MAX_BODY))) for method, path, door in DOORS
    ]
    routes = [Route(path, endpoint, methods=[method]) for method, path, endpoint in endpoints]
    return Starlette(routes=routes, exception_handlers={404: _no_door, 405: _no_door})


async def _no_door(_: HttpRequest, __: Exception) -> Response:
    return problem([Problem(NO_DOOR)])
