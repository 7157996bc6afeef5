"""A Form 2 list as a file from elsewhere: read apart (``list_cells.py``), whatever that does to a reader."""

import json
from typing import Final

from access.documents import list_cells, packages
from access.documents.list_reading import ListRead, Rows, listed
from runtime.apart import Apart, Bounds, Stopped
from schemas.errors import Problem, ProblemList, SourceLocation

READER: Final = Apart(list_cells.__name__, at_once=1)
BOUNDS: Final = Bounds(memory=1024 * 1024 * 1024, seconds=60, answer=64 * 1024 * 1024)
"""A list of 2,000 schools takes a tenth of a second and 10 MiB."""


def read(data: bytes, file: str) -> ListRead:
    """Raises ProblemList with all that is wrong with the file's form: FORM-074 to 083."""
    try:
        said = json.loads(bytes(READER.ask(json.dumps(file).encode(), data, BOUNDS)))
    except Stopped:
        raise ProblemList([Problem(packages.TOO_MUCH, SourceLocation(file))]) from None
    if refused := said.get("refused"):
        raise ProblemList([Problem(code, SourceLocation(file, sheet)) for code, sheet in refused])
    tables: list[tuple[str, Rows]] = [
        (name, [(row, dict(cells)) for row, cells in rows]) for name, rows in said["tables"]
    ]
    return listed(tables, said["hidden"], said["around"], file)
