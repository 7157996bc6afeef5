"""Kind 2, one message ends a process for good: what a field may hold is said in one table."""

import json
from datetime import UTC, date, datetime

import pytest

from schemas.contracts import bounds, versions
from schemas.contracts.bounds import NUMBER, TEXT, asked, carried, kept

AT = datetime(2020, 3, 1, tzinfo=UTC)
COMMAND = {
    "CommandId": "00000000-0000-0000-0000-000000000001", "DatasetId": "19164001.2019.start",
    "MaTruongHoc": "19164001", "NamHoc": 2019, "Period": "start", "Command": "open", "IssuedAt": AT,
    "Unit": "19", "Role": "department_officer", "Account": "", "Version": 0, "Digest": "", "ReasonCode": "",
    "ReasonText": "Sai số liệu.\nXem lại.", "Route": ["164", "19"], "Counts": {"refused": 0}, "Sequence": -1,
    "ExportId": "", "Window": {"Opens": date(2019, 9, 1), "Closes": None},
}  # fmt: skip

ODD = [
    ("CommandId", "", TEXT),
    ("CommandId", "a b", TEXT),
    ("CommandId", "[/x]", TEXT),
    ("CommandId", "học", TEXT),
    ("CommandId", "x" * 201, TEXT),
    ("MaTruongHoc", "19/164", TEXT),
    ("MaTruongHoc", "1" * 21, TEXT),
    ("Unit", "19\x00", TEXT),
    ("Account", "\x1b[31m", TEXT),
    ("ReasonText", "\x00", TEXT),
    ("ReasonText", "x" * 4001, TEXT),
    ("Route", ["164", "a\x00"], TEXT),
    ("Route", ["164"] * 101, NUMBER),
    ("Counts", {"refused": -1}, NUMBER),
    ("Counts", {"ref\x00used": 1}, TEXT),
    ("Counts", {str(n): 0 for n in range(101)}, NUMBER),
    ("NamHoc", 2_000_000_000, NUMBER),
    ("NamHoc", -1, NUMBER),
    ("Version", -1, NUMBER),
    ("Version", 2**31, NUMBER),
    ("Sequence", 2**40, NUMBER),
    ("IssuedAt", datetime(1, 1, 1, tzinfo=UTC), NUMBER),
    ("IssuedAt", datetime(9999, 12, 31, 23, tzinfo=UTC), NUMBER),
    ("Window", {"Opens": date(1, 1, 1), "Closes": None}, NUMBER),
    ("Window", {"Opens": None, "Closes": date(9999, 12, 31)}, NUMBER),
    ("ExportId", "\n", TEXT),
]


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ("*", None),
        ("*@5.2", None),
        ("19164001", None),
        ("*5.2", TEXT),
        ("*@", TEXT),
        ("", TEXT),
        ("**", TEXT),
    ],
)
def test_a_grant_is_a_schools_a_vendors_or_a_product_versions(about, code):
    assert asked("GrantCommand", {"MaTruongHoc": about}) == code


def test_what_officers_write_is_within():
    assert asked("ConfirmationCommand", COMMAND) is None


@pytest.mark.parametrize(("field", "value", "code"), ODD, ids=[f"{f}-{n}" for n, (f, _, _) in enumerate(ODD)])
def test_a_command_out_of_bounds_is_told_by_its_code(field, value, code):
    assert asked("ConfirmationCommand", COMMAND | {field: value}) == code


@pytest.mark.parametrize("value", ["x\x00", "y" * 3000, 2**31, -(2**31) - 1, datetime(1, 1, 1, tzinfo=UTC)])
def test_an_event_on_record_is_asked_only_whether_it_can_be_held(value):
    assert kept({"CommandId": value}) in (TEXT, NUMBER)
    assert kept({"CommandId": "an id of [0.1.0]", "Counts": {"refused": -1}, "CommandOffset": 2**40}) is None
    assert kept({"ReasonText": "r" * 100_000, "Route": ["19"] * 1000, "Window": None}) is None


def test_a_text_that_is_carried_is_never_one_of_ours_that_was_longer_or_had_a_control_character():
    assert carried("abc") == "abc"
    assert carried("abc\x00") != "abc" and "\x00" not in carried("a\x00")
    assert len(carried("x" * 10_000)) == 200


def test_every_field_of_the_table_is_one_of_its_contract():
    for name, fields in bounds.ASKED.items():
        assert fields.keys() <= {field["name"] for field in json.loads(versions.newest(name).text)["fields"]}
