"""The record types hold what the specification holds."""

import json
import re
from collections.abc import Iterator

import pytest

from schemas.codes import codelists
from schemas.contracts.contracts import Field, RecordType, record, record_types, snake
from schemas.rules.derived import PATTERNS

SPECIFIED = {"TruongHoc": 58, "LopHoc": 44, "HocSinh": 115, "CanBo": 157}
NESTED = {
    "LopMon": 10,
    "LopMonGiaoVien": 2,
    "QuaTrinhLuong": 5,
    "QuaTrinhDaoTaoBoiDuong": 9,
    "QuaTrinhNgoaiNgu": 5,
    "KhenThuong": 5,
    "KyLuat": 4,
    "BdncnlNgoaiNgu": 8,
    "BdncnlSuPham": 7,
    "DanhGiaChuanNgheNghiep": 4,
}


def everything(contract: RecordType) -> Iterator[tuple[RecordType, Field]]:
    for field in contract.fields:
        yield contract, field
        if field.record is not None:
            yield from everything(field.record)


ALL = [pair for t in record_types() for pair in everything(record(t))]


def names(pair: object) -> str:
    return pair.name if isinstance(pair, RecordType | Field) else str(pair)


def test_every_field_of_the_specification_is_there():
    assert {t: len(record(t).fields) for t in record_types()} == SPECIFIED


def test_every_nested_object_of_the_specification_is_there():
    found = {f.record.name: len(f.record.fields) for _, f in ALL if f.record is not None}
    assert found == NESTED


def test_additional_duties_are_a_list_of_codes():
    assert record("CanBo").field("LstNhiemVuKiemNhiem").avro_type == "array<string>"


def test_types_come_in_the_order_in_which_they_refer_to_each_other():
    assert record_types() == ["TruongHoc", "CanBo", "LopHoc", "HocSinh"]


def test_conditional_fields_are_those_of_the_specification_and_the_four_of_mother_and_guardian():
    conditional = [(c.name, f.name) for c, f in ALL if f.required == "conditional"]
    assert len(conditional) == 23 + 4
    assert all(f.required_when and f.condition for _, f in ALL if f.required == "conditional")


def test_withdrawn_fields_are_the_five_of_the_specification():
    assert {f.name for _, f in ALL if f.withdrawn} == {
        "PhanBanChiTiet",
        "MaSoTietNgoaiNgu",
        "PdtdBanTru",
        "TrinhDoVanHoa",
        "NgachHang",
    }


@pytest.mark.parametrize(("contract", "field"), ALL, ids=names)
def test_a_field_says_what_people_need_to_know(contract, field):
    assert field.label_vi and field.gloss_en, f"{contract.name}.{field.name}"
    assert field.pii in ("none", "basic", "sensitive")
    assert field.required in ("yes", "no", "conditional")
    for name in field.codelists:
        assert name in codelists(), f"{contract.name}.{field.name}: {name}"
    if field.format:
        kind, _, lengths = field.format.partition(":")
        assert kind in PATTERNS or re.fullmatch(r"[0-9]+(\|[0-9]+)*", lengths)


@pytest.mark.parametrize("record_type", record_types())
def test_every_field_but_the_client_id_may_be_null(record_type):
    for contract, field in everything(record(record_type)):
        assert field.nullable != (field.name == "ClientId"), f"{contract.name}.{field.name}"


@pytest.mark.parametrize("record_type", record_types())
def test_columns_are_distinct_and_identities_exist(record_type):
    contract = record(record_type)
    columns = [f.column for f in contract.fields]
    assert len(set(columns)) == len(columns)
    for key in contract.identity:
        for name in key:
            assert name == "Vendor" or contract.field(name)


def test_names_become_columns():
    expected = {
        "MaLopHocDn": "ma_lop_hoc_dn",
        "ClientId": "client_id",
        "SoTietThucDay1tuan": "so_tiet_thuc_day1tuan",
    }
    assert {name: snake(name) for name in expected} == expected


def test_health_religion_and_poverty_are_sensitive_and_names_basic():
    pupil = record("HocSinh")
    assert {pupil.field(n).pii for n in ("MaTonGiao", "MaDanToc", "KhuyetTat", "IsHoNgheo")} == {"sensitive"}
    assert {pupil.field(n).pii for n in ("HoTen", "NgaySinh", "SoDienThoaiMe", "MaCongDan")} == {"basic"}


def test_provinces_districts_and_communes_hang_together():
    lists = codelists()
    assert len(lists["TINH"]) == 63
    assert set(lists["HUYEN"]) == {"164", "165", *(str(n) for n in range(167, 174))}
    assert all(code.parent in lists["TINH"] for code in lists["HUYEN"].values())
    assert all(code.parent in lists["HUYEN"] for code in lists["XA"].values())
    assert len(lists["XA"]) == 180


def test_files_are_one_field_a_line():
    for record_type in record_types():
        text = (record(record_type).folder / "record.avsc").read_text(encoding="utf-8")
        for field in json.loads(text)["fields"]:
            assert re.search(rf'^    {{"name": "{field["name"]}", ', text, re.MULTILINE), field["name"]
