"""The dirt of real cells, one line a kind: read right, put right and told, or refused with a code.

All cells of the table stand in one list each, so that what is told of one is told of it alone.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from random import Random
from typing import Any

import polars as pl
import pytest

from producers.adapters import cell_letters
from producers.adapters.cell_values import number_text
from producers.text import encodings
from producers.text.columns import tidy
from producers.text.letters import judge
from schemas.codes import codelists
from tests.unit.producers.made import VNEDU, listing, pupils, read, table

BIRTH, NAME, CODE, CITIZEN = "Ngày sinh", "Họ tên", "Mã học sinh", "Sổ định danh cá nhân"
CLASS, SEX, PHONE, ADDRESS, MOTHER = "Lớp học", "Giới tính", "Điện thoại DĐ", "Chỗ ở hiện nay", "Tên mẹ"
FIFTH = date(2012, 9, 5)


@dataclass(frozen=True)
class Row:
    """A kind, a cell under a caption, the field it is read into; what the field holds, or the code that
    refuses its record; the code that is told of it."""

    kind: str
    caption: str
    text: str
    field: str
    said: Any = None
    refused: str = ""
    told: str = ""


def ok(kind: str, caption: str, field: str, said: Any, *texts: str, told: str = "") -> list[Row]:
    return [Row(kind, caption, text, field, said, "", told) for text in texts]


def bad(kind: str, caption: str, field: str, code: str, *texts: str, told: str = "") -> list[Row]:
    return [Row(kind, caption, text, field, None, code, told) for text in texts]


LIST = [
    *ok("day first", BIRTH, "NgaySinh", FIFTH,
        "05/09/2012", "5/9/2012", "05-09-2012", "05.09.2012", "05/09/12"),
    *ok("year first", BIRTH, "NgaySinh", FIFTH, "2012-09-05", "2012/9/5", "2012-09-05 00:00:00", "20120905"),
    *ok("a day count is told", BIRTH, "NgaySinh", FIFTH, "41157", "41157.0", told="CELL-230"),
    *ok("month first only where it is proved", BIRTH, "NgaySinh", date(2012, 9, 25), "9/25/2012",
        told="CELL-234"),
    *bad("a year is no day", BIRTH, "NgaySinh", "CELL-102", "2012"),
    *ok("words and blanks in dates", BIRTH, "NgaySinh", FIFTH, "Ngày 05/09/2012", "05 / 09 / 2012"),
    *bad("days that are none", BIRTH, "NgaySinh", "CELL-102",
         "31/02/2012", "00/00/2012", "29/02/2011", "05/09/0212", "2 Jan", "41157,5x"),
    *ok("a leap day", BIRTH, "NgaySinh", date(2012, 2, 29), "29/02/2012"),
    *ok("a time of day is told", BIRTH, "NgaySinh", FIFTH, "2012-09-05 08:30:00", told="CELL-228"),
    *ok("midnight here, in UTC, is told", BIRTH, "NgaySinh", FIFTH,
        "2012-09-05 17:00:00", "2012-09-05T17:00:00.0", told="CELL-229"),
    *ok("full-width digits are told", BIRTH, "NgaySinh", FIFTH, "０５/09/2012", told="CELL-220"),
    *ok("a lost zero comes back where it is proved", CITIZEN, "MaCongDan", "019212000001", "19212000001",
        told="CELL-201"),
    *ok("else it stays as it is, for the rule to refuse", CITIZEN, "MaCongDan", "19912000001", "19912000001"),
    *ok("a telephone's zero", PHONE, "SoDthoaiDdong", "0900000001",
        "900000001", "+84900000001", "84900000001", "0900.000.001"),
    *bad("scientific form", CODE, "ClientId", "CELL-108", "1.9E+10", "1,9E+10", "1e17", "0.3", "24000.5"),
    *ok("floats of codes", CODE, "ClientId", "2400000001", "2400000001.0"),
    *ok("an apostrophe before a code", CODE, "ClientId", "2400000002", "'2400000002"),
    *bad("codes that became dates", CODE, "ClientId", "CELL-147", "2019-01-06", "06-Jan", "2 thg 1"),
    *bad("codes that became truth", CODE, "ClientId", "CELL-148", "TRUE", "false"),
    *ok("letters among digits", CODE, "ClientId", "24OOOOOOO7", "24OOOOOOO7", told="CELL-227"),
    *ok("a comma after a code", CODE, "ClientId", "2400000008", "2400000008,", told="CELL-233"),
    *ok("full-width code", CODE, "ClientId", "2400000009", "２４０００００００９", told="CELL-220"),
    *ok("a code with something hidden", CODE, "ClientId", "2400000010", "24000\u200b00010",
        told="CELL-220"),
    *bad("look-alike letters in a code", CODE, "ClientId", "CELL-140", "HSА01", "ΗS02", "HS-ı3", "HSÐ4"),
    *bad("a code of other letters", CODE, "ClientId", "CELL-140", "Иванов"),
    *ok("code or label", SEX, "GioiTinh", "01", "Nam", "nam", "Trai", "NAM", "  Nam\u00a0"),
    *ok("look-alikes in a label", SEX, "GioiTinh", "01", "Nаm", "Νam", "\u200eNam", told="CELL-220"),
    *bad("a digit is no label", SEX, "GioiTinh", "CELL-101", "9"),
    *ok("flags", "Đội viên", "DoiVien", True, "x", "X", "Có", "1", "True", "ü", "þ", "\uf0fc", "✓", "✔"),
    *ok("no flags", "Đội viên", "DoiVien", False, "", "Không", "0", "-", "—", "_", "...", "False"),
    *ok("class names", CLASS, "KhoiHoc", "06", "6A1", "6/1", "6_1", "6a1", "6 A1", "6.1_CS2", "Lớp 6A1"),
    *ok("a class as a number", CLASS, "KhoiHoc", "06", "6.1", told="CELL-232"),
    *ok("a look-alike in a class", CLASS, "KhoiHoc", "06", "6А1", told="CELL-220"),
    *bad("classes that a spreadsheet made dates and numbers of", CLASS, "MaLopHocDn", "CELL-147",
         "2019-01-06", "2019-06-01 00:00:00", "06-Jan", "6-thg1", "Jan-06", "06/01/2026", "600", "43836",
         "6E+02", "1-Feb"),
    *ok("names", NAME, "HoTen", "NGUYỄN VĂN MẪU", "NGUYỄN VĂN MẪU", "NGUYỄN  VĂN\u00a0MẪU",
        "NGUYE\u0302\u0303N VA\u0306N MA\u0302\u0303U", "NGUYỄN\u3000VĂN\tMẪU\n"),
    *ok("a remark in a name", NAME, "HoTen", "Nguyễn Văn Mẫu", "Nguyễn Văn Mẫu (chuyển trường)",
        told="CELL-203"),
    *ok("look-alikes of Đ in a name", NAME, "HoTen", "Đỗ Văn Đức",
        "Ðỗ Văn Ðức", "Ɖỗ Văn Ɖức", "D\u0336ỗ Văn Đức", told="CELL-220"),
    *ok("letters of other scripts in a name", NAME, "HoTen", "Nguyễn An", "Nguуễn Аn", "Ngυyễn An",
        "Ngu\u200byễn An", "Nguyễn\u200bAn", "Nguyễn \u202aAn\u202c", told="CELL-220"),
    *bad("TCVN3", NAME, "HoTen", "CELL-141",
         "NguyÔn V¨n Thö", "Hoµng Tïng Gi¶", "Lª Minh", "§ç H÷u", "TrÇn ThÞ MÉu", "NGUYÔN V¡N NAM"),
    *bad("VNI", NAME, "HoTen", "CELL-142",
         "Nguyeãn Vaên Thöû", "Leâ Minh", "Traàn Thò Höông", "ÑOÃ VAÊN ÑÖÙC"),
    *bad("VISCII", NAME, "HoTen", "CELL-143", "Tr¥n Th¸ Hß½ng"),
    *bad("UTF-8 read as another", NAME, "HoTen", "CELL-144", "Nguyá»…n Văn A", "LÃª Minh", "Tráº§n Thá»‹"),
    *bad("letters lost", NAME, "HoTen", "CELL-145", "Tr?n Th? M?", "Nguy\ufffdn An", "Nguy?n An"),
    *bad("letters of two scripts", NAME, "HoTen", "CELL-146", "Nguжễn An"),
    *ok("another script is told", NAME, "HoTen", "Иван An", "Иван An", told="CELL-226"),
    *ok("other encodings where nothing is required", MOTHER, "HoTenMe", "NguyÔn ThÞ Lª", "NguyÔn ThÞ Lª",
        told="CELL-221"),
    *ok("UTF-8 in an address", ADDRESS, "DchiTmtru", "XÃ£ Giáº£ Äá»‹nh", "XÃ£ Giáº£ Äá»‹nh", told="CELL-224"),
    *ok("letters lost in an address", ADDRESS, "DchiTmtru", "Xã \ufffd\ufffdịnh", "Xã \ufffd\ufffdịnh",
        told="CELL-225"),
    *ok("a house's number that became a date", ADDRESS, "DchiTmtru", "2019-05-12", "2019-05-12",
        told="CELL-231"),
    *ok("signs that people write", ADDRESS, "DchiTmtru", "Nhà 100m², “cũ” – H’Mông",
        "Nhà 100m², “cũ” – H’Mông"),
    *ok("foreign names are nobody's fault", MOTHER, "HoTenMe", "José Müller", "José Müller"),
    *ok("ethnic labels", "Dân tộc", "MaDanToc", "08", "Hmông", "H'Mông", "Mông", "H’ Mông"),
    *ok("missing in many words", ADDRESS, "DchiTmtru", None,
        "", " ", "nan", "None", "null", "NaT", "\u00a0", "\u3000", "\u200b", "-", "…"),
    *ok("error results are told", ADDRESS, "DchiTmtru", None, "#N/A", "#REF!", "Err:502", told="CELL-206"),
    *bad("error results where a value is required", CODE, "ClientId", "CELL-110", "#N/A", told="CELL-206"),
    *bad("nothing where a value is required", CODE, "ClientId", "CELL-110", "\u200b", "\u00a0", "null"),
]  # fmt: skip


@cache
def of_list(caption: str) -> tuple[dict[int, dict[str, Any]], dict[int, set[str]], dict[int, set[str]]]:
    """Row → record, codes that refuse it, codes told of it; the cells of one caption stand in one list."""
    cells = [row for row in LIST if row.caption == caption]
    base = {SEX: "Nam", BIRTH: "05/09/2012"} if caption == CITIZEN else {}
    reading = read(listing(*({**base, caption: row.text} for row in cells)), VNEDU)
    found = table(reading)
    records = {r["_row"] - 8: r for r in found.records.to_dicts()}
    refused: dict[int, set[str]] = {}
    for line in found.refused.to_dicts():
        refused.setdefault(line["Row"] - 8, set()).add(line["Rule"])
    told: dict[int, set[str]] = {}
    for w in reading.warnings:
        if w.place.row >= 8 and w.code != "CELL-202":  # month first, elsewhere in the column
            told.setdefault(w.place.row - 8, set()).add(w.code)
    return records, refused, told


@pytest.mark.parametrize("row", LIST, ids=lambda row: f"{row.kind}: {row.text!r}"[:60])
def test_a_cell_is_read_put_right_and_told_or_refused(row: Row) -> None:
    records, refused, told = of_list(row.caption)
    at = [r for r in LIST if r.caption == row.caption].index(row)
    assert refused.get(at, set()) - {"REC-001", "HS-203"} == ({row.refused} if row.refused else set())
    assert not row.told or row.told in told.get(at, set())
    assert row.told or not told.get(at)
    if at in records:
        assert records[at][row.field] == row.said


# The same normaliser reads packets: field, JSON value, what it is read as (or ! and the code that refuses),
# the code that is told.
PACKET = [
    ("HoTen", "Ðỗ Văn Ðức", "Đỗ Văn Đức", "CELL-220"),
    ("HoTen", "Nguyễn\u00a0\u3000Văn   A", "Nguyễn Văn A", ""),
    ("HoTen", "Nguye\u0302\u0303n Văn A", "Nguyễn Văn A", ""),
    ("HoTen", "Nguyeãn Vaên Thöû", "!CELL-142", ""),
    ("HoTen", "NguyÔn V¨n Thö", "!CELL-141", ""),
    ("HoTen", "\u200b", None, ""),
    ("HoTenMe", "LÃª Minh", "LÃª Minh", "CELL-224"),
    ("NoiSinh", "#N/A", None, "CELL-206"),
    ("NoiSinh", "null", None, ""),
    ("NgaySinh", "2014-01-08T17:00:00.0", date(2014, 1, 8), "CELL-229"),
    ("NgaySinh", "2014-01-08T08:00:00.0", date(2014, 1, 8), "CELL-228"),
    ("NgaySinh", "2014-01-08T00:00:00.0", date(2014, 1, 8), ""),
    ("NgaySinh", "２014-01-08T00:00:00.0", date(2014, 1, 8), "CELL-220"),
    ("NgaySinh", "29/02/2014", "!CELL-102", ""),
    ("ClientId", 74140000000062631, "74140000000062631", ""),
    ("ClientId", 12.0, "!CELL-108", ""),
    ("ClientId", 1e17, "!CELL-108", ""),
    ("ClientId", True, "!CELL-106", ""),
    ("ClientId", "\u00a0", "!CELL-110", ""),
    ("ClientId", "a\u200b", "a", "CELL-220"),
    ("ClientId", "HSА-77", "!CELL-140", ""),
    ("ClientId", "ＨＳ－７８", "HS-78", "CELL-220"),
    ("MaDanToc", "01\u200e", "01", "CELL-220"),
    ("MaCongDan", "0990000O0001", "0990000O0001", ""),
    ("GioiTinh", "nan", "!CELL-101", ""),
    ("DchiThtru", True, "!CELL-106", ""),
]  # fmt: skip


@cache
def of_packet() -> tuple[dict[int, dict[str, Any]], dict[int, set[str]], dict[int, set[str]]]:
    reading = read(pupils(*({name: value} for name, value, _, _ in PACKET)))
    found = table(reading)
    refused: dict[int, set[str]] = {}
    for line in found.refused.to_dicts():
        refused.setdefault(line["Row"] - 1, set()).add(line["Rule"])
    told: dict[int, set[str]] = {}
    for w in reading.warnings:
        told.setdefault(w.place.row - 1, set()).add(w.code)
    return {r["_row"] - 1: r for r in found.records.to_dicts()}, refused, told


@pytest.mark.parametrize("at", range(len(PACKET)), ids=lambda at: f"{PACKET[at][0]} {PACKET[at][1]!r}")
def test_a_packets_value_is_read_by_the_same_rules(at: int) -> None:
    name, _, said, warned = PACKET[at]
    records, refused, told = of_packet()
    if isinstance(said, str) and said.startswith("!"):
        assert refused[at] == {said[1:]}
    else:
        assert records[at][name] == said
        assert told.get(at, set()) == ({warned} if warned else set())


def test_a_column_decides_what_could_be_of_two_encodings() -> None:
    # "Hoà" is Hồ in VNI and Hoà in Unicode; "TÝ" is Tí in TCVN3.
    others = ["Nguyeãn Vaên Thöû", "Traàn Thò Höông", "Leâ Minh"]
    for ambiguous, column, refused in (
        ("Hoà An", others, True),
        ("Hoà An", ["Nguyễn Văn Thử", "Trần Thị Hương", others[0]], False),
        ("Vũ TÝ", ["NguyÔn V¨n Thö", "Lª Minh"], False),
    ):
        found = table(read(listing(*({NAME: name} for name in [*column, ambiguous])), VNEDU))
        assert (8 + len(column) in found.refused["Row"]) is refused, (ambiguous, column)


def test_what_is_told_of_a_cell_names_its_place_and_never_its_value() -> None:
    reading = read(listing({NAME: "Nguуễn Văn Ðức"}, {MOTHER: "NguyÔn ThÞ Lª"}), VNEDU)
    told = {(w.code, w.place.row, w.place.field): str(w) for w in reading.warnings if w.place.row}
    assert set(told) == {("CELL-220", 8, NAME), ("CELL-221", 9, MOTHER)}
    assert not any("Đức" in text or "Nguy" in text for text in told.values())


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("0000000000", "0626000001"), ("0#########", "0626000001"), ('"0"000000000', "0626000001"),
        ("[$-409]0000000000;@", "0626000001"), ("0000-000-000", "0626000001"), ("0", "626000001"),
        ("#,##0", "626000001"), ("", "626000001"), ('0" đ"', "626000001"),
    ],
)  # fmt: skip
def test_a_number_format_shows_the_zeros_of_a_code(form: str, shown: str) -> None:
    assert number_text(626000001.0, form, datetime(1899, 12, 30)) == shown


SURNAMES = "Nguyễn Trần Lê Phạm Hoàng Huỳnh Võ Đặng Bùi Đỗ Dương Lý Nông Triệu Lường Bế Hứa"
GIVEN = "Bình Cường Dũng Hằng Hiếu Hoà Hương Khánh Linh Mẫu Phúc Phượng Quỳnh Thắng Tý Tuyết Vỹ Yến Ước"
PEOPLE = [
    f"{family} {middle} {given}"
    for family in re.split(" ", SURNAMES)
    for middle in ("Văn", "Thị", "Đức")
    for given in re.split(" ", GIVEN)
]


def in_tcvn3(name: str) -> str:
    letters = {said: letter for letter, said in encodings.TCVN3_LETTERS.items()}
    return "".join(letters.get(c, c) for c in name)


def in_vni(name: str) -> str:
    letters = {said: pair for pair, said in encodings.vni_letters().items()}
    return "".join(letters.get(c, c) for c in name)


def in_viscii(name: str) -> str:
    at = {c: bytes([0x80 + i]) for i, c in enumerate(encodings.VISCII_LETTERS)}
    return as_windows(b"".join(at.get(c) or c.encode("latin1") for c in name))


def as_windows(data: bytes, page: str = "cp1252") -> str:
    return "".join(bytes([b]).decode(page, "ignore") or chr(b) for b in data)


@pytest.mark.parametrize(
    ("garble", "code"),
    [
        (in_tcvn3, "CELL-141"), (in_vni, "CELL-142"), (in_viscii, "CELL-143"),
        (lambda name: as_windows(name.encode()), "CELL-144"),
        (lambda name: as_windows(name.encode(), "cp1258"), "CELL-144"),
    ],
)  # fmt: skip
def test_a_column_of_names_in_another_encoding_is_recognised(garble: Callable[[str], str], code: str) -> None:
    column = tidy(pl.DataFrame({"name": [garble(name) for name in PEOPLE]}))["name"]
    refused = cell_letters.read(column, "name").bad[code]
    garbled = pl.Series([a != b for a, b in zip(column, PEOPLE, strict=True)])
    assert len((refused & garbled).arg_true()) > 0.98 * len(garbled.arg_true())


def test_vietnamese_as_it_is_written_is_never_doubted() -> None:
    labels = {code.label_vi for codes in codelists().values() for code in codes.values()}
    read = cell_letters.read(pl.Series([*PEOPLE, *labels]), "name")
    assert (read.bad, read.doubtful) == ({}, {})


def test_what_is_put_right_is_right_the_second_time() -> None:
    rng = Random(7)
    letters = (
        "".join(map(chr, range(0x20, 0x250))) + "аеорсухАВЕо\u200b\u200e\u00ad\ufeff\u0301ＡＢ１ NguyễnVănThị"
    )
    for _ in range(3000):
        text = unicodedata.normalize("NFC", "".join(rng.choice(letters) for _ in range(rng.randrange(12))))
        once = judge(text)
        assert once.encodings or judge(once.text).text == once.text, ascii(text)
