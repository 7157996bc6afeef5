"""The gateway's paths: one module a path, its endpoints in ``router``."""

from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response

from producers.gateway import books, datasets, errors, events, openapi, own_key, problems, pushing, status
from producers.gateway.entrance import Entrance
from producers.gateway.limits import Limits
from producers.gateway.parts import Parts

BY_KEY: Final[tuple[ModuleType, ...]] = (own_key, pushing, status, errors, datasets, events)
"""For whoever shows a key."""

PUBLIC: Final[tuple[ModuleType, ...]] = (books,)
"""What is told to anybody: it holds nothing of a school."""


def app(
    parts: Parts, by_key: Sequence[ModuleType] = BY_KEY, public: Sequence[ModuleType] = PUBLIC
) -> FastAPI:
    """The ASGI application of some modules."""
    # ``books`` serves the API's description; the pages that FastAPI makes load scripts from elsewhere.
    made = FastAPI(
        title="CSDL",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={RequestValidationError: _not_of_its_form},
    )
    made.state.parts = parts
    for module in (*by_key, *public):
        made.include_router(module.router)
    made.openapi = description  # type: ignore[method-assign]
    made.add_middleware(Limits, parts=parts)
    made.add_middleware(Entrance, parts=parts, by_key=routes(by_key), public=routes(public))
    return made


@cache
def description() -> dict[str, Any]:
    """The API as OpenAPI 3.1; ``books`` serves it."""
    return openapi.document(routes(BY_KEY), routes(PUBLIC))


def document() -> str:
    """Text of docs/openapi.yaml."""
    return openapi.render(description())


def routes(modules: Sequence[ModuleType]) -> list[APIRoute]:
    """The endpoints of some modules."""
    return [route for module in modules for route in module.router.routes if isinstance(route, APIRoute)]


async def _not_of_its_form(_: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    return problems.answer(problems.of_validation(fault))
