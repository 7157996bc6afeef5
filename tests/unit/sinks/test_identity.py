"""Whose record is it: cases of what a push brings and what we hold."""

import unicodedata

import polars as pl
import pytest

from sinks.provincial.records import identity, keys

PUPIL = [["MaHocSinh"], ["MaCongDan"], ["Vendor", "ClientId"]]
CLASS = [["MaLopHoc"], ["TenLopHoc"]]
DATASET = "19164501.2019.start"


def frame(rows, kinds=PUPIL, vendor="smas", **more):
    """Rows of (code, citizen number, client id) with their keys, or of (code, name) for classes."""
    names = keys.fields_of(kinds)
    out = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    out = out.with_columns(pl.lit(DATASET).alias("_dataset"), pl.lit(vendor).alias("Vendor"))
    typed = [pl.Series(n, v, dtype=pl.String if n == "_identity" else pl.Boolean) for n, v in more.items()]
    out = out.with_columns(typed).with_row_index("_row")
    return keys.with_keys(out, kinds)


def held(rows, identities, **sender):
    return frame(rows, _identity=identities, **sender)


def matched(incoming, current, kinds=PUPIL):
    return dict(identity.match(incoming, current, kinds).sort("_row").rows())


@pytest.mark.parametrize(
    ("ours", "sender", "incoming", "found"),
    [
        # ministry code, citizen number, client id
        (("1", "A", "c1"), "smas", ("1", "A", "c1"), True),
        (("1", "A", "c1"), "vnedu", ("1", "A", "c1"), True),
        (("1", "A", "c1"), "vnedu", ("1", None, "x9"), True),
        (("1", "A", "c1"), "vnedu", (None, "A", "x9"), True),
        (("1", "A", "c1"), "vnedu", (None, None, "c1"), False),  # another vendor's id says nothing
        (("1", "A", "c1"), "smas", (None, None, "c1"), True),
        ((None, None, "c1"), "smas", ("1", "A", "c1"), True),  # the ministry's code comes later
        ((None, "A", "c1"), "vnedu", ("1", "A", "c7"), True),
        (("", "", "c1"), "smas", ("", "", "c2"), False),  # blanks are no value
        (("1", "A", "c1"), "smas", ("2", "A", "c1"), False),  # two codes are two pupils
        (("1", "A", "c1"), "smas", (None, "B", "c1"), False),  # a leaver's ClientId used again
    ],
)
def test_a_pupil_is_found_by_the_strongest_key_that_both_sides_have(ours, sender, incoming, found):
    current = held([ours], ["i1"], vendor="smas")
    assert matched(frame([incoming], vendor=sender), current) == ({0: "i1"} if found else {})


def test_each_record_is_taken_once_and_by_the_stronger_claim():
    current = held([("1", None, "c1"), (None, None, "c2")], ["i1", "i2"])
    incoming = frame([(None, None, "c1"), ("1", None, "c9"), (None, None, "c2")])
    assert matched(incoming, current) == {1: "i1", 2: "i2"}


def test_datasets_do_not_mix():
    current = held([("1", "A", "c1")], ["i1"])
    other = frame([("1", "A", "c1")]).drop("^_[kg].$")
    other = keys.with_keys(other.with_columns(pl.lit("19164502.2019.start").alias("_dataset")), PUPIL)
    assert matched(other, current) == {}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("1", "A", "c1"), ("2", "B", "c2")], {}),
        ([("1", "A", "c1"), ("1", "B", "c2")], {1: 0}),
        ([("1", "A", "c1"), (None, "A", "c2")], {1: 1}),
        ([("1", "A", "c1"), ("2", "A", "c2")], {}),  # two codes, one number: the checks will say so
        ([("1", None, "c1"), ("2", None, "c1")], {1: 2}),  # ClientId is one per pupil, whatever else differs
        ([("1", "A", "c1"), (None, "A", "c2"), ("1", None, "c3"), ("3", None, "c4")], {1: 1, 2: 0}),
        ([(None, None, "c1"), (None, None, "c1"), (None, None, "c1")], {1: 2, 2: 2}),
    ],
)
def test_the_first_row_of_a_record_counts(rows, expected):
    assert dict(identity.repeats(frame(rows), PUPIL).rows()) == expected


def test_a_code_we_issued_is_no_ground_to_tell_two_classes_apart():
    current = frame(
        [("LH111", "6A1"), ("77", "6A2")], CLASS, _identity=["i1", "i2"], _issued_MaLopHoc=[True, False]
    )
    incoming = frame([("99", "6A1"), ("88", "6A2")], CLASS, _issued_MaLopHoc=[False, False])
    assert matched(incoming, current, CLASS) == {0: "i1"}


def test_an_issued_code_finds_its_class():
    current = frame([("LH111", "6A1")], CLASS, _identity=["i1"], _issued_MaLopHoc=[True])
    incoming = frame([("LH111", "6A1 mới")], CLASS, _issued_MaLopHoc=[False])
    assert matched(incoming, current, CLASS) == {0: "i1"}


@pytest.mark.parametrize(
    "nothing", ["", " ", "0", "000000000000", "-", "không", "Không có", "N/A", "111111111111"]
)
def test_what_says_nothing_is_no_key(nothing):
    current = held([(nothing, nothing, "c1")], ["i1"])
    assert matched(frame([(nothing, nothing, "c2")]), current) == {}
    assert frame([(nothing, nothing, "c1"), (nothing, nothing, "c2")])["_k1"].to_list() == [None, None]


def test_a_vendors_counter_may_reach_what_would_be_nobodys_number():
    assert frame([(None, None, "111111")])["_k2"][0] is not None


def test_a_key_in_another_spelling_is_the_same_key():
    current = held([("Lớp 6A1", None)], ["i1"], kinds=CLASS)
    decomposed = frame([(unicodedata.normalize("NFD", " Lớp 6A1 "), None)], CLASS)
    assert matched(decomposed, current, CLASS) == {0: "i1"}


def test_a_key_that_two_held_records_have_is_left_to_the_ledger():
    current = held([("1", None, "c1"), (None, "A", "c1")], ["i1", "i2"])
    assert matched(frame([(None, None, "c1")]), current) == {}
