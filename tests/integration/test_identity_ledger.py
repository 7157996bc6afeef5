"""One ledger of keys a province: whose record it is, over schools, years, periods and vendors."""

import stat
import threading
from contextlib import closing
from datetime import date

import polars as pl
import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from runtime import postgres
from schemas.errors import ProblemList
from sinks.provincial import migrate as migrations
from sinks.provincial.check import process as checking
from sinks.provincial.migrate import migrate
from sinks.provincial.records import ledger, secret
from sinks.provincial.records.ledger import Seen
from sinks.provincial.records.mac import Mac
from tests.integration.provincial_book import DATASET, NOW, Book
from tests.pushed import SCHOOL, pupil, whole

AN = {"HoTen": "Nguyễn Văn Mẫu", "NgaySinh": date(2008, 5, 20), "HoTenMe": "Trần Thị Mẫu"}
BINH = {"HoTen": "Lê Thử", "NgaySinh": date(2010, 1, 2), "HoTenMe": "Phạm Thị Thử"}
ELSEWHERE = "19164777"
SUMMER = "3"


def known_by_client_id(client="c1", **who):
    return {"ClientId": client} | (who or AN)


def identities(book, school=SCHOOL):
    """Of the current pupils of a school, in all its datasets."""
    return {
        identity
        for (identity,) in book.ask(
            "SELECT identity FROM hoc_sinh WHERE dataset_id LIKE %s AND valid_to IS NULL", f"{school}.%"
        )
    }


def test_a_pupil_known_by_client_id_in_autumn_and_by_ministry_code_in_summer_is_one(book):
    book.arrive(*whole("HocSinh", [known_by_client_id()]))
    book.arrive(
        *whole("HocSinh", [known_by_client_id() | {"MaHocSinh": "1900000001"}], push="p2", kind=SUMMER)
    )
    assert len(identities(book)) == 1


def test_a_pupil_who_changes_school_and_vendor_keeps_the_identity(book):
    book.arrive(*whole("HocSinh", [pupil(1, **AN)]))
    moved = pupil(1, **AN) | {"ClientId": "vn-77"}
    book.arrive(*whole("HocSinh", [moved], push="p2", vendor="vnedu", school=ELSEWHERE))
    assert identities(book) == identities(book, ELSEWHERE)


def test_both_may_come_in_one_batch(book):
    book.arrive(
        *whole("HocSinh", [known_by_client_id()]),
        *whole("HocSinh", [known_by_client_id() | {"MaHocSinh": "1900000001"}], push="p2", kind=SUMMER),
    )
    assert len(identities(book)) == 1


TWELVE = "034208000001"


def by_card(number=TWELVE, client="x9"):
    return pupil(9, ClientId=client, MaHocSinh=None, SoCmnd=number, **AN)


def by_citizen_number(number=TWELVE):
    return pupil(8, MaHocSinh=None, MaCongDan=number, **AN)


def test_a_card_number_of_twelve_digits_is_the_citizen_number(book):
    book.arrive(*whole("HocSinh", [by_card()]))
    book.arrive(*whole("HocSinh", [by_citizen_number()], push="p2", vendor="vnedu", school=ELSEWHERE))
    assert identities(book) == identities(book, ELSEWHERE)


def test_an_old_card_number_is_no_citizen_number(book):
    book.arrive(*whole("HocSinh", [by_card("034208001")]))
    book.arrive(*whole("HocSinh", [by_citizen_number("034208001")], push="p2", school=ELSEWHERE))
    assert not identities(book) & identities(book, ELSEWHERE)


def test_the_own_field_is_believed_where_two_numbers_differ(book):
    both = pupil(1, MaHocSinh=None, MaCongDan="034208000002", SoCmnd=TWELVE, **AN)
    book.arrive(*whole("HocSinh", [both]))
    book.arrive(*whole("HocSinh", [by_citizen_number()], push="p2", school=ELSEWHERE))
    assert not identities(book) & identities(book, ELSEWHERE)


