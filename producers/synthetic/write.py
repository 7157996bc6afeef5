"""The province written out: the register, and for each school its vendor's files.

``register.csv``; ``smas/<code>.json``, a packet with everything; ``vnedu/<code>.json``, a packet with the
school, its staff and classes, and ``vnedu/<code>.xlsx``, the list of its pupils.
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from producers.synthetic import packet_file, pupil_list
from producers.synthetic.province import SchoolPlan
from producers.synthetic.school import YEAR, SchoolRecords, make

REGISTER_COLUMNS: Final = (
    "code", "name", "level", "district", "managing_unit", "valid_from", "valid_to", "active",
)  # fmt: skip
VALID_FROM: Final = "2000-01-01"
EVERYTHING: Final = ("TruongHoc", "LopHoc", "HocSinh", "CanBo")
WITHOUT_PUPILS: Final = ("TruongHoc", "LopHoc", "CanBo")


def write_register(path: Path, schools: Iterable[SchoolPlan]) -> None:
    """The organisation register of these schools (schemas.organisation.schools)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(REGISTER_COLUMNS)
        for s in schools:
            rows.writerow((s.code, s.name, s.level, s.district, s.managing_unit, VALID_FROM, "", "1"))


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
