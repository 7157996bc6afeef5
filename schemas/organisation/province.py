"""A province as one folder of data: units above the schools, forms of school codes, calendar, the names by
which offices sign; ``synthetic/``: what made-up schools are like.

The folders stand in ``provinces/``; ``CSDL_PROVINCE`` names one of them, or a folder elsewhere.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from schemas.datasets import PERIODS
from schemas.errors import Problem, ProblemList, SourceLocation
from schemas.organisation import signing, unit_files
from schemas.organisation.importing import plan
from schemas.organisation.organisation import Organisation
from schemas.organisation.signing import SigningName
from schemas.organisation.unit_files import Row, Rows
from schemas.organisation.units import Kind, Unit

NO_PROVINCE: Final = "ORG-PROVINCE"
UNLIKE: Final = "ORG-PATTERN"
WRONG_CALENDAR: Final = "ORG-CALENDAR"
UNITS, PATTERNS, CALENDAR = "units.csv", "school_code_patterns.csv", "calendar.csv"
SIGNING: Final = "signing_names.csv"
PATTERN_COLUMNS: Final = ("level", "managing", "pattern", "schools")
CALENDAR_COLUMNS: Final = ("kind", "school_year", "period", "opens", "closes", "what", "source")
CALENDAR_KINDS: Final = ("window", "reference", "deadline", "form_1", "form_2")
DAY: Final = re.compile(r"(?P<next>\+)?(?P<day>\d\d-\d\d)")


@dataclass(frozen=True)
class Window:
    """Days of one kind in the calendar, both included; ``school_year`` 0: every year's."""

    kind: str
    school_year: int
    period: str
    opens: str
    closes: str

    def days(self, year: int) -> tuple[date, date]:
        """Its first and last day in a school year: 09-30 lies in its first calendar year, +05-31 in the
        next."""
        return _day(self.opens, year), _day(self.closes, year)


@dataclass(frozen=True)
class Province:
    """What a folder says. ``patterns``: level → forms of its schools' codes."""

    folder: Path
    rows: Rows
    patterns: Mapping[str, Sequence[str]]
    calendar: Sequence[Window]
    signing: Sequence[SigningName] = ()

    @property
    def units(self) -> Mapping[str, Unit]:
        """Its units above the schools."""
        return plan({}, self.rows).units

    @property
    def code(self) -> str:
        """Its code in the Ministry's list TINH, which its department has, too. Raises as below."""
        return self.department()

    def department(self) -> str:
        """Code of the department that has no end. Raises ProblemList (ORG-PROVINCE) unless it is one."""
        units = [u for u in self.units.values() if u.kind is Kind.DEPARTMENT]
        lasting = [u.code for u in units if any(p.valid_to is None for p in u.periods)]
        if len(lasting) != 1:
            raise ProblemList([Problem(NO_PROVINCE, params={"path": str(self.folder)})])
        return lasting[0]

    def window(self, year: int, period: str) -> tuple[date, date] | None:
        """Days in which schools submit, as the calendar has them; None if it says nothing."""
        return self._days("window", year, period)

    def last_day(self, form: str, year: int, period: str) -> date | None:
        """Last day on which a form (``form_1`` of a direct unit, ``form_2``) may be dated and not be late;
        None if the calendar says nothing."""
        days = self._days(form, year, period)
        return days[1] if days else None

    def signs_as(self, unit: str, day: date) -> tuple[str, ...]:
        """Names in the certificates of a unit on a day, beside its own name in the register."""
        return tuple(name.name for name in self.signing if name.unit == unit and name.holds_on(day))

    def _days(self, kind: str, year: int, period: str) -> tuple[date, date] | None:
        found = [w for w in self.calendar if w.kind == kind and w.period == period]
        mine = [w for w in found if w.school_year == year] or [w for w in found if not w.school_year]
        return mine[0].days(year) if mine else None

    def unlike(self, rows: Iterable[Row]) -> list[Problem]:
        """ORG-PATTERN for each school whose code has no known form of its level: a warning, since new forms
        come and a code's digit need not be the level."""
        if not self.patterns:
            return []
        districts = [u.code for u in self.units.values() if u.kind is Kind.DISTRICT]
        forms = {level: _form(patterns, districts) for level, patterns in self.patterns.items()}
        schools = {row.code: row for row in rows if row.kind is Kind.SCHOOL and row.said.get("level")}
        return [
            Problem(UNLIKE, row.place, {"unit": code, "level": row.said["level"]})
            for code, row in sorted(schools.items())
            if (form := forms.get(row.said["level"])) is None or not form.fullmatch(code)
        ]


