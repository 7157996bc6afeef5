"""The API's own description, OpenAPI 3.1: made of the endpoints, served by them, kept as docs/openapi.yaml.

An endpoint says what only it knows (summary, parameters, body, answers, ``refuses``); what holds for all of
them is added here: the security scheme, the refusals of the entrance, headers, an example of each answer.
"""

import json
from collections.abc import Sequence
from string import Formatter
from typing import Any, Final

import yaml
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from producers.gateway import problems
from producers.gateway.openapi_examples import example
from producers.gateway.problem_model import SCHEMAS
from schemas.errors import Problem, catalogue

VERSION: Final = "1.1.0"
"""Of the API (docs/api.md): another with every change that a client could see."""

CODES: Final = "x-codes"
ALWAYS: Final = "x-headers"
KEY: Final = "key"
PRINTED: Final = "^[^\\x00-\\x1f\\x7f]*$"
"""Of any parameter: the entrance takes no control characters."""
METHODS: Final = frozenset({"get", "post", "put", "delete", "patch"})

EVERYWHERE: Final = (
    problems.KEY_IN_QUERY,
    problems.UNKNOWN_PARAMETER,
    problems.WRONG_PARAMETER,
    problems.TWICE,
    problems.TOO_LONG,
    problems.LONG_HEADERS,
    problems.FULL,
    problems.FAILED,
)
WITH_NAME: Final = (problems.NO_PATH,)
"""A name with control characters leads nowhere."""
WITHOUT_BODY: Final = (problems.NO_BODY_HERE,)
WITH_BODY: Final = (problems.TOO_LARGE, problems.TOO_SLOW, problems.TOO_MANY_BODIES)
BY_KEY: Final = (problems.NO_KEY, *(f"KEY-{n}" for n in range(101, 113)), problems.DATABASE_AWAY)

DESCRIPTION: Final = """\
Nhà cung cấp phần mềm đẩy hồ sơ của trường và theo dõi kết quả — vendors push schools' records and follow
what came of them. Guide: docs/guide.md. What may change within a version, and how it ends: docs/api.md.

Every refusal is `application/problem+json` (RFC 9457) with a stable code, both texts, the place of each
problem, and `retryable`: whether the same request with the same Idempotency-Key may succeed later. New codes
may come at any time: a client goes by the status and `retryable`, and shows the texts.
"""

TAGS: Final = (
    {"name": "key", "description": "Khóa — what a key may do"},
    {"name": "pushes", "description": "Lần đẩy — send records, and what came of them"},
    {"name": "schools", "description": "Trường — where a school's data stand"},
    {"name": "events", "description": "Sự kiện — what became of pushes, as a feed"},
    {"name": "books", "description": "Tra cứu — rules, code lists, layouts, codes of errors; without a key"},
)

