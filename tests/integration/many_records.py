"""The schools of the made-up province of `many_versions`, what each of their records says in each turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from zlib import crc32

from schemas import datasets
from schemas.contracts import contracts
from schemas.contracts.contracts import Field, RecordType
from tests.records import SUBJECT, VALID

TURNS: Final = 20

Row = dict[str, Any]


@dataclass(frozen=True)
class School:
    """One dataset: who sends it, how much, of how many records in a hundred something is wrong, in which
    turns (all, or so many after each other)."""

    number: int
    vendor: str = "smas"
    classes: int = 3
    pupils: int = 30
    staff: int = 5
    wrong: int = 0
    turns: int = TURNS
    kind: str = "1"
    then: str = ""
    """Vendor from the middle on, if it is another."""

    @property
    def code(self) -> str:
        return f"191645{self.number:02}" + ("10" if self.number % 2 else "")

    @property
    def held(self) -> dict[str, int]:
        """Records by type, but for its own."""
        return {"CanBo": self.staff, "LopHoc": self.classes, "HocSinh": self.pupils}

    @property
    def dataset(self) -> str:
        return datasets.dataset_id(self.code, 2019, self.kind)

    def vendor_in(self, turn: int) -> str:
        return self.then if self.then and turn > self.turns // 2 else self.vendor


SCHOOLS: Final = (
    School(1, wrong=70),
    School(2, "vnedu", classes=6, pupils=70, staff=9, wrong=25, then="smas"),
    School(3, "vnedu", pupils=40),
    School(2, "vnedu", classes=6, pupils=50, staff=9, wrong=15, turns=6, kind="3"),
    School(4, classes=40, pupils=1200, staff=40, wrong=4, turns=4),
    School(5, "vnedu", classes=1, pupils=1, staff=1, wrong=100, turns=5),
    School(6, classes=0, pupils=0, staff=0, turns=2),
    School(7, pupils=12, wrong=30, turns=7, kind="2"),
    School(8, "vnedu", classes=40, pupils=130, staff=175, wrong=100, turns=4),
)

ANEW: Final = (5, 6, 11)
"""Turns in which somebody else has a pupil's own id, and a pupil's code."""

FAMILY: Final = ("Nguyễn", "Trần", "Đặng", "Lê", "Phạm", "Ỷ", "Vương", "H'Mông")
GIVEN: Final = ("Thị Ánh", "Văn Đức", "Ngọc Quỳnh", "Bảo", "Thuỳ Dương", "Hữu Nghĩa", "𠀋 Minh")
ODD_PLACES: Final = ('Xã "Đông", huyện\\ A\t', "Thôn 1\r\nxã Bắc", "{NULL}", " ", "é và é", "$1 %s")
NESTED_AT_MOST: Final = 3
FIELDS: Final = {"TruongHoc": 58, "CanBo": 157, "LopHoc": 44, "HocSinh": 115}
"""Of a contract: those that it had when the findings were recorded. A later one is not among the mistakes."""


def chance(of: int, *what: object) -> int:
    """A number below ``of`` that always belongs to these."""
    return crc32(repr(what).encode()) % of


def school_record(school: School, turn: int, lists: Mapping[str, Sequence[Row]]) -> Row:
    """The school's own record: it is another in every turn, and now and then its totals are."""
    counts = {"TongSoHocSinh": "HocSinh", "TongSoLopHoc": "LopHoc", "TongSoCanBo": "CanBo"}
    odd = (0, 0, 1, 0, -1) if school.wrong else (0,)
    totals = {
        name: len(lists.get(t, ())) + odd[chance(len(odd), school.dataset, turn, name)]
        for name, t in counts.items()
    }
    mistakes: list[Row] = [
        {},
        {},
        {"KhaiThacInternetDayHoc": True, "SuDungMayTinhDayHoc": False},
        {"MaTinh": "19", "MaHuyen": "001", "MaXa": "00001"},
    ]
    row = VALID["TruongHoc"] | {
        "MaTruongHoc": school.code,
        "TenTruongHoc": f"Trường THCS Mẫu số {school.number}",
        "Website": f"truong{school.number}.example/{turn}",
        **totals,
        **(mistakes[turn % len(mistakes)] if school.wrong else {}),
    }
    return spoilt(school, turn, "TruongHoc", 0, row)


