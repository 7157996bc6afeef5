"""A file of schools as somebody hands it over: units, or the register of releases up to 0.4.0. Pure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.organisation import register, unit_files
from schemas.organisation.importing import plan
from schemas.organisation.organisation import Organisation
from schemas.organisation.province import Province
from schemas.organisation.unit_files import Row, Rows

NO_FILE: Final = "SYS-003"


def parse(text: str, name: str, province: Province) -> Rows:
    """The rows of either. Raises ProblemList (SYS-003, ORG-COLUMN) for what is neither."""
    header = unit_files.header_of(text)
    if register.is_register(header):
        return Rows(register.rows(text, name, province), [])
    return unit_files.parse(text, name)


def units(path: Path, province: Province) -> Sequence[Row]:
    """Everything that the file and the province say, in order. Raises ProblemList: SYS-003 if there is no
    such file, else all that is wrong with it."""
    try:
        text = unit_files.text_of(path)
    except ProblemList:
        text = ""
    header = unit_files.header_of(text)
    if not set(unit_files.REQUIRED) <= set(header) and not register.is_register(header):
        raise ProblemList([Problem(NO_FILE, SourceLocation(file=path.name), {"path": str(path)})]) from None
    found = parse(text, path.name, province)
    above = [row for row in province.rows.rows if row.code not in {mine.code for mine in found.rows}]
    made = plan({}, Rows([*above, *found.rows], found.problems))
    if made.problems:
        raise ProblemList(list(made.problems))
    return [*above, *found.rows]


def load(path: Path, province: Province) -> Organisation:
    """The organisation that the file describes. Raises as ``units`` does."""
    return Organisation(plan({}, Rows(units(path, province), [])).units.values())
