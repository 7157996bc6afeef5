"""Pushes become versions in a real PostgreSQL: scenarios of what arrives, and what the tables say then."""

from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import psycopg2
import pytest

from runtime import postgres
from schemas import codec, contracts, digest
from sinks.provincial import check, read
from sinks.provincial.arrivals import arrivals
from sinks.provincial.migrate import migrate
from sinks.provincial.settle import expire, settle
from tests import pushed
from tests.pushed import SCHOOL, chunk, pupil, whole

DATASET = f"{SCHOOL}.2019.start"
NOW = datetime(2019, 9, 16, 9, tzinfo=UTC)


class Book:
    """A database to push to and look into."""

    def __init__(self, conn):
        self.conn = conn

    def arrive(self, *messages, at=NOW):
        """One batch, one transaction."""
        with self.conn, self.conn.cursor() as cur:
            batch, codes = arrivals([(m, at) for m in messages])
            return settle(cur, batch, at), codes

    def ask(self, query, *params):
        with self.conn, self.conn.cursor() as cur:
            cur.execute(query, params)
            return cur.fetchall()

    def push(self, push_id="p1"):
        """(outcome, code, version, received, accepted, refused)."""
        found = self.ask(
            "SELECT outcome, code, version, received, accepted, refused FROM push WHERE push_id = %s", push_id
        )
        return found[0] if found else None

    def version(self, number, record_type="HocSinh"):
        """The version's records without what they leave empty, by ClientId."""
        with self.conn, self.conn.cursor() as cur:
            frame = read.records(record_type, read.version(cur, DATASET, number)[record_type])
        rows = ({k: v for k, v in row.items() if v is not None} for row in frame.to_dicts())
        return sorted(rows, key=lambda row: row["ClientId"])

    def answers(self):
        """(push id, outcome, code) as told to vendors, in order."""
        events = [codec.decode(bytes(v))[1] for (v,) in self.ask("SELECT value FROM outbox ORDER BY id")]
        return [(e["PushId"], e["Outcome"], e["Code"]) for e in events]


@pytest.fixture
def book(database):
    with closing(postgres.connect(database, "test")) as conn:
        yield Book(conn)


PUPILS = [pupil(1), pupil(2), pupil(3)]
CLOSED = pushed.closing({"HocSinh": 3}, chunks=2)
CHUNKS = [chunk("HocSinh", PUPILS[:2], number=0), chunk("HocSinh", PUPILS[2:], number=1)]


@pytest.mark.parametrize(
    "order",
    [
        [[*CHUNKS, CLOSED]],
        [[CLOSED, *reversed(CHUNKS)]],
        [[CHUNKS[1]], [CLOSED], [CHUNKS[0]]],
        [[CHUNKS[0]], [CHUNKS[0], CHUNKS[1]], [CHUNKS[1], CLOSED]],
        [[*CHUNKS, CLOSED], [*CHUNKS, CLOSED]],
        [[*CHUNKS, CLOSED, *CHUNKS, CLOSED]],
    ],
    ids=["in order", "closed first", "one by one", "repeated chunks", "sent twice", "twice in a batch"],
)
def test_a_push_becomes_one_version_however_it_arrives(book, order):
    for batch in order:
        book.arrive(*batch)
    assert book.push() == ("version", "", 1, 3, 3, 0)
    assert book.version(1) == PUPILS
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]
    again = sum(batch.count(CLOSED) for batch in order) - 1
    assert book.answers() == [("p1", "version", ""), *[("p1", "version", "PUSH-009")] * again]


def test_the_first_verdict_of_a_chunk_counts(book):
    book.arrive(CHUNKS[0])
    book.arrive(chunk("HocSinh", [pupil(9)], number=0), CHUNKS[1], CLOSED)
    assert book.version(1) == PUPILS


@pytest.mark.parametrize(
    ("closing", "outcome", "code"),
    [
        (pushed.closing({"HocSinh": 4}, chunks=2), "mismatch", "PUSH-002"),
        (pushed.closing({"HocSinh": 3}, chunks=1), "mismatch", "PUSH-001"),
        (pushed.closing({"HocSinh": 3, "LopHoc": 1}, chunks=2), "mismatch", "PUSH-002"),
    ],
)
def test_a_push_closed_with_the_wrong_count_applies_nothing(book, closing, outcome, code):
    book.arrive(*CHUNKS, closing)
    assert book.push()[:3] == (outcome, code, 0)
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(0,)]
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]


