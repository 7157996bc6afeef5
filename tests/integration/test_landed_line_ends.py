"""What the landed digest could not tell apart is told at the migration, once, and listed."""

from contextlib import closing

import polars as pl
import psycopg2
import pytest

from readings import versions
from runtime import postgres
from schemas.encoding import digest
from sinks.ministry.export import package
from sinks.provincial.migrate import migrate
from sinks.provincial.records import read
from tests.integration.command_line import csdl
from tests.integration.provincial_book import Book
from tests.integration.test_landed_data import LATER
from tests.landed.releases import RELEASES
from tests.landed.restore import restored
from tests.pushed import whole

LANDED = RELEASES["0.1.0"]
DATASET, SCHOOL = LANDED.dataset, LANDED.school

TWO_LINES, ONE_LINE = "Số 1\nĐường Láng", "Số 1 Đường Láng"


@pytest.fixture(scope="module")
def migrated(stack):
    """(settings, book, identity of a pupil with an address of two lines, hashes of the landed rows)."""
    with restored(stack, LANDED.name) as settings:
        with (
            closing(psycopg2.connect(settings.database_url.get_secret_value())) as conn,
            conn.cursor() as cur,
        ):
            cur.execute(
                "UPDATE hoc_sinh SET dchi_thtru = %s WHERE identity = (SELECT min(identity) FROM hoc_sinh "
                "WHERE dataset_id = %s AND valid_from = 1 AND valid_to IS NULL) RETURNING identity, row_hash",
                (TWO_LINES, DATASET),
            )
            ((identity, _),) = cur.fetchall()
            cur.execute("SELECT dataset_id, identity, valid_from, row_hash FROM hoc_sinh")
            hashes = {tuple(key): row_hash for *key, row_hash in cur.fetchall()}
            conn.commit()
        migrate(settings)
        with closing(postgres.connect(settings, "test")) as conn:
            yield settings, Book(conn, settings), identity, hashes


def rows_of(book, number):
    with book.conn, book.conn.cursor() as cur:
        return read.version(cur, DATASET, number)


def test_only_the_row_with_a_line_end_gets_another_hash_and_its_own_bytes_in_it(migrated):
    _, book, identity, before = migrated
    after = {
        tuple(key): row_hash
        for *key, row_hash in book.ask("SELECT dataset_id, identity, valid_from, row_hash FROM hoc_sinh")
    }
    assert {key[1] for key in before if after[key] != before[key]} == {identity}
    frame = rows_of(book, 3)["HocSinh"]
    assert digest.row_hashes(read.records("HocSinh", frame)).to_list() == frame["_row_hash"].to_list()


def test_what_was_approved_by_rule_1_is_still_recomputed_by_it(migrated):
    """For rule 1 the two lines are one."""
    _, book, _, _ = migrated
    stored = rows_of(book, 3)
    blurred = stored | {"HocSinh": stored["HocSinh"].with_columns(pl.col("DchiThtru").str.replace("\n", " "))}
    one, other = (package.digest(DATASET, 3, rows, rule=1) for rows in (stored, blurred))
    assert one == other
    assert package.digest(DATASET, 3, stored) != package.digest(DATASET, 3, blurred)


def test_the_versions_whose_digest_changes_are_listed(migrated):
    settings, book, _, _ = migrated
    listed = [(row["dataset_id"], row["version"], row["digest_rule"]) for row in versions.rehashed(book.conn)]
    assert listed == [(DATASET, n, 1) for n in (1, 2, 3)]
    code, said = csdl(settings, "records", "digests")
    assert code == 0 and [row["version"] for row in said] == [1, 2, 3]


def test_the_same_address_in_one_line_is_a_change_never_unchanged_with_other_bytes_stored(migrated):
    _, book, identity, _ = migrated
    frame = rows_of(book, 3)["HocSinh"].filter(pl.col("_identity") == identity)
    row = read.records("HocSinh", frame).to_dicts()[0] | {"DchiThtru": ONE_LINE}
    book.arrive(*whole("HocSinh", [row], push="one-line", school=SCHOOL, hour=100_000), at=LATER)
    assert book.push("one-line")[:3] == ("version", "", 4)
    held = rows_of(book, 4)["HocSinh"].filter(pl.col("_identity") == identity)
    assert held["DchiThtru"].to_list() == [ONE_LINE]
