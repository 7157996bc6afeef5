"""What a body of removals may say, and how each fault of it is told."""

import json
from typing import Any

import pytest

from producers.gateway import removals
from producers.gateway.body import SentFile
from producers.gateway.media import REMOVALS, media
from schemas.errors import ProblemList

HEADER = '"MaTruongHoc": "01000501", "NamHoc": 2019, "LoaiDongBo": 1'


def of(data: bytes) -> removals.Removed:
    found = removals.of([SentFile("body", media([REMOVALS], form=True), data)])
    assert found is not None
    return found


def told(text: str) -> set[tuple[str, str]]:
    return {(p.code, p.place.pointer) for p in of(text.encode()).problems}


def test_removals_are_ids_by_type() -> None:
    found = of(f'{{{HEADER}, "Removed": {{"HocSinh": ["HS-1", 74140000000062631], "CanBo": []}}}}'.encode())
    assert found.ids == {"HocSinh": ["HS-1", "74140000000062631"], "CanBo": []}
    assert found.header == {"MaTruongHoc": "01000501", "NamHoc": "2019", "LoaiDongBo": "1"}
    assert found.problems == []


@pytest.mark.parametrize("own_id", ["", "a\u0000", "a\nb", "x" * 201, None, True, {}, [], 1.5], ids=repr)
def test_what_is_no_id_is_pointed_at(own_id: Any) -> None:
    assert told(json.dumps({"Removed": {"HocSinh": ["HS-1", own_id]}})) == {
        ("GATE-044", "/Removed/HocSinh/1")
    }


def test_all_that_is_wrong_is_told_at_once() -> None:
    removed = '{"HocSinhs": [], "CanBo": "CB-1", "LopHoc": [""]}'
    assert told(f'{{"NamHoc": [1], "Xoa": 1, "Removed": {removed}, "NamHoc": []}}') == {
        ("FILE-008", "/NamHoc"),
        ("FILE-007", "/NamHoc"),
        ("FILE-006", "/Xoa"),
        ("VAL-012", "/Removed/HocSinhs"),
        ("FILE-007", "/Removed/CanBo"),
        ("GATE-044", "/Removed/LopHoc/0"),
    }


@pytest.mark.parametrize(
    "text", ["{}", '{"Removed": {}}', '{"Removed": {"HocSinh": []}}', '{"Removed": null}']
)
def test_a_removal_of_nobody_is_none(text: str) -> None:
    assert told(text) == {("GATE-043", "/Removed")}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "FILE-023"),
        (b"\xff\xfe{\x00}\x00", "FILE-003"),
        (b'{"Removed": {', "FILE-004"),
        (b"[" * 100_000, "FILE-004"),
        (b'{"Removed": {"HocSinh": [NaN]}}', "FILE-004"),
        (b'{"Removed": {"HocSinh": ["\\ud800"]}}', "FILE-004"),
        (b"[]", "FILE-005"),
        (b" " * (removals.BYTES + 1), "GATE-008"),
    ],
)
def test_what_is_no_body_of_removals_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ProblemList) as refused:
        of(data)
    assert [p.code for p in refused.value.problems] == [code]


def test_a_thousand_faults_are_enough() -> None:
    assert len(of(json.dumps({"Removed": {"HocSinh": [""] * 5_000}}).encode()).problems) == removals.MOST


def test_files_are_no_removals() -> None:
    assert removals.of([SentFile("a", media(["application/json"], form=True), b"{}")]) is None
    with pytest.raises(ProblemList):
        media([REMOVALS])  # of a part of a form