def test_a_push_that_never_closes_is_answered_as_incomplete_and_stays_so(book):
    book.arrive(CHUNKS[0], at=NOW)
    with book.conn, book.conn.cursor() as cur:
        assert not expire(cur, NOW + timedelta(seconds=599), timedelta(seconds=600)).outcomes
    with book.conn, book.conn.cursor() as cur:
        assert expire(cur, NOW + timedelta(seconds=601), timedelta(seconds=600)).outcomes == {"incomplete": 1}
    book.arrive(CHUNKS[1], CLOSED)
    assert book.push()[:2] == ("incomplete", "PUSH-003")
    assert book.ask("SELECT late FROM push") == [(2,)]
    assert book.ask("SELECT count(*) FROM push_chunk") == [(0,)]
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(0,)]


def test_the_same_data_again_makes_no_version(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*whole("HocSinh", PUPILS, push="p2", hour=1))
    assert book.push("p2") == ("unchanged", "PUSH-008", 1, 3, 3, 0)
    assert book.ask("SELECT count(*) FROM hoc_sinh") == [(3,)]


def test_an_older_push_that_completes_later_is_superseded(book):
    book.arrive(*whole("HocSinh", PUPILS, push="newer", hour=2))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="cũ")], push="older", hour=1))
    assert book.push("older")[:2] == ("superseded", "PUSH-005")
    assert book.version(1) == PUPILS


def test_several_pushes_of_one_dataset_in_one_batch_are_applied_in_turn(book):
    later = [pupil(1, HoTen="mới"), pupil(4)]
    book.arrive(*whole("HocSinh", PUPILS), *whole("HocSinh", later, push="p2", hour=1))
    assert book.version(1) == PUPILS
    assert book.version(2) == [later[0], *PUPILS[1:], later[1]]


def test_a_record_that_a_push_lacks_stays_and_is_listed(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="mới"), pupil(2)], push="p2", hour=1))
    assert [p["ClientId"] for p in book.version(2)] == ["hs1", "hs2", "hs3"]
    check.check(book.conn, NOW)  # version 1
    check.check(book.conn, NOW)
    found = book.ask("SELECT version, record_type FROM finding WHERE rule = 'VER-001'")
    assert found == [(2, "HocSinh")]


def test_a_push_of_one_type_lacks_nothing_of_another(book):
    other = "19164502"
    classes = [{"ClientId": "l1", "TenLopHoc": "6A1"}, {"ClientId": "l2", "TenLopHoc": "6A2"}]
    book.arrive(*whole("LopHoc", classes))
    book.arrive(
        *whole("HocSinh", PUPILS, push="p2", hour=1), *whole("LopHoc", classes, push="p3", school=other)
    )
    assert book.ask("SELECT push_id, absent FROM version ORDER BY push_id") == [
        ("p1", {}),
        ("p2", {}),
        ("p3", {}),
    ]


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


def test_what_validation_refused_is_kept_and_counted_once_a_record(book):
    refused: list[dict[str, Any]] = [{"row": 7, "rule": "HS-002"}, {"row": 7, "rule": "HS-102"}, {"row": 9}]
    book.arrive(chunk("HocSinh", PUPILS, refused=refused), pushed.closing({"HocSinh": 5}))
    assert book.push() == ("version", "", 1, 5, 3, 2)
    assert len(book.ask("SELECT 1 FROM record_refused")) == 3


def test_a_push_of_refused_records_only_is_refused(book):
    book.arrive(chunk("HocSinh", [], refused=[{"row": 1}]), pushed.closing({"HocSinh": 1}))
    assert book.push() == ("refused", "PUSH-007", 0, 1, 0, 1)


def test_a_value_that_cannot_be_stored_refuses_its_record_and_no_other(book):
    rows = [pupil(1), pupil(2, HoTen="a\x00b"), pupil(3), pupil(4, NgaySinh=date(9999, 12, 31))]
    book.arrive(*whole("HocSinh", rows))
    assert book.push() == ("version", "", 1, 4, 3, 1)
    assert book.ask("SELECT client_id, rule FROM record_refused") == [("hs2", "REC-002")]


