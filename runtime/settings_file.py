"""``/etc/csdl/csdl.env``: a server's settings, one file for units and commands alike.

Read as systemd reads an EnvironmentFile (systemd.exec(5)), so that a command finds what its unit has.
``CSDL_SETTINGS`` names another file; empty, none.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from schemas.errors import Problem, ProblemList

SETTINGS: Final = "CSDL_SETTINGS"
USUAL: Final = Path("/etc/csdl/csdl.env")

UNREADABLE: Final = "SET-003"
MISSING: Final = "SET-004"

_ESCAPED: Final = '"\\`$'
"""What a backslash stands before in double quotes; elsewhere there it is itself."""


@dataclass(frozen=True)
class Line:
    """A setting and the line on which it begins, from 1. Without a name: what is none, and has no effect."""

    name: str
    value: str
    number: int


def path() -> Path | None:
    """Where the file is; None if there is none, or none is wanted. Raises ProblemList (SET-003, SET-004)."""
    said = os.environ.get(SETTINGS)
    if said == "":
        return None
    found = Path(said or USUAL).absolute()
    try:
        there = found.is_file()
    except PermissionError as fault:
        raise _unreadable(found, fault) from None
    if not there and said:
        raise ProblemList([Problem(MISSING, params={"name": SETTINGS, "path": found})])
    return found if there else None


def read(path: Path) -> list[Line]:
    """Its settings in their order. Raises ProblemList (SET-003)."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise _unreadable(path, fault) from None


def parse(text: str) -> list[Line]:
    """A line each but where a backslash or a quotation goes on; # and ; begin a remark."""
    found, letters = [], _Letters(text)
    while letter := letters.take():
        number, name = letters.line, letter
        if letter.isspace():
            continue
        while (letter := letters.take()) not in ("=", "\n", ""):
            name += letter
        if name[0] in "#;":
            while letter not in ("\n", ""):
                letter = letters.take()
        elif letter == "=":
            found.append(Line(name.strip(), _value(letters), number))
        else:
            found.append(Line("", name.strip(), number))
    return found


class _Letters:
    """One after the other; ``line`` is that of the last one that was taken."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self.line = text, 0, 1

    def take(self) -> str:
        """The next; empty at the end."""
        self.line += self._text[self._at - 1 : self._at] == "\n"
        letter = self._text[self._at : self._at + 1]
        self._at += 1
        return letter


def _value(letters: _Letters) -> str:
    """To the end of its line. A quotation mark is one only before a plain letter; blanks at the ends go."""
    kept, blanks, quote, plain = "", "", "", False
    while letter := letters.take():
        if letter == quote:
            quote = ""
            continue
        if letter == "\\" and quote != "'":
            letter = letters.take()
            if letter == "\n":
                continue
            if quote and letter not in _ESCAPED:
                letter = "\\" + letter
        elif not quote:
            if letter == "\n":
                break
            if letter in "\"'" and not plain:
                quote = letter
                continue
            if letter.isspace():
                blanks += letter if plain else ""
                continue
            plain = True
        kept, blanks = kept + blanks + letter, ""
    return kept


def _unreadable(path: Path, fault: Exception) -> ProblemList:
    reason = fault.strerror if isinstance(fault, OSError) else "UTF-8"
    return ProblemList([Problem(UNREADABLE, params={"path": path, "reason": reason})])
