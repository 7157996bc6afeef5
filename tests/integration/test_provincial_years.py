"""A school year is a partition: what a dataset needs is found there by index, however full the tables are."""

import pytest

from sinks.provincial.migrate import migrate
from sinks.provincial.records import read, rows, tables
from tests.integration.provincial_book import Book
from tests.pushed import pupil, whole

SCHOOL, OTHER_YEAR = "19164501", 2018
MANY = 20_000
PUPILS = [pupil(n) for n in range(50)]

FILL = """
INSERT INTO hoc_sinh (school_year, school, dataset_id, identity, valid_from, row_hash, vendor)
SELECT year, school, school || '.' || year || '.start', md5(n || '/' || year), 1, '', 'smas'
FROM generate_series(1, %s) AS n, unnest(%s::int[]) AS year,
    LATERAL (SELECT (20000000 + n / 100)::text AS school) AS named
"""

TOUCHED = """
SELECT relname, coalesce(seq_scan, 0), coalesce(seq_tup_read, 0), coalesce(idx_tup_fetch, 0)
FROM pg_stat_xact_user_tables WHERE relname LIKE 'hoc_sinh_%%' AND (seq_scan > 0 OR idx_scan > 0)
"""


@pytest.fixture
def full(database, conn):
    """Two full years, and one school with two versions."""
    migrate(database.model_copy(update={"school_years": [OTHER_YEAR, 2019]}))
    book = Book(conn, database)
    book.arrive(*whole("HocSinh", PUPILS, school=SCHOOL))
    changed = [p | {"HoTen": "Lê Thị Mẫu"} for p in PUPILS]
    book.arrive(*whole("HocSinh", changed, push="p2", hour=1, school=SCHOOL))
    with conn, conn.cursor() as cur:
        cur.execute(FILL, (MANY, [OTHER_YEAR, 2019]))
        cur.execute("ANALYZE hoc_sinh")
        # What this session has counted so far must not stand beside what a test counts.
        cur.execute("SELECT pg_stat_force_next_flush()")
    return book


DATASET = f"{SCHOOL}.2019.start"
TABLE = tables.table("HocSinh")


def ended(cur):
    current = rows.current(cur, TABLE, [DATASET], [])
    rows.replace(cur, TABLE, current.select("_dataset", "_identity").with_columns(_version=3))


STEPS = {
    "current rows, as load asks": lambda cur: rows.current(cur, TABLE, [DATASET], ["MaHocSinh"]),
    "rows ended, as load does": ended,
    "the newest version, as the check asks": lambda cur: read.versions(cur, "HocSinh", [(DATASET, 2)]),
    "an older version": lambda cur: read.versions(cur, "HocSinh", [(DATASET, 1)]),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_touches_the_schools_rows_of_its_year_and_no_others(full, step):
    with full.conn, full.conn.cursor() as cur:
        STEPS[step](cur)
        cur.execute(TOUCHED)
        touched = cur.fetchall()
    assert [name for name, *_ in touched] == ["hoc_sinh_2019"]
    ((_, scans, read_whole, fetched),) = touched
    assert (scans, read_whole) == (0, 0), "the partition was read from end to end"
    assert 0 < fetched <= 4 * len(PUPILS)


BLOCKS = "SELECT sum(idx_blks_hit + idx_blks_read) FROM pg_statio_user_tables WHERE relname = 'hoc_sinh_2019'"


def test_a_batch_finds_its_datasets_by_their_index_before_the_table_has_statistics(conn, book):
    """A province's first day: the planner knows nothing yet, and took an index that it had to read whole."""
    batch = [DATASET, *(f"{19165000 + n}.2019.start" for n in range(34))]
    book.arrive(*whole("HocSinh", PUPILS, school=SCHOOL))
    with conn, conn.cursor() as cur:
        cur.execute(FILL, (MANY, [2019]))
        cur.execute("SELECT pg_stat_force_next_flush()")
    ((before,),) = book.ask(BLOCKS)
    with conn, conn.cursor() as cur:
        rows.current(cur, TABLE, batch, ["MaHocSinh"])
        cur.execute("SELECT pg_stat_force_next_flush()")
    ((after,),) = book.ask(BLOCKS)
    assert 0 < after - before < 4 * len(batch)


def test_a_persons_rows_are_found_through_the_years_by_index(full):
    identity = full.ask("SELECT md5('7/2019')")[0][0]
    with full.conn, full.conn.cursor() as cur:
        cur.execute("SELECT dataset_id FROM hoc_sinh WHERE identity = %s AND valid_to IS NULL", (identity,))
        assert len(cur.fetchall()) == 1
        cur.execute(TOUCHED)
        assert [(scans, fetched <= 1) for _, scans, _, fetched in cur.fetchall()] == [(0, True)] * 2
