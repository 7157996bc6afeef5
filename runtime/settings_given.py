"""What is said of each setting, and by whom: the environment, then a stack's own file, then the server's.

A stack (``stack.json``, which ``csdl up`` writes) is whole: where one is, the server's file is not for it. So
the command line finds the stack it started, on a server the server's, and no other: without any there are no
servers. Read once in the entry point of a process, at each call of a command.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime import settings_file
from runtime.stack_file import STACK_FILE, of_a_stack
from schemas.errors import SourceLocation

PREFIX: Final = "CSDL_"

ENVIRONMENT: Final = "environment"
STACK: Final = "stack"
FILE: Final = "file"
DEFAULT: Final = "default"


@dataclass(frozen=True)
class Given:
    """A setting's text and who said it: ENVIRONMENT, STACK or FILE. ``line`` is one of the server's file."""

    value: str
    source: str
    path: str = ""
    line: int = 0


def gather(named: bool = False) -> dict[str, Given]:
    """All variables of ours, by name, those that have a text. ``named``: a data directory is said besides,
    so the server's file is not asked. Raises ProblemList (SET-002, SET-003, SET-004)."""
    folder = Path(os.environ.get("CSDL_DATA_DIR") or ".csdl")
    path = None if named else settings_file.path()
    try:
        stack = of_a_stack(folder)
    except PermissionError:  # a server's processes keep theirs to themselves
        if path is None:
            raise
        stack = {}
    found: dict[str, Given] = {}
    if path and not stack:
        for line in settings_file.read(path):
            found[line.name.upper()] = Given(line.value, FILE, str(path), line.number)
    written = str((folder / STACK_FILE).absolute())
    found |= {name.upper(): Given(value, STACK, written) for name, value in stack.items()}
    found |= {name.upper(): Given(value, ENVIRONMENT) for name, value in os.environ.items() if value}
    return {name: given for name, given in found.items() if name.startswith(PREFIX) and given.value}


def place(given: Given | None) -> SourceLocation:
    """Where it stands; nowhere if it is no file's."""
    return SourceLocation(file=given.path, row=given.line) if given else SourceLocation()
