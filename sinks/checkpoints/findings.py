"""What an audit finds: a code of the catalogue, the chain, the range. Pure."""

from dataclasses import asdict, dataclass
from typing import Any

from schemas.errors import Problem, SourceLocation


@dataclass(frozen=True, order=True)
class Finding:
    """``first`` and ``last`` are sequence numbers of the chain ``subject`` of a topic; offsets where a
    partition is the subject; numbers of checkpoints where there is no topic. ``place``: where it lies."""

    code: str
    topic: str
    subject: str
    first: int
    last: int
    place: str = ""

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """What an acceptance names it by."""
        return self.code, self.topic, self.subject, self.first, self.last

    @property
    def problem(self) -> Problem:
        """As an error of the catalogue."""
        where = self.place or f"{self.topic} · {self.subject}"
        params = {"topic": self.topic, "subject": self.subject, "first": self.first, "last": self.last}
        return Problem(self.code, SourceLocation(where), params)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        vi, en = self.problem.messages()
        return asdict(self) | {"message_vi": vi, "message_en": en}