def test_weird_texts_come_back_as_they_went_in(book):
    weird = ['q"q', "a,b", "\\.", "\\N", " hai đầu ", "NULL", "tab\t", "'", "{}", "dòng\nmới", "c\rc", "😀"]
    rows = [pupil(n, HoTen=text) for n, text in enumerate(weird, start=10)]
    book.arrive(*whole("HocSinh", rows))
    assert book.version(1) == rows


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


def test_a_message_of_no_dataset_stops_nothing(book):
    old = chunk("HocSinh", PUPILS, kind="4")
    _, codes = book.arrive(b"", b"\x00\x00\x00\x00\x01junk", old, *whole("HocSinh", PUPILS))
    assert codes.count("REC-004") == 1 and len(codes) == 3
    assert book.push()[0] == "version"


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


def test_rows_read_back_hash_as_they_did_when_written(book):
    """Dates, floats, booleans and lists of records in lists: the digest officers see can be recomputed."""
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
        chunk("CanBo", [STAFF, STAFF | {"ClientId": "cb2", "SoCmnd": "090000002"}], number=1),
        chunk("HocSinh", PUPILS, number=2),
        pushed.closing({"LopHoc": 1, "CanBo": 2, "HocSinh": 3}, chunks=3),
    )
    with book.conn, book.conn.cursor() as cur:
        frames = read.version(cur, DATASET, 1)
    assert {t: f.height for t, f in frames.items() if f.height} == {"LopHoc": 1, "CanBo": 2, "HocSinh": 3}
    for record_type in contracts.record_types():
        records = read.records(record_type, frames[record_type])
        assert records.schema == pl.Schema(codec.frame_schema(record_type))
        assert digest.row_hashes(records).to_list() == frames[record_type]["_row_hash"].to_list()
    kept = book.version(1, "CanBo")[0]
    assert kept["HeSo"] == 2.34 and kept["NgaySinh"] == date(1980, 2, 29) and kept["DangVien"] is False
    assert kept["LstNhiemVuKiemNhiem"] == ["01", "20"]


def test_a_version_is_checked_once_and_said_with_its_digest(book):
    nowhere = {"MaLopHocDn": "1", "MaLopHocCn": "1"}  # a class that is not there
    book.arrive(*whole("HocSinh", [p | nowhere for p in PUPILS]))
    (checked,) = check.check(book.conn, NOW)
    assert check.check(book.conn, NOW) == []
    with book.conn, book.conn.cursor() as cur:
        rows = read.version(cur, DATASET, 1)["HocSinh"]
    expected = digest.dataset_digest(
        ("HocSinh", i, h) for i, h in rows.select("_identity", "_row_hash").iter_rows()
    )
    (value,) = book.ask("SELECT value FROM outbox WHERE topic LIKE '%%commands%%'")[0]
    name, command = codec.decode(bytes(value))
    assert (name, command["Command"], command["Version"]) == ("ConfirmationCommand", "version_checked", 1)
    assert command["Digest"] == checked.digest == expected
    assert command["Counts"]["records"] == 3
    stored = book.ask("SELECT digest, blocking, warnings FROM version")
    assert stored == [(expected, command["Counts"]["blocking"], command["Counts"]["warnings"])]
    assert command["Counts"]["blocking"] > 0


def test_rows_that_load_did_not_count_block_the_version(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.ask("DELETE FROM hoc_sinh WHERE client_id = 'hs2' RETURNING 1")
    (checked,) = check.check(book.conn, NOW)
    assert "VER-002" in checked.findings["rule"]


def test_a_record_has_one_current_row_whoever_writes(book):
    book.arrive(*whole("HocSinh", PUPILS))
    with pytest.raises(psycopg2.IntegrityError), book.conn, book.conn.cursor() as cur:
        cur.execute(
            "INSERT INTO hoc_sinh (dataset_id, identity, valid_from, row_hash, vendor) "
            "SELECT dataset_id, identity, 2, row_hash, vendor FROM hoc_sinh"
        )


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
