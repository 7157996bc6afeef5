"""Row hashes and dataset digests: what changes them and what does not."""

from datetime import date

import polars as pl
import pytest

from schemas.encoding.digest import dataset_digest, row_hashes

ROW = {
    "ClientId": "CL-1",
    "HoTen": "Nguyễn Văn Mẫu",
    "NgaySinh": date(2012, 9, 5),
    "DoiVien": True,
    "HeSo": 2.34,
    "Lst": [{"Ma": "01", "Ngay": date(2019, 9, 5)}],
    "GhiChu": None,
}
SCHEMA = pl.Schema(
    {
        "ClientId": pl.String(),
        "HoTen": pl.String(),
        "NgaySinh": pl.Date(),
        "DoiVien": pl.Boolean(),
        "HeSo": pl.Float64(),
        "Lst": pl.List(pl.Struct({"Ma": pl.String(), "Ngay": pl.Date()})),
        "GhiChu": pl.String(),
    }
)


def hash_of(**changes):
    return row_hashes(pl.DataFrame([ROW | changes], schema=SCHEMA))[0]


def test_the_hash_is_fixed_for_good():
    """A changed figure here means that nothing confirmed so far can be recomputed."""
    assert hash_of() == "7eab4148c4112b606b6d089b4000d0a8"


@pytest.mark.parametrize(
    "change",
    [
        {"HoTen": "Nguyễn Văn Mẫn"},
        {"NgaySinh": date(2012, 9, 6)},
        {"DoiVien": False},
        {"HeSo": 2.35},
        {"Lst": [{"Ma": "02", "Ngay": date(2019, 9, 5)}]},
        {"GhiChu": "x"},
        {"HoTen": None, "GhiChu": "Nguyễn Văn Mẫu"},
    ],
)
def test_any_changed_value_changes_it(change):
    assert hash_of(**change) != hash_of()


def test_blank_text_and_empty_list_are_no_value():
    assert hash_of(GhiChu="") == hash_of(GhiChu=None)
    assert hash_of(Lst=[]) == hash_of(Lst=None)
    assert hash_of(Lst=[{"Ma": "01", "Ngay": None}]) == hash_of(Lst=[{"Ma": "01"}])


def test_an_optional_field_added_to_the_contract_changes_no_hash():
    grown = pl.DataFrame([ROW], schema=SCHEMA).with_columns(Moi=pl.lit(None, pl.String))
    assert row_hashes(grown)[0] == hash_of()


def test_a_control_character_cannot_shift_a_value_into_the_next_field():
    one = row_hashes(
        pl.DataFrame({"A": ["x\x1fy"], "B": [None]}, schema=pl.Schema({"A": pl.String(), "B": pl.String()}))
    )
    other = row_hashes(pl.DataFrame({"A": ["x"], "B": ["y"]}))
    assert one[0] != other[0]


def test_a_row_is_hashed_the_same_alone_and_among_others():
    rows = [ROW, ROW | {"HoTen": "a\x1eb"}, ROW | {"ClientId": "CL-2"}]
    together = row_hashes(pl.DataFrame(rows, schema=SCHEMA)).to_list()
    assert together == [row_hashes(pl.DataFrame([r], schema=SCHEMA))[0] for r in rows]


def test_the_digest_does_not_depend_on_the_order_read():
    rows = [("HocSinh", "a", "1"), ("LopHoc", "b", "2")]
    assert dataset_digest(rows) == dataset_digest(reversed(rows))
    assert dataset_digest(rows) != dataset_digest([("HocSinh", "a", "2"), ("LopHoc", "b", "1")])
