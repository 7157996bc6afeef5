"""For every rule, a record that violates it: a table for the written ones, a recipe for the derived."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from schemas.contracts.contracts import Field, RecordType, record
from schemas.rules.rule import Rule
from tests.records import SUBJECT

LEFT_IN_2020: Final = {"NgayTrangThai": date(2019, 12, 1)}

ONE_RECORD: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("ENV-305", "TruongHoc", {"NamHoc": 2018}),
    ("TR-401", "TruongHoc", {"CapHoc": "06"}),
    ("TR-408", "TruongHoc", {"TtGdtxHuyen": True}),
    ("TR-408", "TruongHoc", {"MaTrungTam": "01"}),
    ("TR-204", "TruongHoc", {"TongSoHocSinh": 0}),
    ("TR-204", "TruongHoc", {"TongSoCanBo": -1}),
    ("TR-204", "TruongHoc", {"TongSoLopHoc": 0}),
    ("TR-407", "TruongHoc", {"KhaiThacInternetDayHoc": True, "SuDungMayTinhDayHoc": False}),
    ("TR-191", "TruongHoc", {"MaTinh": "19", "MaHuyen": "166"}),
    ("TR-191", "TruongHoc", {"MaTinh": "19", "MaHuyen": "165", "MaXa": "05431"}),
    ("LH-402", "LopHoc", {"MaNhomTuoiMn": "01"}),
    ("LH-402", "LopHoc", {"KhoiHoc": "17", "MaNhomTuoiMn": "01"}),
    ("LH-403", "LopHoc", {"LopGhepDoTuoi": "2"}),
    ("LH-404", "LopHoc", {"LopGhep": True, "MaLopGhep": "G1"}),
    ("LH-405", "LopHoc", {"LopChuyen": True, "MaHeChuyen": "01"}),
    ("LH-408", "LopHoc", {"MaNn2": "01"}),
    ("LH-408", "LopHoc", {"MaNn1": "01", "MaNn2": "01"}),
    ("HS-206", "HocSinh", {"HoTen": "Mẫu"}),
    ("HS-206", "HocSinh", {"HoTen": "Tổng số: 35"}),
    ("HS-207", "HocSinh", {"HoTen": "NGUYỄN VĂN MẪU"}),
    ("HS-207", "HocSinh", {"HoTen": "nguyễn văn mẫu"}),
    ("HS-305", "HocSinh", {"BanTru": True, "NoiTru": True, "MaHocBanTru": "01"}),
    ("HS-307", "HocSinh", {"MaLyDoThoiHoc": "01"}),
    ("HS-307", "HocSinh", {"ChuyenDenTuTinh": "19"}),
    ("HS-308", "HocSinh", {**LEFT_IN_2020, "TrangThai": "04", "NoiChuyenDi": "01", "ChuyenDiDenTinh": "01"}),
    ("HS-308", "HocSinh", {**LEFT_IN_2020, "TrangThai": "04", "NoiChuyenDi": "02", "ChuyenDiDenTinh": "19"}),
    ("HS-308", "HocSinh", {**LEFT_IN_2020, "TrangThai": "04", "NoiChuyenDi": "03", "ChuyenDiDenTinh": "19"}),
    ("HS-311", "HocSinh", {"NgayTrangThai": date(2020, 9, 1)}),
    ("HS-311", "HocSinh", {"TrangThai": "02", "NgayTrangThai": date(2019, 5, 31)}),
    ("HS-313", "HocSinh", {"NgaySinh": date(2019, 9, 5)}),
    ("HS-314", "HocSinh", {"NgaySinh": date(2003, 1, 1)}),
    ("HS-315", "HocSinh", {"NgaySinh": date(2016, 1, 1)}),
    ("HS-316", "HocSinh", {"KhoiHoc": "17", "NgaySinh": date(2010, 1, 1)}),
    ("HS-316", "HocSinh", {"KhoiHoc": "16", "NgaySinh": date(2010, 1, 1)}),
    ("HS-318", "HocSinh", {"GioiTinh": "02"}),
    ("HS-319", "HocSinh", {"MaCongDan": "019208000001", "NgaySinh": date(2007, 5, 20)}),
    ("HS-319", "HocSinh", {"MaCongDan": "019008000001"}),
    ("HS-320", "HocSinh", {"SoCmnd": "019208000002"}),
    ("HS-191", "HocSinh", {"MaTthanhThtru": "19", "MaQhuyenThtru": "166"}),
    ("HS-191", "HocSinh", {"MaTthanhTmtru": "19", "MaQhuyenTmtru": "165", "MaPxaTmtru": "05431"}),
    ("CB-191", "CanBo", {"MaTthanhThtru": "19", "MaQhuyenThtru": "166"}),
    ("CB-191", "CanBo", {"MaTthanhTmtru": "19", "MaQhuyenTmtru": "165", "MaPxaTmtru": "05431"}),
    ("CB-205", "CanBo", {"HeSo": 234.0}),
    ("CB-206", "CanBo", {"MucPhuCapUuDai": 101}),
    ("CB-206", "CanBo", {"VuotKhung": -1}),
    ("CB-206", "CanBo", {"MucPhuCapThuHut": 101}),
    ("CB-206", "CanBo", {"MucPhuCapThamNien": 101}),
    ("CB-206", "CanBo", {"MucPhuCapLanhDao": 101}),
    ("CB-209", "CanBo", {"NamSinh": 1984}),
    ("CB-210", "CanBo", {"TenCanBo": "Giáo viên 2"}),
    ("CB-401", "CanBo", {"NgaySinh": date(2005, 1, 1)}),
    ("CB-402", "CanBo", {"NgaySinh": date(1956, 1, 1)}),
    ("CB-412", "CanBo", {"MucPhuCapLanhDao": 20}),
    ("CB-416", "CanBo", {"NgayBatDauDaoTao": date(2010, 9, 1), "NgayKetThucDaoTao": date(2010, 8, 31)}),
]
"""(rule, record type, what to change in a valid record)."""

WHOLE_VERSION: Final[list[tuple[str, dict[str, list[dict[str, Any]]]]]] = [
    ("HS-501", {"HocSinh": [{}, {}]}),
    ("HS-503", {"HocSinh": [{"KhoiHoc": "07"}]}),
    ("HS-505", {"HocSinh": [{"MaLopHocDn": "LH0000002"}], "LopHoc": [{}, {"MaLopHoc": "LH0000002"}]}),
    ("HS-509", {"HocSinh": [{}, {"ClientId": "HS-2"}]}),
    ("LH-501", {"LopHoc": [{}, {"ClientId": "LH-2"}]}),
    ("LH-502", {"LopHoc": [{}, {"MaLopHoc": "LH0000002"}]}),
    ("LH-505", {"HocSinh": [{"MaLopHocCn": "LH0000002"}]}),
    ("LM-501", {"LopHoc": [{"DsMonHoc": [SUBJECT, SUBJECT]}]}),
    ("CB-501", {"CanBo": [{}, {"ClientId": "CB-2"}]}),
    ("CB-502", {"CanBo": [{}, {"MaCanBo": "1900000002"}]}),
    ("TR-501", {"TruongHoc": [{"TongSoHocSinh": 2}]}),
    ("TR-502", {"TruongHoc": [{"TongSoLopHoc": 2}]}),
    ("TR-503", {"TruongHoc": [{"TongSoCanBo": 2}]}),
]
"""(rule, rows by type instead of the one valid record)."""


def violating(rule: Rule, record_type: str) -> dict[str, Any]:
    """Changes to a valid record that violate a derived rule."""
    contract = record(record_type)
    for name in rule.path:
        inner = contract.field(name).record
        assert inner is not None
        contract = inner
    changes = _wrong(rule, contract, contract.field(rule.fields[0]))
    for depth in range(len(rule.path), 0, -1):
        item = {**_item(record_type, rule.path[:depth]), **changes}
        changes = {rule.path[depth - 1]: [item]}
    return changes


def _wrong(rule: Rule, contract: RecordType, field: Field) -> dict[str, Any]:
    name = field.name
    match rule.kind:
        case "required":
            return {name: "  " if field.name == "ClientId" or field.avro_type == "string" else None}
        case "conditional":
            assert field.required_when is not None
            return {**_fulfilled(field.required_when, contract), name: None}
        case "codelist":
            return {name: ["?"] if field.avro_type.startswith("array") else "?"}
        case "max_length":
            assert field.max_length is not None
            return {name: "ữ" * (field.max_length + 1)}
        case "date":
            return {name: date(2020, 9, 1)}
        case "withdrawn":
            return {name: _some(field)}
        case "references":
            return {name: "nobody"}
        case _:
            return {name: "x"}


def _fulfilled(when: Mapping[str, Any], contract: RecordType) -> dict[str, Any]:
    match when:
        case {"all": [*parts]}:
            return {k: v for part in parts for k, v in _fulfilled(part, contract).items()}
        case {"any": [first, *_]}:
            return _fulfilled(first, contract)
        case {"field": str(name), "in": [first, *_]}:
            return {name: first}
        case {"field": str(name), "given": True}:
            return {name: _some(contract.field(name))}
        case {"field": str(name)}:
            return {name: None}
    raise AssertionError(when)


def _some(field: Field) -> Any:
    return {"boolean": True, "int": 1, "double": 1.5, "date": date(2019, 1, 1)}.get(field.avro_type, "01")


def _item(record_type: str, path: tuple[str, ...]) -> dict[str, Any]:
    """A valid nested record: its required fields, from nothing but their types."""
    contract = record(record_type)
    for name in path:
        inner = contract.field(name).record
        assert inner is not None
        contract = inner
    return {
        f.name: _some(f) if f.avro_type != "boolean" else False
        for f in contract.fields
        if f.required == "yes"
    }