def test_one_number_in_two_fields_of_two_pupils_is_one_pupil_of_the_push(book):
    book.arrive(*whole("HocSinh", [by_citizen_number(), by_card()]))
    assert len(identities(book)) == 1
    assert book.ask("SELECT source_row, rule FROM record_refused") == [(2, "REC-001")]


def test_setup_brings_card_numbers_in_anew_where_the_ledger_had_them_apart(book, database):
    book.arrive(*whole("HocSinh", [by_card()]))
    apart = book.mac.one(f"HocSinh\x1fSoCmnd\x1f\x1f{TWELVE}")
    citizen = book.mac.one(f"HocSinh\x1fMaCongDan\x1f\x1f{TWELVE}")
    with book.conn, book.conn.cursor() as cur:  # as 0.2.0 left it
        cur.execute("UPDATE identity_key SET key = %s WHERE key = %s", (apart, citizen))
        assert cur.rowcount == 1
    engine = create_engine(migrations.url(database), poolclass=NullPool)
    with engine.connect() as connection:
        command.downgrade(migrations.config(connection), "0015")  # what came later made new tables
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0011'")
        connection.commit()
    migrate(database)
    book.arrive(*whole("HocSinh", [by_citizen_number()], push="p2", vendor="vnedu", school=ELSEWHERE))
    assert identities(book) == identities(book, ELSEWHERE)


@pytest.mark.parametrize("nothing", ["", "0", "000000000", "-", "không", "111111111111"])
def test_what_says_nothing_matches_nobody(book, nothing):
    rows = [pupil(n, MaHocSinh=None, MaCongDan=nothing) for n in (1, 2)]
    book.arrive(*whole("HocSinh", rows))
    book.arrive(*whole("HocSinh", [pupil(3, MaHocSinh=None, MaCongDan=nothing)], push="p2", school=ELSEWHERE))
    assert len(identities(book)) == 2
    assert not identities(book) & identities(book, ELSEWHERE)


@pytest.mark.parametrize("kind", ["1", SUMMER])
def test_a_recycled_client_id_hands_nobody_the_leavers_history_and_is_said(book, kind):
    book.arrive(*whole("HocSinh", [known_by_client_id()]))
    leaver = identities(book)
    book.arrive(*whole("HocSinh", [known_by_client_id(**BINH)], push="p2", kind=kind, hour=1))
    assert len(identities(book)) == 2
    checking.check(book.conn, NOW)
    checking.check(book.conn, NOW)
    found = book.ask("SELECT severity, identity, fields FROM finding WHERE rule = 'IDN-001'")
    assert found == [("warn", *(identities(book) - leaver), ["ClientId", "HoTen", "NgaySinh", "HoTenMe"])]
    # What comes next is the newcomer's, whatever the school held first.
    book.arrive(
        *whole("HocSinh", [known_by_client_id(**BINH | {"DanToc": "x"})], push="p3", kind=kind, hour=2)
    )
    book.arrive(
        *whole("HocSinh", [known_by_client_id(**BINH | {"MaDanToc": "01"})], push="p4", kind=kind, hour=3)
    )
    assert len(identities(book)) == 2


def test_a_number_that_stood_for_somebody_else_refuses_its_record(book):
    book.arrive(*whole("HocSinh", [pupil(1, **AN)]))
    book.arrive(*whole("HocSinh", [pupil(1, **BINH), pupil(2)], push="p2", hour=1))
    assert book.ask("SELECT source_row, rule, fields FROM record_refused") == [(1, "IDN-002", ["MaHocSinh"])]
    assert [p["HoTen"] for p in book.version(2)] == [AN["HoTen"], "Học sinh số 2"]


def test_a_name_that_is_corrected_alone_is_no_contradiction(book):
    book.arrive(*whole("HocSinh", [known_by_client_id()]))
    book.arrive(
        *whole("HocSinh", [known_by_client_id(**AN | {"HoTen": "Nguyễn Văn Mậu"})], push="p2", hour=1)
    )
    assert len(identities(book)) == 1


