"""What several answers of the gateway are made of."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, PlainSerializer

from producers.gateway.answers import rfc3339
from producers.preflight import explain

Time = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]
"""A moment; in JSON as RFC 3339 has it, in UTC."""


class Said(BaseModel):
    """A code and its texts."""

    code: str
    message_vi: str
    message_en: str

    @classmethod
    def of(cls, code: str) -> "Said":
        """Of a rule, or of an error without what varies in its text."""
        vi, en = explain(code)
        return cls(code=code, message_vi=vi, message_en=en)
