"""One folder more, and a record type travels from a packet to its table: nothing else names it."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from producers.synthetic import province
from producers.synthetic.write import write_register
from runtime import postgres
from runtime.settings import Settings
from sinks.provincial.migrate import migrate
from tests import new_record
from tests.integration.command_line import answer, csdl
from tests.integration.test_validation import grant
from tests.organisation import put_units

PIECES = [
    {
        "ClientId": "TB-1",
        "MaThietBi": "000001",
        "TenThietBi": "Máy chiếu",
        "MonHoc": "01",
        "SoLuong": 2,
        "NgayMua": "2018-08-01T00:00:00.0",
        "ConDung": 1,
    },
    {"ClientId": "TB-2", "MaThietBi": "000002", "SoLuong": 0},
    {"ClientId": "TB-3", "MaThietBi": "000003", "NgayMua": "2018-02-31T00:00:00.0"},
]


def test_from_a_packet_to_its_table(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_process: Callable[..., Any],
) -> None:
    new_record.add(tmp_path / "schemas", monkeypatch)
    ours = settings.model_copy(update={"register_file": tmp_path / "register.csv"})
    migrate(ours)
    school = next(s for s in province.choose(province.plan(3), 40, 3) if s.vendor == "smas")
    write_register(ours.register_file, [school])
    put_units(ours)
    grant(ours, school.vendor, school.code)
    packet = {"MaTruongHoc": school.code, "NamHoc": 2019, "LoaiDongBo": 1, "LstThietBi": PIECES}
    path = tmp_path / "packet.json"
    path.write_text(json.dumps(packet), encoding="utf-8")

    with run_process("validation", ours), run_process("load", ours):
        told = ("--vendor", school.vendor, "--school", school.code, "--year", "2019", str(path))
        code, receipt = csdl(ours, "push", *told)
        assert code == 0, receipt
        said = answer(ours, receipt["push_id"])

    assert {(r["client_id"], r["rule"]) for r in said["refused"]} == {
        ("TB-2", "TB-301"),
        ("TB-3", "CELL-102"),
    }
    with closing(postgres.connect(ours)) as db, db.cursor() as cur:
        cur.execute("SELECT ma_thiet_bi, ten_thiet_bi, so_luong, ngay_mua, con_dung FROM thiet_bi")
        assert cur.fetchall() == [("000001", "Máy chiếu", 2, date(2018, 8, 1), True)]
        cur.execute("SELECT obj_description('thiet_bi'::regclass)")
        assert "hiết bị" in cur.fetchone()[0]


RESULTS = [("kq1", "1900000001", 1, 7.5), ("kq2", "1900000001", 2, 8.0), ("kq3", "1900000002", 1, 6.0)]


def test_a_key_of_two_fields_finds_its_record_whoever_sends_it(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_process: Callable[..., Any],
) -> None:
    new_record.add(tmp_path / "schemas", monkeypatch, new_record.COMPOSITE, "RULES: list[object] = []\n")
    ours = settings.model_copy(update={"register_file": tmp_path / "register.csv"})
    migrate(ours)
    school = next(s for s in province.choose(province.plan(3), 40, 3) if s.vendor == "smas")
    write_register(ours.register_file, [school])
    put_units(ours)
    vendors = ("smas", "vnedu")
    for vendor in vendors:
        grant(ours, vendor, school.code)

    with run_process("validation", ours), run_process("load", ours):
        for vendor, client, term_mark in ((vendors[0], "", 7.5), (vendors[1], "vn-", 9.5)):
            results = [
                {"ClientId": client + c, "MaHocSinh": p, "HocKy": t, "DiemTb": term_mark if c == "kq1" else m}
                for c, p, t, m in RESULTS
            ]
            packet = {"MaTruongHoc": school.code, "NamHoc": 2019, "LoaiDongBo": 1, "LstKetQua": results}
            path = tmp_path / f"{vendor}.json"
            path.write_text(json.dumps(packet), encoding="utf-8")
            told = ("--vendor", vendor, "--school", school.code, "--year", "2019", str(path))
            code, receipt = csdl(ours, "push", *told)
            assert code == 0, receipt
            assert answer(ours, receipt["push_id"])["pushes"][0]["outcome"] == "version"

    with closing(postgres.connect(ours)) as db, db.cursor() as cur:
        cur.execute(
            "SELECT ma_hoc_sinh, hoc_ky, count(DISTINCT identity), array_agg(diem_tb ORDER BY valid_from) "
            "FROM ket_qua GROUP BY 1, 2 ORDER BY 1, 2"
        )
        # Another ClientId is another row of the same record.
        assert cur.fetchall() == [
            ("1900000001", 1, 1, [7.5, 9.5]),
            ("1900000001", 2, 1, [8.0, 8.0]),
            ("1900000002", 1, 1, [6.0, 6.0]),
        ]
