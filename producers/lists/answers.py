"""What the sender says of single columns by their captions: ``CAPTION=FIELD``."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from producers.layouts import Column, Library
from producers.layouts.layout import LEVELS
from producers.layouts.vocabulary import plain
from producers.lists.mapping import Mapped
from schemas.contracts.contracts import record_types
from schemas.errors import Problem, SourceLocation, shown

NO_SUCH_COLUMN: Final = "FILE-045"
NO_SUCH_FIELD: Final = "FILE-046"
NO_ANSWER: Final = "FILE-047"

_OF_A_PART: Final = ("part", "name_part", "word", "tick", "skip", "unsent", "constant")
"""Formats in which a column says less than its field."""


@dataclass
class Answers:
    """(caption, field or Type.field) each; ``used``: captions that a column of some list has, filled in as
    lists are read."""

    given: Sequence[tuple[str, str]] = ()
    used: set[str] = field(default_factory=set)

    def of(self, m: Mapped, record_type: str) -> str | None:
        """The field that the sender says a column of a list of this type is."""
        said = next((f for caption, f in self.given if _same(caption, m)), None)
        if said is None:
            return None
        of_type, _, name = said.rpartition(".")
        return name if of_type in ("", record_type) else None

    def unused(self, place: SourceLocation) -> list[Problem]:
        """Answers for captions that no list has."""
        return [
            Problem(NO_SUCH_COLUMN, place, {"column": shown(caption), "field": field})
            for caption, field in self.given
            if caption and field and caption not in self.used
        ]

    def use(self, m: Mapped) -> None:
        """A column is read as the sender says."""
        self.used |= {caption for caption, _ in self.given if _same(caption, m)}


def _same(caption: str, m: Mapped) -> bool:
    levels = LEVELS.join(map(plain, m.path))
    return LEVELS.join(map(plain, caption.split(LEVELS.strip()))) == levels


def parsed(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """``caption=field`` each; a caption may have ``=`` in it. Without one the field is blank."""
    cut = (text.rpartition("=") if "=" in text else (text, "", "") for text in texts)
    return tuple((caption.strip(), said.strip()) for caption, _, said in cut)


def problems(given: Sequence[tuple[str, str]], library: Library) -> list[Problem]:
    """Answers that say nothing, name a field that no list has, or are given twice."""
    times = Counter(plain(caption) for caption, _ in given)
    found = [
        Problem(NO_ANSWER, params={"answer": shown(f"{caption}={field}")})
        for caption, field in given
        if not caption or not field or times[plain(caption)] > 1
    ]
    for _, said in given:
        of_type, _, name = said.rpartition(".")
        types = [of_type] if of_type else record_types()
        if said and not any(form(name, t, library) for t in types):
            found.append(Problem(NO_SUCH_FIELD, params={"field": shown(said)}))
    return found


def form(name: str, record_type: str, library: Library, vendor: str = "") -> Column | None:
    """How a column of the field is read: as the vendor's own lists have it, else as any list has."""
    of_lists = [
        (vendor not in layout.vendors, c)
        for layout in library.layouts.values()
        if layout.record_type == record_type
        for c in layout.columns
    ]
    known = (s for meant in library.captions.synonyms.values() for s in meant)
    found = of_lists + [(True, s.column) for s in known if s.record_type == record_type]
    fitting = [(other, c) for other, c in found if name in c.targets and c.format not in _OF_A_PART]
    best = min(fitting, key=lambda f: (len(f[1].targets), f[0]), default=None)
    return best[1] if best else None


__all__ = ["NO_ANSWER", "NO_SUCH_COLUMN", "NO_SUCH_FIELD", "Answers", "form", "parsed", "problems"]
