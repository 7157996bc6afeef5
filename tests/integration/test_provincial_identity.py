"""Which record is which, from push to push: nobody is lost, nobody is there twice."""

import psycopg2
import pytest

from tests import pushed
from tests.integration.provincial_book import PUPILS
from tests.pushed import chunk, pupil, whole


def test_a_client_id_that_stands_twice_is_refused_by_the_rule_of_its_type(book):
    rows = [pupil(1), pupil(2, ClientId="hs1")]
    book.arrive(*whole("HocSinh", rows))
    assert book.ask("SELECT source_row, rule FROM record_refused") == [(2, "HS-501")]


def test_a_school_that_changes_vendor_does_not_double_its_pupils(book):
    book.arrive(*whole("HocSinh", PUPILS))
    moved = [pupil(n, ClientId=f"vn-{n}", HoTen=f"Học sinh số {n}") for n in (1, 2, 3)]
    book.arrive(*whole("HocSinh", moved, push="p2", vendor="vnedu", hour=1))
    assert len(book.version(2)) == 3
    assert book.ask("SELECT count(DISTINCT identity) FROM hoc_sinh") == [(3,)]


def test_a_pupil_whose_ministry_code_comes_later_is_the_same_pupil(book):
    book.arrive(*whole("HocSinh", [pupil(1, MaHocSinh=None)]))
    book.arrive(*whole("HocSinh", [pupil(1)], push="p2", hour=1))
    assert book.version(2) == [pupil(1)]


def test_the_first_of_two_rows_for_one_record_counts_and_the_other_is_refused(book):
    first = chunk("HocSinh", [pupil(1), pupil(2)], number=0)
    second = chunk("HocSinh", [pupil(1, ClientId="hs1b"), pupil(3)], number=1)
    book.arrive(second, pushed.closing({"HocSinh": 4}, chunks=2), first)
    assert book.push() == ("version", "", 1, 4, 3, 1)
    assert [p["ClientId"] for p in book.version(1)] == ["hs1", "hs2", "hs3"]
    refused = book.ask("SELECT chunk, source_row, client_id, rule, fields FROM record_refused")
    assert refused == [(1, 1, "hs1b", "REC-001", ["MaHocSinh"])]


def test_a_class_without_a_code_is_issued_one_and_keeps_it(book):
    book.arrive(*whole("LopHoc", [{"ClientId": "l1", "TenLopHoc": "6A1"}]))
    issued = book.version(1, "LopHoc")[0]["MaLopHoc"]
    book.arrive(
        *whole("LopHoc", [{"ClientId": "l1", "TenLopHoc": "6A1", "LopGhep": True}], push="p2", hour=1)
    )
    assert book.version(2, "LopHoc")[0]["MaLopHoc"] == issued
    book.arrive(
        *whole("LopHoc", [{"ClientId": "l1", "TenLopHoc": "6A1", "MaLopHoc": "77"}], push="p3", hour=2)
    )
    assert [c["MaLopHoc"] for c in book.version(3, "LopHoc")] == ["77"]


def test_a_record_has_one_current_row_whoever_writes(book):
    book.arrive(*whole("HocSinh", PUPILS))
    with pytest.raises(psycopg2.IntegrityError), book.conn, book.conn.cursor() as cur:
        cur.execute(
            "INSERT INTO hoc_sinh (school_year, school, dataset_id, identity, valid_from, row_hash, vendor) "
            "SELECT school_year, school, dataset_id, identity, 2, row_hash, vendor FROM hoc_sinh"
        )