def test_no_number_stands_in_the_ledger_or_can_be_guessed_from_it(book):
    rows = [pupil(n, MaHocSinh=None, MaCongDan=f"03420800{n:04}") for n in range(31)]
    book.arrive(*whole("HocSinh", rows))
    mine = {
        value
        for row in book.ask("SELECT key::text, encode(identity, 'hex') FROM identity_key")
        for value in row
    }
    guesses = Mac(b"no key of ours")
    text = "HocSinh\x1fMaCongDan\x1f\x1f03420800{n:04}"
    assert not {guesses.one(text.format(n=n))[:24] for n in range(31)} & mine
    assert {book.mac.one(text.format(n=n))[:24] for n in range(31)} <= mine


def test_two_processes_that_meet_at_a_key_give_it_one_identity(book, database):
    """Each knows the pupil by another key first; the second waits for the first, and asks anew."""
    only_number = [pupil(n, MaHocSinh=None, MaCongDan=f"03420800{n:04}") for n in range(1, 40)]
    both = [pupil(n, ClientId=f"x{n}", MaCongDan=f"03420800{n:04}") for n in reversed(range(1, 40))]
    first = whole("HocSinh", only_number)
    second = whole("HocSinh", both, push="p2", vendor="vnedu", school=ELSEWHERE)
    with closing(postgres.connect(database)) as conn:
        other = Book(conn, database)
        waits = threading.Thread(target=other.arrive, args=second)
        with book.conn, book.conn.cursor():
            cur = book.conn.cursor()
            book.settle(cur, *first)
            waits.start()
            waits.join(0.5)
        waits.join(60)
        assert not waits.is_alive()
    assert identities(book) == identities(book, ELSEWHERE)
    assert len(identities(book)) == 39


def test_the_key_is_its_owners_alone_and_never_made_anew(database):
    key = database.identity_key_file
    before = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    migrate(database)
    assert key.read_text() == before


def test_a_ledger_made_with_another_key_is_refused(book, database, tmp_path):
    book.arrive(*whole("HocSinh", [pupil(1)]))
    lost = database.model_copy(update={"identity_key_file": tmp_path / "lost.key"})
    other = tmp_path / "other.key"
    other.write_text("ab" * 32)
    with book.conn, book.conn.cursor() as cur:
        for settings in (lost, database.model_copy(update={"identity_key_file": other})):
            with pytest.raises(ProblemList, match="IDN-003"):
                secret.opened(settings, cur)
            with pytest.raises(ProblemList, match="IDN-003"):
                migrate(settings)
    assert not lost.identity_key_file.exists()


def test_a_process_whose_ledger_gets_another_key_writes_no_more(book, database, tmp_path):
    """The ledger was empty, and a second setup with a key of its own took it over."""
    key = tmp_path / "other.key"
    migrate(database.model_copy(update={"identity_key_file": key}))
    with pytest.raises(ProblemList, match="IDN-003"):
        book.arrive(*whole("HocSinh", [pupil(1)]))
    assert book.push() is None


def test_what_stood_before_the_ledger_is_brought_in(book, database):
    """Two identities of one pupil stay in their rows; the older dataset's is the ledger's."""
    book.arrive(*whole("HocSinh", [known_by_client_id()]))
    autumn = identities(book)
    book.arrive(
        *whole("HocSinh", [known_by_client_id() | {"MaHocSinh": "1900000001"}], push="p2", kind=SUMMER)
    )
    with book.conn, book.conn.cursor() as cur:
        cur.execute("UPDATE hoc_sinh SET identity = %s WHERE dataset_id LIKE '%%.end'", ("ab" * 12,))
        cur.execute("TRUNCATE identity_key")
        cur.execute("UPDATE identity_ledger SET filled = false")
    migrate(database)
    assert identities(book) == autumn | {"ab" * 12}
    of_client_id = known_by_client_id() | {"DiaChi": "mới"}
    book.arrive(*whole("HocSinh", [of_client_id], push="p3", kind="2"))
    of_code = {"ClientId": "y1", "MaHocSinh": "1900000001"} | AN
    book.arrive(*whole("HocSinh", [of_code], push="p4", school=ELSEWHERE, vendor="vnedu"))
    assert book.ask("SELECT identity FROM hoc_sinh WHERE dataset_id = %s", f"{SCHOOL}.2019.changes") == [
        tuple(autumn)
    ]
    assert identities(book, ELSEWHERE) == {"ab" * 12}
    # Once filled it is not filled again.
    with book.conn, book.conn.cursor() as cur:
        cur.execute("DELETE FROM identity_key")
        assert ledger.is_filled(cur)


