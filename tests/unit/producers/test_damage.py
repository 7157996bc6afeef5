"""Four hundred damaged files: none crashes, and no record or cell of one is lost or mixed in silence."""

import json
from collections.abc import Mapping, Set
from random import Random
from typing import Any

import pytest

from producers import files
from producers.layouts import Layout, library
from producers.model import OWN_ID, ROW, Reading, Target
from producers.synthetic import layout_cells, layout_file
from producers.synthetic.layout_cells import Row
from schemas.errors import ProblemList, catalogue
from tests.unit.producers import damage, damage_json
from tests.unit.producers.damage import BYTES, HARMFUL, HARMLESS, KINDS
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, SMAS, YEAR

LISTS = (
    "vnedu_student_list_38", "platform_pupils", "platform_classes", "csdl_moet_c1_hocsinh_v3",
    "school_pupil_list", "so_template_pupils",
)  # fmt: skip
SERVICES = {"smas_api_pupils": "Responses", "platform_read_pupils": "listDanhSachHocSinh"}
COUNT = 6
HEADER = {"MaTruongHoc": SCHOOL, "NamHoc": YEAR, "LoaiDongBo": 1}


def target(layout: Layout) -> Target:
    return Target(layout.vendors[0] if layout.vendors else "made", "19172355", 2019, "1")


def made(layout: Layout) -> list[Row]:
    codemap = library().codemap(layout.codemap or "ministry")
    return layout_cells.rows(layout, codemap, COUNT, 1, ("6A1", "6A2"), target(layout))


def read(data: bytes, to: Target) -> Reading | None:
    """None if the file is refused, with codes that are known."""
    try:
        return files.read_contents([("list", data)], to)
    except ProblemList as error:
        assert error.problems and all(p.code in catalogue() for p in error.problems)
        return None


def wrong(
    reading: Reading, due: Mapping[int, Mapping[str, Any]], places: Mapping[int, int], touched: Set[int]
) -> list[str]:
    """What was lost, mixed or made up in silence. ``due``: fields of each record that must be there."""
    found = {r[OWN_ID]: r for t in reading.tables for r in t.records.rows(named=True)}
    placed = {r[ROW] for r in found.values()}
    said = {p.place.row for p in reading.warnings}
    for table in reading.tables:
        said.update(table.refused["Row"], table.left_out["Row"])
    faults = []
    if not touched:
        ids = {fields[OWN_ID] for fields in due.values()}
        faults += [f"record of nobody in row {r[ROW]}" for i, r in found.items() if i not in ids]
    for number, fields in due.items():
        row = found.get(fields[OWN_ID])
        if row is None:
            if places[number] not in said and not (number in touched and places[number] in placed):
                faults.append(f"record {number} of row {places[number]} is nowhere")
        elif number not in touched:
            mixed = [f for f, v in fields.items() if row[f] != v and not f.startswith("MaLopHoc")]
            faults += [f"record {number} of row {places[number]}: {f}" for f in mixed]
    return faults


@pytest.mark.parametrize("seeds", [range(n, 300, 3) for n in range(3)], ids=lambda s: f"from {s.start}")
def test_a_damaged_list_is_read_or_named_or_refused(seeds: range) -> None:
    whole = harmed = 0
    for seed in seeds:
        rng = Random(f"damage {seed}")
        layout = library().layout(LISTS[seed % len(LISTS)])
        rows, kind = made(layout), KINDS[seed // len(LISTS) % len(KINDS)]
        sown = damage.sow(layout, rows, kind, rng)
        ways = [rng.choice(HARMLESS) for _ in range(rng.randrange(1, 4))]
        harm = rng.choice([*HARMFUL, *BYTES]) if rng.random() < 0.6 else None
        for way in ways:
            way(sown, rng)
        if harm in HARMFUL:
            harm(sown, rng)
        data = damage.write(sown)
        if harm in BYTES:
            data = harm(sown, data, rng)
        what = f"{seed} {layout.name} {kind} {[w.__name__ for w in ways]} {harm and harm.__name__}"
        reading = read(data, target(layout))
        assert reading or harm, what
        if reading:
            due = {n: row.fields for n, row in enumerate(rows) if n not in sown.lost}
            assert not wrong(reading, due, sown.places, sown.touched), what
            if not harm:
                assert sum(t.records.height for t in reading.tables) == COUNT, what
            whole, harmed = whole + (not harm), harmed + bool(harm)
    assert whole > 20 and harmed > 15


def test_a_damaged_answer_of_a_service_is_read_or_named_or_refused() -> None:
    read_at_all = 0
    for seed in range(50):
        rng = Random(f"service {seed}")
        name = rng.choice(list(SERVICES))
        layout = library().layout(name)
        rows = made(layout)
        records = json.loads(layout_file.as_json(layout, rows, SERVICES[name]))[SERVICES[name]]
        sown = damage_json.sow(records, rng)
        data = json.dumps({SERVICES[name]: sown.items}).encode()
        if seed % 5 == 0:
            data, sown.touched = damage_json.spoilt(data, rng), set(range(COUNT))
        if reading := read(data, target(layout)):
            due = {n: row.fields for n, row in enumerate(rows)}
            assert not wrong(reading, due, sown.places, sown.touched), (seed, name)
            read_at_all += 1
    assert read_at_all > 15


def test_a_damaged_packet_is_read_or_named_or_refused() -> None:
    read_at_all = 0
    for seed in range(50):
        rng = Random(f"packet {seed}")
        pupils = [{**PUPIL, OWN_ID: f"HS-{n}", "HoTen": f"Mẫu {n}"} for n in range(COUNT)]
        sown = damage_json.sow(pupils, rng)
        data = json.dumps({**HEADER, "LstLopHocInfo": [CLASS], "LstHocSinh": sown.items}).encode()
        if seed % 5 == 0:
            data, sown.touched = damage_json.spoilt(data, rng), set(range(COUNT))
        if reading := read(data, SMAS):
            alone = [t for t in reading.tables if t.record_type == "HocSinh"]
            due = {n: {OWN_ID: p[OWN_ID], "HoTen": p["HoTen"]} for n, p in enumerate(pupils)}
            assert not wrong(Reading(alone, reading.warnings), due, sown.places, sown.touched), seed
            read_at_all += 1
    assert read_at_all > 15
