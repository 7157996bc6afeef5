"""The school of the sandbox and the files that its vendor would export, clean and with errors."""

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Final

import polars as pl
import xlsxwriter

from producers.synthetic import packet_file, province, pupil_list, scenarios
from producers.synthetic.province import SchoolPlan
from producers.synthetic.school import SchoolRecords, make
from producers.synthetic.write import EVERYTHING

VENDOR: Final = "mau"
SEED: Final = 1
LEVEL: Final = "lower_secondary"

CAPTIONS: Final[Mapping[str, str]] = {
    "Họ tên": "Họ và tên",
    "Lớp học": "Lớp học",
    "Mã học sinh": "Mã học sinh",
    "Ngày sinh": "Ngày sinh",
    "Giới tính": "Giới tính",
    "Dân tộc": "Dân tộc",
    "Sổ định danh cá nhân": "Mã định danh công dân",
    "Nơi sinh": "Nơi sinh",
    "Hộ khẩu thường trú": "Địa chỉ thường trú",
    "Tên cha": "Họ tên bố",
    "Tên mẹ": "Họ tên mẹ",
}
"""Caption of ``producers.synthetic.pupil_list`` → the same in the sector platform's list of pupils, which
every vendor may send."""

WRONG: Final = ((0, "Ngày sinh", "31/02/2008"), (1, "Dân tộc", "Không rõ"), (2, "Giới tính", "?"))
"""Cells of the list with errors: row from 0, caption, value."""


def school() -> SchoolPlan:
    """The smallest lower secondary school that a district manages."""
    of_districts = [s for s in province.plan(SEED) if s.level == LEVEL and not s.direct]
    return replace(min(of_districts, key=lambda s: s.pupils), vendor=VENDOR)


def files(plan: SchoolPlan) -> dict[str, bytes]:
    """Name → content. ``packet`` is all the school has, ``pupils`` the list of its pupils as a workbook."""
    records = make(plan, SEED)
    by_packets = replace(records, plan=replace(plan, vendor="smas"))
    [wrong] = scenarios.bad_records(by_packets).contents.values()
    cells = _cells(records)
    return {
        "packet.json": packet_file.packet(records, EVERYTHING),
        "packet-with-errors.json": wrong,
        "pupils.xlsx": _workbook(plan, cells),
        "pupils-with-errors.xlsx": _workbook(plan, _wrong(cells)),
    }


def _cells(records: SchoolRecords) -> pl.DataFrame:
    cells = pupil_list.columns(records)
    named = [pl.col(own).alias(caption) for own, caption in CAPTIONS.items()]
    return cells.select("STT", *named, pl.lit("Đang học").alias("Trạng thái"))


def _wrong(cells: pl.DataFrame) -> pl.DataFrame:
    for row, caption, value in WRONG:
        here = pl.int_range(pl.len()) == row
        cells = cells.with_columns(pl.when(here).then(pl.lit(value)).otherwise(caption).alias(caption))
    return cells


def _workbook(plan: SchoolPlan, cells: pl.DataFrame) -> bytes:
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Học sinh")
        sheet.write_string(0, 0, plan.name)
        sheet.write_string(1, 0, "DANH SÁCH HỌC SINH NĂM HỌC 2019 - 2020")
        for column, caption in enumerate(cells.columns):
            for row, text in enumerate([caption, *cells[caption]], 3):
                if text is not None:
                    sheet.write_string(row, column, text)
    return out.getvalue()
