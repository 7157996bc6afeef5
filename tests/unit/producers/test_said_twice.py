"""A member said twice is found wherever it stands, however it is spelt, and told by its JSON pointer."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from schemas.pointers import pointer
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, YEAR, packet, problems

TWICE = "said twice"
"""Stands for the name of a member that is there already."""


def objects(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Every object, with its path."""
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            yield from objects(inner, (*path, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from objects(inner, (*path, at))


def spelt(name: str, rng: Random) -> str:
    """As JSON may write it."""
    return "".join(f"\\u{ord(c):04x}" if rng.random() < 0.3 else json.dumps(c)[1:-1] for c in name)


def sown(document: Any, rng: Random) -> tuple[str, str]:
    """(the text with one member of one object said twice, its pointer)."""
    path, of = rng.choice([found for found in objects(document) if found[1]])
    name = rng.choice(list(of))
    of[TWICE] = rng.choice([None, 5, "x", [], {}, of[name]])
    text = json.dumps(document, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))
    return text.replace(TWICE, spelt(name, rng), 1), pointer([*path, name])


def school() -> dict[str, Any]:
    teachers = [{"HocKy": 1, "MaGiaoVien": "19"}, {"HocKy": 2, "MaGiaoVien": "20"}]
    subjects = [{"MaMonHoc": "22", "DsGiaoVien": teachers}, {"MaMonHoc": "15"}]
    members: dict[str, Any] = json.loads(
        packet(
            TruonghocInfo={"MaTruongHoc": SCHOOL, "NamHoc": YEAR, "CapHoc": "07"},
            LstLopHocInfo=[{**CLASS, "DsMonHoc": subjects, "a/~": {"b": 1}}, {**CLASS, "ClientId": "2"}],
            LstHocSinh=[PUPIL, {**PUPIL, "ClientId": "2"}, {**PUPIL, "ClientId": "3", "HoTen": {"a": 1}}],
            LstCanBo=[{"ClientId": "1", "LstQuaTrinhLuong": [{"MaNgach": "01"}]}],
            LstDiemTruongInfo=[{"ClientId": "1", "DienTich": 1}],
            NganSach={"a": {"b": [{"c": 1}]}},
        )
    )
    return members


@pytest.mark.parametrize("seed", range(60))
def test_a_packet_that_says_a_member_twice_is_refused(seed: int) -> None:
    text, at = sown(school(), Random(seed))
    found = problems(text.encode())
    assert [(p.code in ("FILE-008", "CELL-112"), p.place.pointer) for p in found] == [(True, at)]


@pytest.mark.parametrize("seed", range(30))
def test_a_line_that_says_a_member_twice_is_refused(seed: int) -> None:
    rng = Random(seed)
    said = school()
    header = {name: said.pop(name) for name in ("MaTruongHoc", "NamHoc", "LoaiDongBo")}
    records = [
        {n: one} for n, value in said.items() for one in (value if isinstance(value, list) else [value])
    ]
    at = rng.randrange(len(records))
    line, where = sown(records[at], rng)
    texts = [json.dumps(one) for one in (header, *records)]
    texts[at + 1] = line.replace("\n", " ")
    found = problems("\n".join(texts).encode())
    assert [(p.code in ("FILE-008", "CELL-112"), p.place.row, p.place.pointer) for p in found] == [
        (True, at + 2, where)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_an_answer_of_a_vendors_service_that_says_a_member_twice_is_refused(seed: int) -> None:
    pupils = [{"hoTen": "A", "me": {"ten": "B"}, "diem": [{"mon": "1"}]}, {"hoTen": "C"}]
    text, at = sown({"data": {"hocSinh": pupils}}, Random(seed))
    assert (("FILE-008", at)) in [(p.code, p.place.pointer) for p in problems(text.encode())]
