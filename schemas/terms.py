"""From when to when a vendor's pushes, and pushes for a school year, are taken: data with dates. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Self

VENDOR: Final = "vendor"
YEAR: Final = "year"

CONTRACT: Final = "Term"


@dataclass(frozen=True)
class Term:
    """``kind``: VENDOR or YEAR. ``begins``, ``ends``: first and last day, Vietnam's; None: no bound."""

    kind: str
    name: str
    begins: date | None = None
    ends: date | None = None

    @property
    def key(self) -> str:
        """Of its message: the last one counts."""
        return f"{self.kind}/{self.name}"

    def holds(self, day: date) -> bool:
        """Whether it covers the day."""
        return (self.begins is None or self.begins <= day) and (self.ends is None or day <= self.ends)

    def record(self) -> dict[str, Any]:
        """As contract Term."""
        return {"Kind": self.kind, "Name": self.name, "Begins": self.begins, "Ends": self.ends}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """From contract Term."""
        return cls(record["Kind"], record["Name"], record["Begins"], record["Ends"])


class Terms:
    """What is known of them now. Whoever follows the topic tells it (``runtime.terms``); until then nothing
    is known, and what the settings name has no bounds."""

    def __init__(self) -> None:
        self._known: dict[str, Term] = {}
        self._up_to_now: Callable[[bool], object] = lambda patient: None

    def __eq__(self, other: object) -> bool:
        """By what is known."""
        return isinstance(other, Terms) and self._known == other._known

    __hash__ = None  # type: ignore[assignment]

    def follow(self, up_to_now: Callable[[bool], object]) -> None:
        """Somebody follows; ``up_to_now`` waits until all that is said now is known, without limit if it is
        called with True."""
        self._up_to_now = up_to_now

    def up_to_now(self, *, patient: bool = False) -> None:
        """Before something is turned away for want of one. ``patient``: for as long as it takes; else it
        raises ProblemList (SYS-001) where nobody can say."""
        self._up_to_now(patient)

    def know(self, terms: Iterable[Term]) -> None:
        """These are all there are."""
        self._known = {term.key: term for term in terms}

    def all(self) -> list[Term]:
        """In the order of their keys."""
        return [term for _, term in sorted(self._known.items())]

    def names(self, kind: str) -> list[str]:
        """Of one kind, whatever their days."""
        return [term.name for term in self.all() if term.kind == kind]

    def of(self, kind: str, name: str) -> Term | None:
        """The one of a name."""
        return self._known.get(Term(kind, name).key)

    def hold(self, kind: str, name: str, day: date) -> bool | None:
        """Whether it holds on the day; None of one that nobody has spoken of."""
        term = self.of(kind, name)
        return None if term is None else term.holds(day)