def test_rows_keep_the_identity_that_their_dataset_has(book):
    book.arrive(*whole("HocSinh", [pupil(1)]))
    with book.conn, book.conn.cursor() as cur:
        cur.execute("UPDATE hoc_sinh SET identity = %s", ("cd" * 12,))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="mới", MaCongDan="034208000001")], push="p2", hour=1))
    assert identities(book) == {"cd" * 12}
    assert book.ask("SELECT max(version) FROM version WHERE dataset_id = %s", DATASET) == [(2,)]


def test_load_waits_for_the_key_and_says_so_once(settings, run_process, tmp_path):
    with closing(postgres.connect(settings)) as conn:
        Book(conn, settings).arrive(*whole("HocSinh", [pupil(1)]))
    lost = settings.model_copy(update={"identity_key_file": tmp_path / "lost.key"})
    with run_process("load", lost, wait=False) as process:
        process.wait_until(lambda: "IDN-003" in process.tail())
        assert not process.is_ready()
        (tmp_path / "lost.key").write_text(settings.identity_key_file.read_text())
        process.wait_until(process.is_ready)
        assert process.tail().count("IDN-003") == 1


def test_what_another_process_has_added_since_this_one_looked_is_found_all_the_same(book, database):
    """The second looked before the first wrote: what it takes for new the index refuses, and it asks."""
    numbered = [pupil(n, MaHocSinh=None, MaCongDan=f"03420800{n:04}") for n in range(1, 40)]
    moved = [record | {"ClientId": f"x{n}"} for n, record in enumerate(numbered)]
    with closing(postgres.connect(database)) as conn:
        other, looked = Book(conn, database), seen_by(conn)
        book.arrive(*whole("HocSinh", numbered))
        with conn, conn.cursor() as cur:
            second = whole("HocSinh", moved, push="p2", vendor="vnedu", school=ELSEWHERE)
            other.settle(cur, *second, seen=looked)
    assert identities(book) == identities(book, ELSEWHERE)
    assert len(identities(book)) == 39


def test_a_number_of_somebody_else_is_refused_also_by_who_looked_before(book, database):
    number = {"MaCongDan": "034208001111"}
    with closing(postgres.connect(database)) as conn:
        other, looked = Book(conn, database), seen_by(conn)
        book.arrive(*whole("HocSinh", [known_by_client_id(**AN, **number)]))
        with conn, conn.cursor() as cur:
            stranger = known_by_client_id("c9", **BINH, **number)
            other.settle(cur, *whole("HocSinh", [stranger], push="p2", school=ELSEWHERE), seen=looked)
    assert book.ask("SELECT rule FROM record_refused") == [("IDN-002",)]


def test_only_what_may_be_there_is_asked_for(book, database):
    book.arrive(*whole("HocSinh", [pupil(n) for n in range(1, 9)]))
    with closing(postgres.connect(database)) as conn:
        seen = seen_by(conn)
    held = pl.Series([key.replace("-", "") for (key,) in book.ask("SELECT key::text FROM identity_key")])
    other = pl.Series([f"{n:032x}" for n in range(20)])
    assert sorted(seen.of(pl.concat([held, other]))) == sorted(held)
    seen.add(other)
    assert sorted(seen.of(other)) == sorted(other)


def seen_by(conn):
    with conn, conn.cursor() as cur:
        return Seen(cur)
