"""Names of datasets: school × school year × period."""

from collections.abc import Iterable
from datetime import date
from typing import Final

PERIODS: Final = {"1": "start", "2": "changes", "3": "end"}
"""LoaiDongBo → period. Old data ("4") belongs to no period: the department must open it first (ENV-311)."""


def dataset_id(school: str, year: int, kind: str) -> str:
    """Id of the dataset a push speaks of, e.g. ``19164999.2019.start``.

    ``kind`` is LoaiDongBo. Raises KeyError for a kind without a period.
    """
    return f"{school}.{year}.{PERIODS[kind]}"


def split(dataset: str) -> tuple[str, int, str]:
    """(school, year, period) of a dataset id. Raises ValueError for what is none."""
    school, year, period = dataset.split(".")
    return school, int(year), period


def years(datasets: Iterable[str]) -> list[int]:
    """School years of these datasets, each once."""
    return sorted({split(d)[1] for d in datasets})


def reference_day(year: int, period: str) -> date:
    """Day whose state of the school the period reports, and so whose organisation answers for it."""
    days = {"start": date(year, 9, 30), "changes": date(year + 1, 1, 15), "end": date(year + 1, 5, 31)}
    return days[period]
