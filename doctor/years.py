"""School years whose closing was cut off, or that an older copy of the tables has brought back."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from backup import shelf
from doctor.section import Finding
from readings import school_years
from runtime import postgres
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem, ProblemList

CUT_OFF: Final = "YEAR-012"
BACK_AGAIN: Final = "YEAR-013"
TAKES_PUSHES: Final = "YEAR-014"


def section(settings: Settings) -> Iterator[Finding]:
    """One finding a year. Whoever may not read the folder of backups is not told of YEAR-013."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        closed = {line.year: line for line in school_years.listed(conn) if line.closed}
    for year, line in closed.items():
        if line.closed == "…":
            yield Finding(Problem(CUT_OFF, params={"year": year}))
        if settings.takes_year(year, today()):
            yield Finding(Problem(TAKES_PUSHES, params={"year": year}))
    try:
        kept = shelf.kept_for(settings.backups_dir)
    except OSError:
        return
    except ProblemList as damaged:
        yield from (Finding(problem) for problem in damaged.problems)
        return
    for held, name in kept.items():
        if int(held) not in closed:
            yield Finding(Problem(BACK_AGAIN, params={"year": held, "name": name}))
