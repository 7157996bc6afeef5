"""``/v1/rules``, ``/v1/codelists``, ``/v1/layouts``, ``/v1/errors``: what a vendor's technician looks up.

The same for everybody and nothing about a person, so nobody is asked for a key. An answer changes only with
the product: it has an ETag over its bytes, and whoever holds it already is told so (304).
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi import Path as InPath
from pydantic import AfterValidator, BaseModel, WithJsonSchema

from producers.gateway import book_pages as pages
from producers.gateway.openapi import headers, refuses
from producers.gateway.parts import Parts
from producers.gateway.sender import parts
from producers.layouts import Library, library
from schemas.contracts.contracts import record_types
from schemas.errors import Problem, ProblemList

NOT_IN_BOOK: Final = "GATE-090"

CACHE: Final = "public, max-age=300"
"""A mended book is seen within five minutes; after that whoever holds one asks by its ETag."""

CACHED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "As of now", "headers": headers("ETag", "Cache-Control")},
    304: {"description": "What the client holds is as of now", "headers": headers("ETag", "Cache-Control")},
}

router = APIRouter(tags=["books"])


@dataclass(frozen=True)
class _Page:
    body: bytes
    etag: str


def _known_type(name: str) -> str:
    if name not in record_types():
        raise ValueError(f"one of {', '.join(record_types())}")
    return name


RecordTypeName = Annotated[
    str, AfterValidator(_known_type), WithJsonSchema({"type": "string", "enum": list(record_types())})
]
Name = Annotated[str, InPath(max_length=60, pattern=r"^[A-Za-z0-9_-]+$")]
Its = Annotated[Parts, Depends(parts)]
Held = Annotated[
    str | None, Header(alias="If-None-Match", max_length=1000, description="ETags of what the client holds")
]


@router.get(
    "/v1/rules",
    operation_id="listRules",
    summary="Bộ quy tắc kiểm tra — validation rules",
    response_model=pages.RulePage,
    responses=CACHED,
)
def rules(
    record_type: Annotated[RecordTypeName | None, Query(description="Of this record type alone")] = None,
    severity: Annotated[Literal["block", "warn"] | None, Query(description="Of this one alone")] = None,
    if_none_match: Held = None,
) -> Response:
    """What each rule asks for, when it is judged, what is said and what follows where it is not kept."""
    return _answer(_rules(record_type, severity), if_none_match)


@router.get(
    "/v1/rules/{rule_id}",
    operation_id="getRule",
    summary="Một quy tắc kiểm tra — one validation rule",
    response_model=pages.RuleShown,
    responses=CACHED,
    openapi_extra=refuses(NOT_IN_BOOK),
)
def rule(
    rule_id: Annotated[Name, InPath(description="Its id", examples=["HS-103"])], if_none_match: Held = None
) -> Response:
    """The rule that an answer names."""
    return _answer(_named(_rule, rule_id), if_none_match)


@router.get(
    "/v1/codelists",
    operation_id="listCodeLists",
    summary="Các danh mục mã — code lists",
    response_model=pages.CodeListPage,
    responses=CACHED,
)
def codelists(if_none_match: Held = None) -> Response:
    """Every code list, how many codes it has and which fields hold them."""
    return _answer(_codelists(), if_none_match)


@router.get(
    "/v1/codelists/{name}",
    operation_id="getCodeList",
    summary="Một danh mục mã — one code list",
    response_model=pages.CodeListShown,
    responses=CACHED,
    openapi_extra=refuses(NOT_IN_BOOK),
)
def codelist(
    name: Annotated[Name, InPath(description="Its name", examples=["GIOI_TINH"])], if_none_match: Held = None
) -> Response:
    """A code list with its codes."""
    return _answer(_named(_codelist, name), if_none_match)


@router.get(
    "/v1/layouts",
    operation_id="listLayouts",
    summary="Các mẫu tệp đã biết — layouts of files that are known",
    response_model=pages.LayoutPage,
    responses=CACHED,
)
def layouts(its: Its, if_none_match: Held = None) -> Response:
    """Every layout: what it is, what it carries, whether and by whom it is sent."""
    return _answer(_layouts(its.settings.layouts_dir), if_none_match)


@router.get(
    "/v1/layouts/{name}",
    operation_id="getLayout",
    summary="Một mẫu tệp — one layout with its columns",
    response_model=pages.LayoutShown,
    responses=CACHED,
    openapi_extra=refuses(NOT_IN_BOOK),
)
def layout(
    its: Its,
    name: Annotated[Name, InPath(description="Its name", examples=["vnedu_student_list_38"])],
    if_none_match: Held = None,
) -> Response:
    """A layout with its columns, which are found by their captions."""
    folder = its.settings.layouts_dir
    return _answer(_named(lambda wanted: _layout(folder, wanted), name), if_none_match)


@router.get(
    "/v1/errors",
    operation_id="listErrors",
    summary="Các mã lỗi — codes of errors",
    response_model=pages.ErrorPage,
    responses=CACHED,
)
def errors(if_none_match: Held = None) -> Response:
    """Every code that an answer may name, with its texts; rules have their own book."""
    return _answer(_errors(), if_none_match)


@router.get(
    "/v1/openapi.json",
    operation_id="getDescription",
    summary="Mô tả API — this description, OpenAPI 3.1",
    response_model=dict[str, Any],
    responses=CACHED,
)
def description(request: Request, if_none_match: Held = None) -> Response:
    """The same as docs/openapi.yaml."""
    return _answer(_description(request.app), if_none_match)


def _answer(page: _Page, held: str | None) -> Response:
    headers = {"ETag": page.etag, "Cache-Control": CACHE}
    if held is not None and _holds(held, page.etag):
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type="application/json", headers=headers)


def _holds(held: str, etag: str) -> bool:
    """Whether an If-None-Match names the page (RFC 9110, 13.1.2: compared weakly)."""
    return held.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in held.split(",")}


def _named(look: Callable[[str], _Page], name: str) -> _Page:
    try:
        return look(name)
    except KeyError:
        raise ProblemList([Problem(NOT_IN_BOOK, params={"name": name})]) from None


def _page(shown: BaseModel) -> _Page:
    return _paged(shown.model_dump_json().encode())


def _paged(body: bytes) -> _Page:
    return _Page(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


@lru_cache
def _rules(record_type: str | None, severity: str | None) -> _Page:
    return _page(pages.rule_page(record_type, severity))


@cache
def _rule(rule_id: str) -> _Page:
    return _page(pages.rule(rule_id))


@lru_cache
def _codelists() -> _Page:
    return _page(pages.codelist_page())


@cache
def _codelist(name: str) -> _Page:
    return _page(pages.codelist(name))


@lru_cache
def _layouts(folder: Path) -> _Page:
    return _page(pages.layout_page(_library(folder)))


@cache
def _layout(folder: Path, name: str) -> _Page:
    return _page(pages.layout(_library(folder), name))


@lru_cache
def _errors() -> _Page:
    return _page(pages.error_page())


@lru_cache
def _description(app: FastAPI) -> _Page:
    return _paged(json.dumps(app.openapi(), ensure_ascii=False).encode())


def _library(folder: Path) -> Library:
    return library() if folder == Path() else library(folder)
