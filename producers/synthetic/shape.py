"""The shape of the province, from its folder (``synthetic/``): how many schools of which kind, size, code."""

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from schemas.codes import codelists
from schemas.organisation import province, unit_files
from schemas.organisation.units import Unit

QUANTILES: Final = (0.0, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 1.0)


@dataclass(frozen=True)
class Level:
    """What a level of school is in the ministry's lists.

    ``group`` NHOM_CAP_HOC, ``kind`` LOAI_TRUONG, ``grades`` (KHOI, NHOM_TUOI_MN or "") from the first to
    open, ``sizes_of`` the level whose size quantiles it follows, ``title`` how its schools' names begin.
    """

    group: str
    kind: str
    grades: tuple[tuple[str, str], ...]
    sizes_of: str
    title: str


def _grades(first: int, last: int) -> tuple[tuple[str, str], ...]:
    return tuple((f"{g:02}", "") for g in range(first, last + 1))


_KINDERGARTEN: Final = (("17", "06"), ("17", "05"), ("17", "04"))
_NURSERY: Final = (("16", "03"), ("16", "02"))

LEVELS: Final[dict[str, Level]] = {
    "preschool": Level("01", "13", (*_KINDERGARTEN, *_NURSERY), "preschool", "Trường Mầm non"),
    "kindergarten_only": Level("02", "13", _KINDERGARTEN, "preschool", "Trường Mẫu giáo"),
    "primary": Level("06", "07", _grades(1, 5), "primary", "Trường Tiểu học"),
    "primary+lower_secondary": Level(
        "09", "07", _grades(1, 9), "primary+lower_secondary", "Trường TH và THCS"
    ),
    "lower_secondary": Level("07", "07", _grades(6, 9), "lower_secondary", "Trường THCS"),
    "lower+upper_secondary": Level("10", "07", _grades(6, 12), "upper_secondary", "Trường THCS và THPT"),
    "upper_secondary": Level("08", "07", _grades(10, 12), "upper_secondary", "Trường THPT"),
    "primary_to_upper_secondary": Level("11", "07", _grades(1, 12), "upper_secondary", "Trường Phổ thông"),
    "preschool_to_upper_secondary": Level(
        "17", "18", (*_grades(1, 12), ("17", "06")), "primary+lower_secondary", "Trung tâm Giáo dục hòa nhập"
    ),
    "gdtx": Level("13", "16", _grades(13, 15), "gdtx", "Trung tâm GDNN - GDTX"),
}


@dataclass(frozen=True)
class District:
    """A district with its communes (code, name) and its ethnic groups (DAN_TOC code, share of 1)."""

    code: str
    name: str
    area_kind: str
    terrain: str
    communes: tuple[tuple[str, str], ...]
    ethnic_groups: tuple[tuple[str, float], ...]


def _rows(name: str) -> list[dict[str, str]]:
    """Of the province's folder. Raises ProblemList (ORG-FILE) if it has none."""
    return _table(unit_files.text_of(province.here().folder / "synthetic" / name))


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


@cache
def units() -> dict[str, Unit]:
    """The units above the schools, by code."""
    return dict(province.here().units)


@cache
def department() -> str:
    """Code of the department, and of its province."""
    return province.here().code


def is_direct_code(code: str) -> bool:
    """Whether a school's code has no district in it: three zeros after that of the province."""
    return code.startswith(f"{department()}000")


@cache
def name() -> str:
    """What the province is called."""
    return codelists()["TINH"][department()].label_vi


@cache
def totals() -> dict[str, int]:
    """pupils, staff, classes of the whole province, which the sizes are scaled to."""
    return {row["what"]: int(row["number"]) for row in _rows("totals.csv")}


@cache
def successors() -> dict[str, str]:
    """Commune of 2020 → the one that most of it became."""
    return {row["code"]: row["successor"] for row in _rows("commune_successors.csv")}


@cache
def districts() -> dict[str, District]:
    """The nine districts by code."""
    communes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    groups: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for row in _rows("communes.csv"):
        communes[row["district"]].append((row["code"], row["name"]))
    for row in _rows("ethnic_mix.csv"):
        groups[row["district"]].append((row["code"], int(row["per_mille"]) / 1000))
    return {
        d["code"]: District(
            d["code"],
            d["name"],
            d["area_kind"],
            d["terrain"],
            tuple(communes[d["code"]]),
            tuple(groups[d["code"]]),
        )
        for d in _rows("districts.csv")
    }


@dataclass(frozen=True)
class Subject:
    """A subject (MON_HOC code) of years 1 to 12, its periods a week, how it is assessed (LOAI_DANH_GIA).

    ``taught_by`` is the main subject of its teachers (MON_DAY_GV); "" = the homeroom teacher.
    """

    code: str
    first_year: int
    last_year: int
    periods: int
    assessed: str
    taught_by: str


@cache
def subjects() -> dict[str, list[Subject]]:
    """Subjects by stage: primary, lower_secondary, upper_secondary, gdtx."""
    table: dict[str, list[Subject]] = defaultdict(list)
    text = files("producers.synthetic").joinpath("data", "subjects.csv").read_text(encoding="utf-8")
    for r in _table(text):
        years = int(r["first_year"]), int(r["last_year"])
        subject = Subject(r["subject"], *years, int(r["periods"]), r["assessed"], r["taught_by"])
        table[r["stage"]].append(subject)
    return table


def school_counts() -> list[tuple[str, str, str, int]]:
    """(district, level, manager "district" or "department", number of schools)."""
    return [(r["district"], r["level"], r["manager"], int(r["schools"])) for r in _rows("school_counts.csv")]


def code_patterns() -> dict[tuple[str, str], list[tuple[str, int]]]:
    """(level, manager) → [(pattern, how many schools follow it)]; ``#`` stands for a digit."""
    patterns: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for r in _rows("code_patterns.csv"):
        patterns[r["level"], r["manager"]].append((r["pattern"], int(r["schools"])))
    return patterns


@cache
def _sizes() -> dict[tuple[str, str], tuple[float, ...]]:
    table = {}
    for r in _rows("school_sizes.csv"):
        inner = [float(r[q]) for q in ("p05", "p10", "p25", "p50", "p75", "p90", "p95")]
        # The ends of the distribution were not counted: a little beyond the outer quantiles.
        table[r["level"], r["kind"]] = (inner[0] * 0.7, *inner, inner[-1] * 1.2)
    return table


def size(level: str, kind: str, at: float) -> float:
    """Pupils, staff or classes of a school of a level at quantile ``at`` (0 to 1), interpolated."""
    values = _sizes()[LEVELS[level].sizes_of, kind]
    for i in range(1, len(QUANTILES)):
        if at <= QUANTILES[i]:
            low, high = QUANTILES[i - 1], QUANTILES[i]
            return values[i - 1] + (values[i] - values[i - 1]) * (at - low) / (high - low)
    return values[-1]
