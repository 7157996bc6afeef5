"""The typed tables give back what was put in, value by value, and follow the contracts."""

import math
from datetime import date
from typing import Any

import polars as pl
import pytest

from schemas.contracts import contracts
from schemas.encoding import columnar, digest
from sinks.provincial.migrate import migrate
from sinks.provincial.records import read, tables
from tests import pushed
from tests.integration.provincial_book import DATASET, PUPILS
from tests.pushed import chunk, pupil, whole


def test_a_value_that_cannot_be_stored_refuses_its_record_and_no_other(book):
    rows = [pupil(1), pupil(2, HoTen="a\x00b"), pupil(3), pupil(4, NgaySinh=date(9999, 12, 31))]
    book.arrive(*whole("HocSinh", rows))
    assert book.push() == ("version", "", 1, 4, 3, 1)
    assert book.ask("SELECT client_id, rule FROM record_refused") == [("hs2", "REC-002")]


def test_a_day_that_no_calendar_has_refuses_its_record_and_no_other(book):
    rows = [pupil(1), pupil(2, NgaySinh=date(2008, 5, 21)), pupil(3, NgaySinh=date(2008, 5, 22))]
    value = chunk("HocSinh", rows)
    for day, never in ((b"\x88\xdb\x01", b"\xff\xff\xff\xff\x0f"), (b"\x8a\xdb\x01", b"\xc2\x82\xe6\x02")):
        assert value.count(day) == 1
        value = value.replace(day, never)
    book.arrive(value, pushed.closing({"HocSinh": 3}))
    assert book.push() == ("version", "", 1, 3, 1, 2)
    assert book.ask("SELECT client_id, rule FROM record_refused ORDER BY 1") == [
        ("hs2", "REC-002"),
        ("hs3", "REC-002"),
    ]


WEIRD = ['q"q', "a,b", "\\.", "\\N", "\\", "C:\\new\\\\", "NULL", "'", "{}", "😀", "a\u200bb"]


def test_weird_texts_come_back_as_they_went_in(book):
    rows = [pupil(n, HoTen=text) for n, text in enumerate(WEIRD, start=10)]
    book.arrive(*whole("HocSinh", rows))
    assert book.version(1) == rows


SAME: list[tuple[str, str | None]] = [
    ("Số 1\nĐường Láng", "Số 1 Đường Láng"),
    ("a\r\nb", "a b"),
    ("a\x1fb\x1ec", "a b c"),
    (" hai  đầu\t", "hai đầu"),
    ("Nguye\u0302\u0303n", "Nguyễn"),
    ("\xa0", None),
]


@pytest.mark.parametrize(("pushed_as", "stored"), SAME)
def test_what_says_the_same_is_stored_in_one_spelling_and_unchanged_in_the_other(book, pushed_as, stored):
    """A text was "unchanged" with other bytes stored, or made a version that said nothing."""
    book.arrive(*whole("HocSinh", [pupil(1), pupil(2, DchiThtru=pushed_as)]))
    (kept,) = book.version(1)[1:]
    assert kept.get("DchiThtru") == stored
    book.arrive(*whole("HocSinh", [pupil(1), pupil(2, DchiThtru=stored)], push="p2", hour=1))
    assert book.push("p2")[:2] == ("unchanged", "PUSH-008")


def test_a_list_in_another_order_is_unchanged(book):
    teachers = [{"HocKy": "1", "MaGiaoVien": "g1"}, {"HocKy": "2", "MaGiaoVien": "g 2"}]
    subjects = [{"MaMonHoc": "01", "DsGiaoVien": teachers}, {"MaMonHoc": "02"}]
    other = [{"MaMonHoc": "02"}, {"MaMonHoc": "01", "DsGiaoVien": [teachers[1], teachers[0]]}]
    of = {"ClientId": "l1", "TenLopHoc": "6A1", "MaLopHoc": "1"}
    book.arrive(*whole("LopHoc", [of | {"DsMonHoc": subjects}]))
    book.arrive(*whole("LopHoc", [of | {"DsMonHoc": other}], push="p2", hour=1))
    assert book.push("p2")[:2] == ("unchanged", "PUSH-008")


STAFF: dict[str, Any] = {
    "ClientId": "cb1",
    "TenCanBo": "Cán bộ số 1",
    "SoCmnd": "090000001",
    "HeSo": 2.34,
    "NgaySinh": date(1980, 2, 29),
    "DangVien": False,
    "LstNhiemVuKiemNhiem": ["01", "20"],
    "LstQuaTrinhLuong": [
        {"HeSoLuong": 2.34, "NgayThangNam": date(2010, 9, 1)},
        {"HeSoLuong": -0.0, "PhanTramVuotKhung": 1e-7, "MaNgach": ""},
    ],
    "LstKhenThuong": [],
}
NO_NUMBERS = {"HeSoLuong": math.inf, "PhanTramVuotKhung": math.nan, "MaNgach": "01"}


