"""Whether a school year may go: everything of it has the Ministry's answer, and a verified backup holds it.

All that stands against it is said at once, a problem a reason with how many datasets it concerns and the
first of them. Nothing is changed here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from psycopg2.extensions import cursor

from backup import manifest, status
from runtime import postgres
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem, ProblemList
from sinks.provincial import years

UNKNOWN: Final = "YEAR-001"
TAKES_PUSHES: Final = "YEAR-002"
NOT_CONFIRMED: Final = "YEAR-003"
NEWER_VERSION: Final = "YEAR-004"
NO_RECEIPTS: Final = "YEAR-005"
PUSH_UNDER_WAY: Final = "YEAR-006"
NO_BACKUP: Final = "YEAR-007"
BACKUP_GONE: Final = "YEAR-008"
NOT_OF_THE_YEAR: Final = "YEAR-009"

TOLD: Final = 5
"""Datasets that a problem names."""

_DATASETS: Final = """
SELECT d.dataset_id, d.version, coalesce(c.state, '') AS state, coalesce(c.version, 0) AS confirmed,
    EXISTS (
        SELECT FROM ministry_export e
        WHERE e.dataset_id = d.dataset_id AND e.version = c.version AND e.sequence = c.forwarded
        AND e.state = 'answered' AND e.digest = c.digest
        AND (SELECT count(*) FROM ministry_export_record r WHERE r.export_id = e.export_id)
            = (SELECT count(*) FROM ministry_receipt t WHERE t.export_id = e.export_id)
    ) AS answered,
    EXISTS (SELECT FROM push p WHERE p.dataset_id = d.dataset_id AND p.outcome IS NULL) AS pushing
FROM dataset d LEFT JOIN confirmation c USING (dataset_id)
WHERE d.school_year = %s ORDER BY d.dataset_id
"""

_MARK: Final = """
SELECT d.dataset_id, d.version, c.version, c.state, c.sequence,
    (SELECT count(*) FROM push p WHERE p.dataset_id = d.dataset_id AND p.outcome IS NULL)
FROM dataset d LEFT JOIN confirmation c USING (dataset_id) WHERE d.school_year = %(year)s ORDER BY 1
"""

_DONE: Final = ("accepted", "partly_accepted")
"""The Ministry has answered each of its records."""


@dataclass(frozen=True)
class Dataset:
    """Where one stands. ``confirmed``: the version that is on its way, 0 if none; ``answered``: the Ministry
    has answered all of its records."""

    dataset_id: str
    version: int
    state: str
    confirmed: int
    answered: bool
    pushing: bool

    @property
    def against(self) -> str:
        """Why it keeps its year from going; "" if it does not. One without a version has nothing to lose."""
        if self.pushing:
            return PUSH_UNDER_WAY
        if not self.version:
            return ""
        if self.state not in _DONE:
            return NOT_CONFIRMED
        if self.confirmed != self.version:
            return NEWER_VERSION
        return "" if self.answered else NO_RECEIPTS


def datasets(cur: cursor, year: int) -> list[Dataset]:
    """All of a year."""
    cur.execute(_DATASETS, (year,))
    return [Dataset(*row) for row in cur.fetchall()]


def against(found: Sequence[Dataset], year: int, forgone: Collection[str]) -> Iterator[Problem]:
    """What the datasets say against it. ``forgone``: go without the Ministry's answer; a push that is under
    way is waited for all the same. Pure."""
    if not found:
        yield Problem(UNKNOWN, params={"year": year})
    if strangers := sorted(set(forgone) - {one.dataset_id for one in found}):
        yield Problem(NOT_OF_THE_YEAR, params={"year": year, "datasets": ", ".join(strangers[:TOLD])})
    by_code: dict[str, list[str]] = {}
    for one in found:
        code = one.against
        if code and (code == PUSH_UNDER_WAY or one.dataset_id not in forgone):
            by_code.setdefault(code, []).append(one.dataset_id)
    for code, names in sorted(by_code.items()):
        more = ", …" if len(names) > TOLD else ""
        told = {"year": year, "count": len(names), "datasets": ", ".join(names[:TOLD]) + more}
        yield Problem(code, params=told)


def takes_pushes(year: int, school_years: Collection[int]) -> Iterator[Problem]:
    """A year that vendors may still push for. Pure."""
    if year in school_years:
        yield Problem(TAKES_PUSHES, params={"year": year})


def holding(folder: Path, year: int, held: Mapping[int, str]) -> tuple[str, list[Problem]]:
    """(the newest verified backup that holds just what the tables do of the year, why there is none).

    ``held``: ``sinks.provincial.years.held``. Its files are there in their sizes; `csdl backup verify` has
    read them.
    """
    verified: Mapping[str, Mapping[str, Any]] = status.read(folder).get("verified", {})
    wanted = held.get(year, "")
    for name in sorted(verified, reverse=True):
        if verified[name].get("years", {}).get(str(year), "") == wanted:
            lacks = _lacks(folder / name)
            if not lacks:
                return name, []
            return "", [Problem(BACKUP_GONE, params={"year": year, "name": name, "file": lacks})]
    params = {"year": year, "verified": ", ".join(sorted(verified)[-TOLD:]) or "–"}
    return "", [Problem(NO_BACKUP, params=params)]


def _lacks(backup: Path) -> str:
    """A file that is not there, or not of its size; "" if all are."""
    try:
        files = manifest.read(backup).files
    except ProblemList:
        return manifest.NAME
    for file in files:
        path = backup / file.name
        if not path.is_file() or path.stat().st_size != file.bytes:
            return file.name
    return ""


def mark(cur: cursor, year: int) -> tuple[object, ...]:
    """What the proof was about, read in a moment: while it is the same the proof holds."""
    cur.execute(_MARK, {"year": year})
    return (*cur.fetchall(), years.held(cur, year).get(year))


def of(
    cur: cursor, year: int, *, school_years: Collection[int], backups: Path, forgone: Collection[str]
) -> tuple[str, list[Problem]]:
    """(backup that holds the year, everything that stands against letting it go)."""
    problems = [*takes_pushes(year, school_years), *against(datasets(cur, year), year, forgone)]
    backup, lacking = holding(backups, year, years.held(cur, year))
    return backup, problems + lacking


def asked(settings: Settings, year: int, forgone: Collection[str]) -> tuple[str, list[Problem]]:
    """The same, asked by itself."""
    with (
        closing(postgres.connect(settings.acting_as(SETUP), "csdl years")) as conn,
        conn,
        conn.cursor() as cur,
    ):
        return of(
            cur, year, school_years=settings.years_on(today()), backups=settings.backups_dir, forgone=forgone
        )
