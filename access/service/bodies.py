"""What a request may say: a body that is bounded, and of its form."""

from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request as HttpRequest

from schemas.errors import Problem, ProblemList, SourceLocation

MAX_BODY: Final = 256 * 1024
NOT_ITS_FORM: Final = "ACC-041"
TOO_LARGE: Final = "ACC-042"

B = TypeVar("B", bound=BaseModel)


class Body(BaseModel):
    """What a request may say. ``unit``, ``role`` and ``account`` may be repeated; they decide nothing, and
    others than the account's are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    unit: str = ""
    role: str = ""
    account: str = ""


class Nothing(Body):
    """A request without a body of its own."""


async def taken(http: HttpRequest, most: int) -> bytes:
    """The body, bounded. Raises ProblemList (ACC-042)."""
    found = bytearray()
    async for chunk in http.stream():
        found += chunk
        if len(found) > most:
            raise ProblemList([Problem(TOO_LARGE, params={"most": most})])
    return bytes(found)


def read(content: bytes, form: type[B]) -> B:
    """A body of its form. Raises ProblemList: ACC-041 for each field that is wrong, never its value."""
    try:
        return form.model_validate_json(content or b"{}")
    except ValidationError as wrong:
        names = dict.fromkeys(".".join(map(str, fault["loc"])) or "body" for fault in wrong.errors())
        raise ProblemList([field_problem(NOT_ITS_FORM, name) for name in names]) from None


def field_problem(code: str, name: str) -> Problem:
    """A problem of one field, by its name."""
    return Problem(code, SourceLocation(field=name), {"field": name[:100]})
