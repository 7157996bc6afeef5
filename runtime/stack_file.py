"""``stack.json``: what ``csdl up`` writes down in a data directory, by which commands find their stack."""

import json
from pathlib import Path
from typing import Final

from schemas.errors import Problem, ProblemList

STACK_FILE: Final = "stack.json"


def of_a_stack(folder: Path) -> dict[str, str]:
    """The settings that ``csdl up`` wrote down in a data directory; none where no stack was started.

    Raises ProblemList (SET-002) if they are damaged.
    """
    path = folder / STACK_FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        settings: dict[str, str] = said.get("settings") or _of_0_2(folder)
        if not all(isinstance(text, str) for pair in settings.items() for text in pair):
            raise TypeError
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, TypeError, AttributeError):
        raise ProblemList([Problem("SET-002", params={"path": path.absolute()})]) from None
    return settings


def _of_0_2(folder: Path) -> dict[str, str]:
    """Release 0.2 kept them beside, a line each."""
    lines = (folder / "stack.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)
