"""Row hashes and dataset digests: what changes them and what does not."""

from datetime import date

import polars as pl
import pytest

from schemas.encoding.digest import row_hashes, version_digest

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


@pytest.mark.parametrize("mark", ["\n", "\r", "\x1e", "\x1f", "\t"])
def test_a_character_stored_is_a_character_hashed(mark):
    """Rule 1 took these for a blank: an address of two lines was that of one line."""
    assert hash_of(HoTen=f"a{mark}b") != hash_of(HoTen="a b")


ROWS = [("HocSinh", "a", "1"), ("HocSinh", "b", "2"), ("LopHoc", "b", "2")]
DATASET = "19164999.2019.start"


def test_a_versions_digest_is_fixed_for_good():
    assert (
        version_digest(DATASET, 1, ROWS) == "95c80eda16e8443ceaacf4cb6b2afb5937098f3d2662161b954d9b54081025f9"
    )
    assert (
        version_digest(DATASET, 1, ROWS, rule=1)
        == "a9d42b5dc86a002ea392ebbdcb446deae2e77851495d7219b647241a6ab43674"
    )


def test_the_digest_does_not_depend_on_the_order_read():
    assert version_digest(DATASET, 1, ROWS) == version_digest(DATASET, 1, reversed(ROWS))


@pytest.mark.parametrize(
    "other",
    [
        ("19164998.2019.start", 1, ROWS),
        (DATASET, 2, ROWS),
        (DATASET, 1, ROWS[:2]),
        (DATASET, 1, [*ROWS[:2], ("LopHoc", "b", "1")]),
        (DATASET, 1, [*ROWS[:2], ("CanBo", "b", "2")]),
    ],
    ids=["dataset", "version", "count", "row", "type"],
)
def test_dataset_version_counts_and_rows_are_in_the_digest(other):
    assert version_digest(*other) != version_digest(DATASET, 1, ROWS)


def test_by_rule_1_only_the_rows_counted():
    """So what was approved by it is recomputed by it."""
    assert version_digest(DATASET, 1, ROWS, rule=1) == version_digest("other", 2, ROWS, rule=1)
    two_lines, one_line = (row_hashes(pl.DataFrame({"A": [t]}), rule=1)[0] for t in ("a\nb", "a b"))
    assert two_lines == one_line


def test_a_rule_that_never_was_digests_nothing():
    with pytest.raises(ValueError, match="rule 3"):
        version_digest(DATASET, 1, ROWS, rule=3)
