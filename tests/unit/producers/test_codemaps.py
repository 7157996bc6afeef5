"""Code maps: the exact text, never a padded one."""

import polars as pl
import pytest

from producers import codemaps
from schemas.codes import codes


def mapped(name: str, codelist: str, *values: str | None) -> list[str | None]:
    found, unmapped = codemaps.load(name).map(codelist, pl.Series(values, dtype=pl.String))
    return ["?" if u else v for v, u in zip(found, unmapped, strict=True)]


@pytest.mark.parametrize(
    ("codelist", "vendor", "ministry"),
    [
        ("NHOM_CAN_BO", "2", "03"),  # the vendor's teacher
        ("NHOM_CAN_BO", "02", "02"),  # the ministry's employee
        ("TRANG_THAI_HOC_SINH", "3", "04"),  # moved out
        ("TRANG_THAI_HOC_SINH", "03", "03"),  # returned
        ("CAP_HOC", "1", "02"),  # primary
        ("CAP_HOC", "01", "01"),  # preschool
        ("TRANG_THAI_CAN_BO", "3", "05"),  # retired
        ("TRINH_DO", "5", "09"),  # doctor
        ("GIOI_TINH", "0", "02"),
        ("SO_BUOI_HOC_TREN_TUAN", "5", "01"),  # five sessions
        ("SO_BUOI_HOC_TREN_TUAN", "05", "05"),  # nine
        ("MON_HOC", "22", "69"),
    ],
)
def test_a_bare_digit_is_the_vendors_code(codelist: str, vendor: str, ministry: str) -> None:
    assert mapped("smas", codelist, vendor) == [ministry]


@pytest.mark.parametrize(
    ("codelist", "vendor"),
    [
        ("NHOM_CAN_BO", "4"),
        ("TRANG_THAI_HOC_SINH", "5"),
        ("LOAI_HINH", "3"),
        ("GIOI_TINH", "1.0"),
        ("KHOI", "006"),
    ],
)
def test_what_the_map_does_not_hold_is_unmapped(codelist: str, vendor: str) -> None:
    assert mapped("smas", codelist, vendor, None) == ["?", None]


def test_a_vendors_code_for_nothing_is_no_fault() -> None:
    assert mapped("smas", "MON_DAY_GV", "0") == [None]


@pytest.mark.parametrize(
    ("codelist", "label", "ministry"),
    [
        ("DAN_TOC", "H'Mông", "08"), ("DAN_TOC", "Mông", "08"), ("DAN_TOC", "TÀY", "02"),
        ("DAN_TOC", "Tay", "02"),
        ("DAN_TOC", "Khmer", "05"), ("GIOI_TINH", "nữ", "02"), ("GIOI_TINH", "Trai", "01"),
        ("TON_GIAO", "Không", "99"), ("DIEN_CHINH_SACH", "Con liệt sĩ", "03"),
        ("DIEN_CHINH_SACH", "Không", None),
        ("LOAI_KHUYET_TAT", "Khuyết tật nhìn", "03"),
    ],
)  # fmt: skip
def test_labels_are_read_in_their_spellings(codelist: str, label: str, ministry: str | None) -> None:
    assert mapped("vnedu", codelist, label) == [ministry]


def test_a_bare_digit_in_a_list_is_no_label() -> None:
    assert mapped("vnedu", "GIOI_TINH", "1") == ["?"]


@pytest.mark.parametrize("name", ["smas", "vnedu"])
def test_every_map_leads_to_codes_of_the_ministrys_list(name: str) -> None:
    # Codes that the source's sheets send although the list lacks them: the code-list rule refuses them.
    known_strangers = {("DAN_TOC", "69"), ("HINH_THUC_HOP_DONG", "01"), ("TRANG_THAI_CAN_BO", "08")}
    m = codemaps.load(name)
    strangers = {
        (codelist, code)
        for codelist in m.codelists()
        for code in m.entries(codelist).values()
        if code is not None and code not in codes(codelist)
    }
    assert strangers <= known_strangers


def test_what_is_written_for_a_packet_is_read_back() -> None:
    for codelist in codemaps.load("smas").codelists():
        for integer in (True, False):
            for ministry, wire in codemaps.wire_codes(codelist, integer=integer).items():
                assert mapped("smas", codelist, wire) == [ministry]
                assert not integer or str(int(wire)) == wire


def test_two_meanings_of_one_code_are_an_error_of_the_map() -> None:
    with pytest.raises(ValueError, match="two meanings"):
        codemaps.CodeMap("smas", [("X", "1", "01"), ("X", "1", "02")])