HEADERS: Final = {
    "ETag": {"description": "Of exactly these bytes, for If-None-Match", "schema": {"type": "string"}},
    "Cache-Control": {"description": "How long it may be kept (RFC 9111)", "schema": {"type": "string"}},
    "Content-Disposition": {
        "description": "Of a workbook: the name that it is kept under",
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Where what came of the push is told",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the same request",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {"description": "Always Bearer", "schema": {"type": "string"}},
    "Allow": {"description": "Methods that the path takes", "schema": {"type": "string"}},
    "Idempotency-Replayed": {
        "description": "true: this is the answer of an earlier request under the same Idempotency-Key",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit": {
        "description": "Records that are left of this minute (r), and seconds until it ends (t), "
        "as of draft-ietf-httpapi-ratelimit-headers-10; once the key is proved",
        "schema": {"type": "string"},
        "example": '"records";r=29770;t=60',
    },
    "RateLimit-Policy": {
        "description": "Records (q) that a vendor may push for a school in so many seconds (w)",
        "schema": {"type": "string"},
        "example": '"records";q=30000;w=60;qu="records"',
    },
}


HEADERS_OF: Final = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
"""Status → headers of a refusal with it."""


def refuses(*codes: str) -> dict[str, Any]:
    """For an endpoint's ``openapi_extra``: codes that it alone refuses a request with. ``FILE-*``: all of a
    family."""
    return {CODES: list(codes)}


def every_answer(*names: str) -> dict[str, Any]:
    """For an endpoint's ``openapi_extra``: headers of whatever it answers, refusals too."""
    return {ALWAYS: names}


def headers(*names: str) -> dict[str, Any]:
    """For an answer in an endpoint's ``responses``: headers that it has."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def document(by_key: Sequence[APIRoute], public: Sequence[APIRoute]) -> dict[str, Any]:
    """The description of these endpoints."""
    made = get_openapi(
        title="CSDL push API",
        version=VERSION,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=[*by_key, *public],
        tags=list(TAGS),
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route in (*by_key, *public):
        own: Any = getattr(route.response_model, "model_config", {}).get("json_schema_extra", {})
        if "examples" in own:  # FastAPI leaves every null out of them
            schemas[route.response_model.__name__]["examples"] = own["examples"]
    schemas |= SCHEMAS
    components["schemas"] = dict(sorted(schemas.items()))
    components["examples"] = {}
    components["headers"] = HEADERS
    components["securitySchemes"] = {
        KEY: {"type": "http", "scheme": "bearer", "description": "Khóa do nhà trường cấp — the school's key"}
    }
    open_paths = {route.path_format for route in public}
    for path, item in made["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                keyed = path not in open_paths
                operation["security"] = [{KEY: []}] if keyed else []
                of_door = (
                    *EVERYWHERE,
                    *(BY_KEY if keyed else ()),
                    *(WITH_NAME if "{" in path else ()),
                    *(WITH_BODY if method == "post" else WITHOUT_BODY),
                )
                _complete(made, operation, of_door)
    components["examples"] = dict(sorted(components["examples"].items()))
    return made


def render(made: dict[str, Any]) -> str:
    """Text of docs/openapi.yaml."""
    said = yaml.dump(made, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return f"# Printed from producers/gateway by `csdl docs`; do not edit.\n{said}"


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Lines of a text stay lines; what is said twice is written twice (no anchors)."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _complete(made: dict[str, Any], operation: dict[str, Any], of_door: Sequence[str]) -> None:
    operation["parameters"] = [_sent(parameter) for parameter in operation.get("parameters", ())]
    operation["description"] = operation.get("description", "").partition("Raises ")[0].strip()
    responses = operation["responses"]
    if "HTTPValidationError" in json.dumps(responses.get("422", {})):
        del responses["422"]
    for answer in responses.values():
        for media, content in answer.get("content", {}).items():
            if media.endswith("json") and not {"example", "examples"} & content.keys():
                content["example"] = example(made, content["schema"])
    for status, refused in sorted(_by_status([*operation.pop(CODES, ()), *of_door]).items()):
        responses[str(status)] = _refusal(made, status, refused)
    if always := headers(*operation.pop(ALWAYS, ())):
        for answer in responses.values():
            answer["headers"] = answer.get("headers", {}) | always
    operation["responses"] = dict(sorted(responses.items()))


def _sent(parameter: dict[str, Any]) -> dict[str, Any]:
    """A parameter as it is sent: one that may be absent is absent, not null."""
    schema = {
        name: said for name, said in parameter["schema"].items() if name not in ("title", "description")
    }
    if "anyOf" in schema:
        given = [variant for variant in schema.pop("anyOf") if variant != {"type": "null"}]
        schema = {**(given[0] if len(given) == 1 else {"anyOf": given}), **schema}
    if (
        parameter["in"] != "header"
        and schema.get("type") == "string"
        and not {"pattern", "enum"} & schema.keys()
    ):
        schema["pattern"] = PRINTED
    return {**parameter, "schema": schema}


def _by_status(codes: Sequence[str]) -> dict[int, list[str]]:
    """Codes of a family that have a status of their own stand under that one."""
    families = tuple(code.removesuffix("*") for code in codes if code.endswith("*"))
    own = (code for code in problems.STATUS if code.startswith(families)) if families else ()
    found: dict[int, list[str]] = {}
    for code in dict.fromkeys((*codes, *own)):
        found.setdefault(problems.status(code), []).append(code)
    return {status: sorted(same) for status, same in found.items()}


def _refusal(made: dict[str, Any], status: int, codes: list[str]) -> dict[str, Any]:
    single = [code for code in codes if not code.endswith("*")]
    families = [code.removesuffix("*") for code in codes if code.endswith("*")]
    named: list[dict[str, Any]] = [{"enum": single}] if single else []
    named += [{"pattern": f"^{family}"} for family in families]
    own = {
        "properties": {"status": {"const": status}, "code": named[0] if len(named) == 1 else {"anyOf": named}}
    }
    shown = single or [_first_of(families[0])]
    made["components"]["examples"] |= {code: {"value": _example(code)} for code in shown}
    content = {
        "schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, own]},
        "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in shown},
    }
    answer: dict[str, Any] = {"description": ", ".join(codes)}
    if named_headers := HEADERS_OF.get(status):
        answer["headers"] = headers(*named_headers)
    return {**answer, "content": {"application/problem+json": content}}


def _first_of(family: str) -> str:
    return next(code for code in sorted(catalogue()) if code.startswith(family))


def _example(code: str) -> dict[str, Any]:
    """As it is sent, with "…" for whatever varies."""
    names = {name for text in catalogue()[code] for _, name, _, _ in Formatter().parse(text) if name}
    return problems.example(Problem(code, params=dict.fromkeys(names, "…")))
