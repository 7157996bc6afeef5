"""JSON of vendors' services as sheets: each object of each list a row, each member a cell, or a code."""

import json
from typing import Any

import pytest

from producers.adapters import foreign
from schemas.errors import ProblemList


def sheets(data: Any) -> dict[str, list[tuple[int, dict[str, str]]]]:
    text = data if isinstance(data, bytes) else json.dumps(data).encode()
    found = {}
    for sheet in foreign.read("a.json", text).sheets:
        numbered = dict(zip(sheet.rows, sheet.cells.rows(), strict=True))
        head = numbered.pop(0)
        numbered.pop(-1, None)
        found[sheet.name] = [
            (row, {h: c for h, c in zip(head, cells, strict=True) if c is not None})
            for row, cells in numbered.items()
        ]
    return found


def refused(data: bytes) -> list[tuple[str, str, int]]:
    with pytest.raises(ProblemList) as error:
        foreign.read("a.json", data)
    return [(p.code, p.place.sheet, p.place.row) for p in error.value.problems]


def test_every_list_of_objects_is_a_sheet_and_every_object_a_row() -> None:
    grouped = [{"Grade": "06", "Classes": [{"Id": 1}]}, {"Grade": "07", "Classes": [{"Id": 2}, {"Id": 3}]}]
    assert sheets({"total": 3, "data": grouped}) == {
        "data": [(1, {"Grade": "06"}), (2, {"Grade": "07"})],
        "data > Classes": [(1, {"Id": "1"}), (2, {"Id": "2"}), (3, {"Id": "3"})],
    }


def test_members_are_named_by_their_path_and_values_are_as_they_are_written() -> None:
    data = b'[{"a":{"b":1.50,"c":true},"d":[1,"x",null],"e":null,"f":12345678901234567890},{"g":""}]'
    assert sheets(data) == {
        "[]": [
            (1, {"a > b": "1.50", "a > c": "true", "d": "1, x", "f": "12345678901234567890"}),
            (2, {"g": ""}),
        ]
    }


def test_what_stands_beside_the_lists_is_a_title_of_each() -> None:
    answer = {"maTruongHoc": "19172355", "namHoc": 2019, "ok": True, "text": "x" * 50, "rows": [{"a": 1}]}
    (sheet,) = foreign.read("a.json", json.dumps(answer).encode()).sheets
    assert sheet.rows == [-1, 0, 1]
    assert sheet.cells.row(0) == ("maTruongHoc: 19172355; namHoc: 2019",)


@pytest.mark.parametrize(
    ("data", "due"),
    [
        (b'[{"a":1},null,{"a":2}]', [("FILE-007", "[]", 2)]),
        (b'{"x":[{"a":1},5,[]]}', [("FILE-007", "x", 2), ("FILE-007", "x", 3)]),
        (b'[{"a":1,"a":2},{"b":{"c":1,"\\u0063":2}}]', [("FILE-008", "[]", 1), ("FILE-008", "[]", 2)]),
        (b'{"x":[{"a":1}],"x":[]}', [("FILE-008", "[]", 0)]),
        (b'[{"a":1}', [("FILE-004", "", 1)]),
        (b'[{"a":' * 50_000, [("FILE-004", "", 1)]),
        (b"[1,2]", [("FILE-005", "", 0)]),
        (json.dumps([{f"n{n}": 1 for n in range(1001)}]).encode(), [("FILE-026", "", 0)]),
    ],
    ids=["null", "values", "twice", "list twice", "cut off", "deep", "no objects", "names"],
)  # fmt: skip
def test_what_is_no_list_of_objects_is_one_code_with_its_place(data: bytes, due: Any) -> None:
    assert refused(data) == due
