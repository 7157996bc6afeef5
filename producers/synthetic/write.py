"""The province written out: the register, and for each school its vendor's files.

``register.csv``; ``smas/<code>.json``, a packet with everything; ``vnedu/<code>.json``, a packet with the
school, its staff and classes, and ``vnedu/<code>.xlsx``, the list of its pupils.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from producers.synthetic import packet_file, pupil_list, shape
from producers.synthetic.province import SchoolPlan
from producers.synthetic.school import YEAR, SchoolRecords, make
from schemas.organisation import unit_files
from schemas.organisation.units import Ended, Kind

VALID_FROM: Final = date(2000, 1, 1)
EVERYTHING: Final = ("TruongHoc", "LopHoc", "HocSinh", "CanBo")
WITHOUT_PUPILS: Final = ("TruongHoc", "LopHoc", "CanBo")


def write_register(path: Path, schools: Iterable[SchoolPlan]) -> None:
    """These schools as units (schemas.organisation.unit_files): under their districts as long as there are
    any, under their communes since; the direct ones under the department."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [row for school in schools for row in _periods(school)]
    path.write_text(unit_files.as_csv(rows), encoding="utf-8")


def _periods(school: SchoolPlan) -> list[dict[str, Any]]:
    unit = {"code": school.code, "kind": Kind.SCHOOL, "name": school.name, "level": school.level}
    until = shape.units()[school.managing_unit].periods[-1].valid_to
    first = {**unit, "parent": school.managing_unit, "located": school.district, "valid_from": VALID_FROM}
    if until is None:
        return [first]
    commune = shape.successors()[school.commune[0]]
    since = {**unit, "parent": commune, "located": commune, "valid_from": until}
    return [{**first, "valid_to": until, "ended": Ended.MOVED}, since]


def files(school: SchoolRecords) -> dict[str, bytes]:
    """Name under the province's folder → content, of all files the school's vendor exports."""
    code = school.plan.code
    if school.plan.vendor == "smas":
        return {f"smas/{code}.json": packet_file.packet(school, EVERYTHING)}
    return {
        f"vnedu/{code}.json": packet_file.packet(school, WITHOUT_PUPILS),
        f"vnedu/{code}.xlsx": pupil_list.workbook(school),
    }


def save(out: Path, contents: dict[str, bytes]) -> list[Path]:
    """Write files under a folder; the paths, in the given order."""
    paths = []
    for name, content in contents.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return paths


def write(
    out: Path, schools: Iterable[SchoolPlan], seed: int, year: int = YEAR
) -> Iterator[tuple[SchoolRecords, list[Path]]]:
    """Write the schools' files one school after another; what was made and where it stands."""
    for school in schools:
        records = make(school, seed, year)
        yield records, save(out, files(records))