def teacher(school: School, turn: int, n: int) -> Row:
    code = teacher_code(school, n - 1 if school.wrong and n == 7 else n)
    mistakes: list[Row] = [
        {},
        {"NgaySinh": date(1950, 1, 1)},
        {"MucPhuCapLanhDao": 10, "MaQhuyenThtru": "001", "MaTthanhThtru": "19"},
        {"NgayBatDauDaoTao": date(2010, 1, 2), "NgayKetThucDaoTao": date(2010, 1, 1)},
        {"MucPhuCapUuDai": None, "DanhGiaKqChuanNgheNghiep": None, "TuDanhGiaKqChuanNgheNghiep": None},
        {"NgachHang": "1", "TrinhDoVanHoa": "12/12", "NamSinh": 1901},
    ]
    return VALID["CanBo"] | {
        "ClientId": client_id(school.vendor_in(turn), "CanBo", n),
        "MaCanBo": code,
        "TenCanBo": _name(school.number, "teacher", n),
        "NgaySinh": date(1962 + chance(35, school.number, n), 1 + n % 12, 3),
        "SoCmnd": f"0191{85 + n % 10}{school.number:02}{n:04}",
        "HeSo": 2.34 + _revision(school, turn, "CanBo", n) / 3,
        **(mistakes[n % len(mistakes)] if school.wrong else {}),
    }


