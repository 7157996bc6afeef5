"""The one catalogue of errors: a stable code, the place, and what to do in both languages.

The texts are data (``errors.csv``). A text never holds a person's value: its ``{placeholders}`` are filled
with names of fields, codes of lists, counts and file names only.
"""

import csv
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final

SHOWN: Final = 500
"""Characters of a text from elsewhere that an error repeats: a file must not be able to make it long."""


def shown(text: str) -> str:
    """A text from elsewhere as an error may repeat it."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


@dataclass(frozen=True)
class SourceLocation:
    """Where an error stands. ``row`` counts from 1; empty parts are unknown or do not apply.

    ``pointer``: of a file of JSON, the JSON pointer of what is at fault; where a line is a value of its own
    (``row``), within that.

    Its texts come from the file at fault, so they are cut.
    """

    file: str = ""
    sheet: str = ""
    row: int = 0
    field: str = ""
    pointer: str = ""

    def __post_init__(self) -> None:
        for name in ("file", "sheet", "field", "pointer"):
            object.__setattr__(self, name, shown(getattr(self, name)))

    def __str__(self) -> str:
        parts = [self.file, self.sheet, f"dòng {self.row}" if self.row else "", self.field]
        return " · ".join(p for p in parts if p)


@dataclass(frozen=True)
class Problem:
    """One error a user can mend."""

    code: str
    place: SourceLocation = SourceLocation()
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code} {' / '.join(self.messages())}"

    def messages(self) -> tuple[str, str]:
        """(Vietnamese, English)."""
        params = {name: shown(p) if isinstance(p, str) else p for name, p in self.params.items()}
        return message(self.code, **params)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        vi, en = self.messages()
        p = self.place
        return {
            "code": self.code,
            "file": p.file,
            "sheet": p.sheet,
            "row": p.row,
            "field": p.field,
            "pointer": p.pointer,
            "message_vi": vi,
            "message_en": en,
        }


class ProblemList(Exception):
    """All errors of one piece of work at once."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(", ".join(sorted({p.code for p in problems})))
        self.problems = problems


@cache
def catalogue() -> dict[str, tuple[str, str]]:
    """code → (Vietnamese, English) template."""
    text = files("schemas").joinpath("errors.csv").read_text(encoding="utf-8")
    return {row["code"]: (row["message_vi"], row["message_en"]) for row in csv.DictReader(text.splitlines())}


def message(code: str, **params: Any) -> tuple[str, str]:
    """(Vietnamese, English) text of a code. Raises KeyError for a code that is not in the catalogue."""
    vi, en = catalogue()[code]
    return vi.format(**params), en.format(**params)