def provinces() -> dict[str, Path]:
    """Name → folder of each that stands here."""
    here = Path(str(files("provinces")))
    return {path.name: path for path in sorted(here.iterdir()) if (path / UNITS).is_file()}


def here() -> Province:
    """The province that ``CSDL_PROVINCE`` names, for what no setting reaches: rules. Raises as ``load``."""
    return _here(os.environ.get("CSDL_PROVINCE", ""))


@cache
def _here(named: str) -> Province:
    return load(named)


def load(named: str = "") -> Province:
    """The province of that name or folder; the only one that stands here, if none is named.

    Raises ProblemList with all that is wrong with the folder: ORG-PROVINCE if there is none.
    """
    known = provinces()
    folder = known.get(named) or (Path(named) if named else None)
    if not named and len(known) == 1:
        folder = next(iter(known.values()))
    if folder is None or not (folder / UNITS).is_file():
        raise ProblemList([Problem(NO_PROVINCE, params={"path": named or ", ".join(known) or "provinces/"})])
    rows = unit_files.parse(unit_files.text_of(folder / UNITS), UNITS)
    planned = plan({}, rows)
    problems = list(planned.problems)
    patterns = _patterns(folder / PATTERNS, problems)
    calendar = _calendar(folder / CALENDAR, problems)
    names, wrong = signing.read(_table(folder / SIGNING, signing.COLUMNS, problems), planned.units, SIGNING)
    if problems := problems + wrong:
        raise ProblemList(problems)
    return Province(folder, rows, patterns, calendar, names)


def organisation(province: Province, schools: Iterable[Row] = ()) -> Organisation:
    """The province with these schools."""
    return Organisation(plan({}, Rows([*province.rows.rows, *schools], [])).units.values())


def _patterns(path: Path, problems: list[Problem]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, row in _table(path, PATTERN_COLUMNS, problems):
        found.setdefault(row["level"], []).append(row["pattern"])
    return found


def _form(patterns: Iterable[str], districts: Iterable[str]) -> re.Pattern[str]:
    """``#`` is a digit, ``@`` a letter, ``{district}`` a district's code; everything else is itself."""
    said = {"#": "[0-9]", "@": "[A-Z]"}
    district = f"(?:{'|'.join(map(re.escape, districts)) or '(?!)'})"
    parts = []
    for pattern in patterns:
        pieces = ("".join(said.get(c, re.escape(c)) for c in piece) for piece in pattern.split("{district}"))
        parts.append(district.join(pieces))
    return re.compile("|".join(parts))


def _calendar(path: Path, problems: list[Problem]) -> list[Window]:
    found = []
    for line, row in _table(path, CALENDAR_COLUMNS, problems):
        place = SourceLocation(file=path.name, row=line)
        try:
            year = int(row["school_year"] or 0)
            window = Window(row["kind"], year, row["period"], row["opens"], row["closes"])
            first, last = window.days(year or 2000)
            fits = first <= last and row["kind"] in CALENDAR_KINDS and row["period"] in PERIODS.values()
        except ValueError:
            fits = False
        if fits:
            found.append(window)
        else:
            problems.append(Problem(WRONG_CALENDAR, place, {"row": line}))
    return found


def _table(path: Path, columns: Sequence[str], problems: list[Problem]) -> list[tuple[int, dict[str, str]]]:
    """Line and cells of each row; none of a file that is not there."""
    if not path.is_file():
        return []
    table = csv.DictReader(io.StringIO(unit_files.text_of(path), newline=""))
    missing = [column for column in columns if column not in (table.fieldnames or ())]
    if missing:
        params = {"column": ", ".join(missing), "columns": ", ".join(columns)}
        problems.append(Problem(unit_files.NO_COLUMN, SourceLocation(file=path.name), params))
        return []
    return [(table.line_num, {c: (row[c] or "").strip() for c in columns}) for row in table]


def _day(text: str, year: int) -> date:
    if short := DAY.fullmatch(text):
        return date.fromisoformat(f"{year + 1 if short['next'] else year}-{short['day']}")
    return date.fromisoformat(text)
