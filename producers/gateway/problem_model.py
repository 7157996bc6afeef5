"""A refusal as the description of the API has it (RFC 9457); ``problems`` makes what is sent."""

from typing import Any, Final

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema


class ProblemPlace(BaseModel):
    """Where a problem stands; empty, 0 where that is unknown or does not apply."""

    file: str
    sheet: str
    row: int = Field(ge=0, description="Counts from 1")
    field: str


class ProblemFound(BaseModel):
    """One problem that the sender can mend."""

    code: str = Field(description="/v1/errors says what it means")
    message_vi: str
    message_en: str
    place: ProblemPlace
    pointer: str = Field(description="JSON pointer (RFC 6901) into a body that is JSON")


class GoOn(BaseModel):
    """How a reader of the feed goes on that cannot from its place."""

    events: str = Field(description="Where to begin anew")
    kept_since: str | None = Field(description="Time of the oldest event that is kept")
    pushes: list[str] = Field(description="Ids of pushes whose status to ask")
    more_pushes: bool = Field(description="There are others: ask the school's datasets")


class Problem(BaseModel):
    """A refusal: nothing was done, or (retryable) what was done is told to the same request again."""

    type: str = Field(description="urn:csdl: and the code")
    title: str = Field(description="What to do, in Vietnamese")
    title_en: str
    status: int
    code: str = Field(description="Of the first problem; stable")
    retryable: bool = Field(description="The same request with the same Idempotency-Key may succeed later")
    problems: list[ProblemFound] = Field(description="All of them, at most 1,000")
    go_on: GoOn | None = Field(None, description="Of GATE-081 and GATE-082; else it is not there")


def _schemas() -> dict[str, Any]:
    _, made = models_json_schema([(Problem, "serialization")], ref_template="#/components/schemas/{model}")
    found: dict[str, Any] = made["$defs"]
    return found


SCHEMAS: Final = _schemas()
"""Name of a component → its schema."""
