"""What we need of a server's own settings: one shape of a line, for Kafka's table and PostgreSQL's.

A server is never changed from here. What would lose or show data keeps a process from starting; what only
hinders is said.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from runtime.process import Gate
from schemas.errors import Problem

WAITS: Final = "FIT-010"
HINDERED: Final = "FIT-011"

log = logging.getLogger("csdl")


class Harm(Enum):
    """What a server does that is set otherwise."""

    LOSES = "loses data, or makes it false"
    LEAKS = "shows data to whom it is not for"
    HINDERS = "is slow, or hides what is wrong"

    @property
    def bears(self) -> bool:
        """Whether work may go on meanwhile."""
        return self is Harm.HINDERS


@dataclass(frozen=True)
class Setting:
    """``value`` is set, ``bound`` asked for: "a|b" is one of these, "at most" and "within" compare amounts
    (``amount``), of which "within" has no zero, as that is no bound."""

    name: str
    value: str
    fits: Literal["is", "at least", "at most", "within"]
    bound: str
    why: str
    harm: Harm

    def holds(self, found: str) -> bool:
        """Whether a server's value will do."""
        if self.fits == "is":
            return found in self.bound.split("|")
        have, bound = amount(found), amount(self.bound)
        if have is None or bound is None:
            return False
        if self.fits == "at least":
            return have >= bound
        return have <= bound and (self.fits == "at most" or have > 0)


@dataclass(frozen=True)
class Deviation:
    """A setting that a server has otherwise; ``found`` as the server writes it."""

    setting: Setting
    found: str

    def __str__(self) -> str:
        return f"{self.setting.name} = {self.found or '–'} ({self.setting.value})"


_SIZES: Final = {"": 1, "B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_TIMES: Final = {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_UNITS: Final = _SIZES | _TIMES
_AMOUNT: Final = re.compile(r"(-?\d+(?:\.\d+)?) *([a-zA-Z]*)")


def amount(text: str) -> float | None:
    """A number, in bytes or ms where it has a unit of PostgreSQL's; None of what is no number."""
    found = _AMOUNT.fullmatch(text)
    if found is None or found[2] not in _UNITS:
        return None
    return float(found[1]) * _UNITS[found[2]]


class ServerFits(Gate):
    """A process that meets a server which is set to lose or show data waits, and says which settings.

    What only hinders is said once."""

    server: str

    def __init__(self) -> None:
        self._said = ""

    def judged(self, found: Sequence[Deviation]) -> Problem | None:
        """FIT-010 while one of them does harm that nobody may bear."""
        grave = [each for each in found if not each.setting.harm.bears]
        slight = ", ".join(str(each) for each in found if each.setting.harm.bears)
        if slight and slight != self._said:
            log.warning("%s", Problem(HINDERED, params={"server": self.server, "settings": slight}))
        self._said = slight
        if not grave:
            return None
        return Problem(WAITS, params={"server": self.server, "settings": ", ".join(map(str, grave))})

    def close(self) -> None:
        """It holds nothing."""


def lines(settings: Sequence[Setting], quoted: bool = False) -> Iterator[str]:
    """Lines of a server's file, each with its reason; ``quoted`` as PostgreSQL reads them."""
    for setting in settings:
        value = f" = {in_quotes(setting.value)}" if quoted else f"={setting.value}"
        yield f"# {setting.why}\n{setting.name}{value}\n"


def in_quotes(value: str) -> str:
    """As PostgreSQL reads it: a number with its unit may stand bare, anything else in quotes."""
    return value if re.fullmatch(r"-?[\w.]+", value) else f"'{value}'"