def class_(school: School, turn: int, n: int) -> Row:
    """In a dirty school some name teachers that are not among the staff, or a subject twice."""

    def taught_by(i: int) -> str:
        there = not school.wrong or chance(5, school.number, turn // 4, n, i)
        return teacher_code(school, i % max(school.staff, 1) if there else 500 + i)

    subjects = [
        SUBJECT
        | {
            "MaMonHoc": f"{1 + (i if chance(9, school.number, turn, n, i) or not school.wrong else 0):02}",
            "MaGiaoVien": taught_by(n + i) if i % 2 else None,
            "DsGiaoVien": [
                {"HocKy": str(1 + k % 2), "MaGiaoVien": taught_by(n + i + k)} for k in range(i % 3)
            ],
        }
        for i in range(n % 4)
    ]
    return VALID["LopHoc"] | {
        "ClientId": client_id(school.vendor_in(turn), "LopHoc", n),
        "MaLopHoc": class_code(school, n),
        "TenLopHoc": f"{6 + n % 4}Đ{n // 4 + 1}",
        "KhoiHoc": f"{6 + n % 4:02}",
        "MaGvcnDn": taught_by(n),
        "MaGvcnCn": taught_by(n + 1) if n % 3 else None,
        "DsMonHoc": subjects,
        "LopGhep": bool(school.wrong) and n % 11 == 10,
    }


def pupil(school: School, turn: int, n: int) -> Row:
    revision = _revision(school, turn, "HocSinh", n)
    at = n % max(school.classes - bool(school.wrong), 1)
    male, born = n % 2 == 0, 2008 - at % 4
    row = VALID["HocSinh"] | {
        "ClientId": client_id(school.vendor_in(turn), "HocSinh", n),
        "MaHocSinh": pupil_code(school, n),
        "HoTen": _name(school.number, n),
        "HoTenMe": _name(school.number, "mother", n // 2),
        "GioiTinh": "01" if male else "02",
        "NgaySinh": date(born, 1 + n % 12, 1 + n % 28),
        "MaLopHocDn": class_code(school, at),
        "MaLopHocCn": class_code(school, at),
        "KhoiHoc": f"{6 + at % 4:02}",
        "MaCongDan": f"019{2 if male else 3}{born % 100:02}{school.number:02}{n:04}",
        "NoiSinh": f"Xã số {revision}",
    }
    if school.wrong and chance(100, school.number, n, revision, "wrong") < school.wrong:
        mistakes = _mistakes(school, n)
        row |= mistakes[chance(len(mistakes), school.number, n, revision)]
    return row


def _mistakes(school: School, n: int) -> list[Row]:
    """What the contract's codes and shapes do not show."""
    return [
        {"MaLopHocDn": "KHONGCO", "MaLopHocCn": "KHONGCO"},
        {"MaLopHocCn": class_code(school, n + 1)},
        {"HoTen": _name(school.number, n).upper(), "BanTru": True, "NoiTru": True},
        {"GioiTinh": "02" if n % 2 == 0 else "01"},
        {"KhoiHoc": "06" if n % 3 else "09"},
        {"HoTen": "Lê Thị Đôi", "HoTenMe": "Trần Thị Đôi", "NgaySinh": date(2008, 5, 5), "MaHocSinh": None},
        {"SoCmnd": f"019308{school.number:02}{n + 1:04}", "HoTenMe": None, "NgaySinhMe": None},
        {"NoiSinh": ODD_PLACES[n % len(ODD_PLACES)], "MaCongDan": None, "MaLopHocDn": None},
        {"TrangThai": "02", "ChuyenDenTuTinh": "19"},
        {"TrangThai": "04", "NoiChuyenDi": "01", "ChuyenDiDenTinh": "19"},
        {"KhoiHoc": "16", "MaTthanhThtru": "19", "MaQhuyenThtru": "001", "MaPxaThtru": "00001"},
    ]


def has_newcomers(school: School, turn: int) -> bool:
    return turn in ANEW and school.wrong > 0 and school.pupils > 2


def newcomers(school: School, turn: int) -> list[Row]:
    """Somebody new, and twice, under the own id of a pupil who is not brought; one under another's code."""
    somebody = {"HoTen": "Hoàng Kim Mới", "NgaySinh": date(2007, 2, 2), "HoTenMe": "Đỗ Thị Mới"}
    anew = pupil(school, turn, school.pupils - 1) | somebody
    other = pupil(school, turn, 0) | somebody | {"ClientId": f"moi-{turn}", "MaCongDan": None}
    return [
        anew | {"MaHocSinh": pupil_code(school, 900 + turn), "MaCongDan": None},
        other | {"HoTen": "Hoàng Kim Khác"},
        anew | {"MaHocSinh": pupil_code(school, 950 + turn), "MaCongDan": None},
    ]


def spoilt(school: School, turn: int, record_type: str, n: int, row: Row) -> Row:
    """Of a dirty school's record one field more is wrong, now this and now that: each has its turn."""
    revision = _revision(school, turn, record_type, n)
    if chance(100, school.number, record_type, n, revision, "spoilt") >= school.wrong:
        return row
    contract = contracts.record(record_type)
    keys = {name for key in contract.identity for name in key} | {"ClientId", "Website"}
    fields = [f for f in contract.fields[: FIELDS[record_type]] if f.name not in keys]
    first, many = n + revision * 5, 1
    if contract.single:
        first, many = turn * 6, 6
    return row | {f.name: _junk(f, n + turn) for f in (fields * 2)[first % len(fields) :][:many]}


def _junk(field: Field, n: int) -> Any:
    if field.record is not None:
        return [_nested(field.record, n + i) for i in range(1 + n % NESTED_AT_MOST)]
    match field.avro_type:
        case "int":
            return (101, -1, 0)[n % 3]
        case "double":
            return (55.5, -0.0, 0.1)[n % 3]
        case "date":
            return (date(1850, 1, 1), date(2031, 1, 1), date(1999, 9, 9))[n % 3]
        case "boolean":
            return n % 2 == 0
        case "array<string>":
            return (["Z9", "01"], [])[n % 2]
        case _:
            return ("Z9", "Đ@x", "01", "0", "777")[n % 5]


def _nested(record: RecordType, n: int) -> Row:
    return {f.name: _junk(f, 3 * n + i) if (i + n) % 7 else None for i, f in enumerate(record.fields)}


def _revision(school: School, turn: int, record_type: str, n: int) -> int:
    """How often the record has changed until this turn."""
    return sum(_changes(school.number, record_type, n, t) for t in range(2, turn + 1))


def _changes(school: int, record_type: str, n: int, turn: int) -> bool:
    return chance(6, school, record_type, n, turn) == 0


def code_of(school: School, record_type: str, n: int) -> dict[str, str]:
    """The key that a tombstone names."""
    match record_type:
        case "CanBo":
            return {"MaCanBo": teacher_code(school, n)}
        case "LopHoc":
            return {"MaLopHoc": class_code(school, n)}
        case _:
            return {"MaHocSinh": pupil_code(school, n)}


def client_id(vendor: str, record_type: str, n: int) -> str:
    return f"{vendor}-{record_type[0].lower()}{n}"


def pupil_code(school: School, n: int) -> str:
    return f"19{school.number:02}{n:06}"


def teacher_code(school: School, n: int) -> str:
    return f"29{school.number:02}{n:06}" if n != 18 else f"GV-{school.number}"


def class_code(school: School, n: int) -> str:
    return f"LH{school.number:02}{n:05}"


def _name(*who: object) -> str:
    return f"{FAMILY[chance(len(FAMILY), *who)]} {GIVEN[chance(len(GIVEN), 'given', *who)]}"