def test_rows_read_back_hash_as_they_did_when_written(book):
    """Dates, floats, booleans and lists of records in lists: the digest officers see can be recomputed.

    Of numbers that are none too: an earlier validation let them pass.
    """
    others: list[dict[str, Any]] = [
        {"HeSo": -0.0},
        {"HeSo": math.inf},
        {"HeSo": math.nan},
        {"LstQuaTrinhLuong": [NO_NUMBERS]},
    ]
    staff = [STAFF] + [
        STAFF | other | {"ClientId": f"cb{n}", "SoCmnd": f"09000000{n}"}
        for n, other in enumerate(others, start=2)
    ]
    classes = [
        {
            "ClientId": "l1",
            "TenLopHoc": "6A1",
            "MaLopHoc": "1",
            "DsMonHoc": [
                {"MaMonHoc": "01", "MonChuyen": False, "DsGiaoVien": [{"HocKy": "1", "MaGiaoVien": 'g"1'}]},
                {"MaMonHoc": "02", "DsGiaoVien": []},
            ],
        }
    ]
    book.arrive(
        chunk("LopHoc", classes, number=0),
        chunk("CanBo", staff, number=1),
        chunk("HocSinh", PUPILS, number=2),
        pushed.closing({"LopHoc": 1, "CanBo": 5, "HocSinh": 3}, chunks=3),
    )
    with book.conn, book.conn.cursor() as cur:
        frames = read.version(cur, DATASET, 1)
    assert {t: f.height for t, f in frames.items() if f.height} == {"LopHoc": 1, "CanBo": 5, "HocSinh": 3}
    for record_type in contracts.record_types():
        records = read.records(record_type, frames[record_type])
        assert records.schema == pl.Schema(columnar.frame_schema(record_type))
        assert digest.row_hashes(records).to_list() == frames[record_type]["_row_hash"].to_list()
    kept = book.version(1, "CanBo")[0]
    assert kept["HeSo"] == 2.34 and kept["NgaySinh"] == date(1980, 2, 29) and kept["DangVien"] is False
    assert kept["LstNhiemVuKiemNhiem"] == ["01", "20"]


def test_migrating_again_changes_nothing_and_labels_stand_in_the_database(database, book):
    columns = "SELECT table_name, column_name, data_type FROM information_schema.columns ORDER BY 1, 2"
    before = book.ask(columns)
    migrate(database)
    assert book.ask(columns) == before
    comment = book.ask(
        "SELECT col_description('hoc_sinh'::regclass, attnum) FROM pg_attribute "
        "WHERE attrelid = 'hoc_sinh'::regclass AND attname = 'ma_hoc_sinh'"
    )
    assert comment == [(contracts.record("HocSinh").field("MaHocSinh").label_vi,)]


def test_a_field_added_to_a_contract_becomes_a_column(database, book):
    with book.conn, book.conn.cursor() as cur:
        cur.execute("ALTER TABLE hoc_sinh DROP COLUMN ho_ten")
    migrate(database)
    book.arrive(*whole("HocSinh", PUPILS))
    assert book.version(1) == PUPILS


def test_a_year_that_setup_made_no_room_for_is_refused_and_stops_nothing(book):
    """Load crashed on it, and on everything behind it."""
    book.arrive(*whole("HocSinh", PUPILS, push="p1", year=1999), *whole("HocSinh", PUPILS, push="p2"))
    assert book.push("p1")[0] == "refused"
    assert book.push("p2")[0] == "version"
    assert {rule for (rule,) in book.ask("SELECT rule FROM record_refused")} == {"ENV-303"}


def test_a_year_configured_later_gets_its_room_at_the_next_setup(database, book):
    migrate(database.model_copy(update={"school_years": [2019, 2020]}))
    book.arrive(*whole("HocSinh", PUPILS, year=2020))
    assert book.ask("SELECT count(*), min(school), min(school_year) FROM hoc_sinh_2020") == [
        (3, pushed.SCHOOL, 2020)
    ]
    migrate(database.model_copy(update={"school_years": [2019]}))
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(3,)]


def test_the_database_keeps_statistics_of_its_own_columns_alone(book):
    """To make them of 115 columns took seconds, in the burst that had brought the rows."""
    book.arrive(*whole("HocSinh", PUPILS))
    book.ask("ANALYZE hoc_sinh_2019; SELECT 1")
    kept = {name for (name,) in book.ask("SELECT attname FROM pg_stats WHERE tablename = 'hoc_sinh_2019'")}
    assert {"dataset_id", "valid_to", "identity"} <= kept
    assert kept.isdisjoint(c.name for c in tables.table("HocSinh").columns)
