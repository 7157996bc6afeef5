"""What landed versions said of absent records and of the order of pushes, after revision 0006."""

import json
from contextlib import closing

import pytest
from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from runtime import postgres
from sinks.provincial import migrate
from tests.landed.restore import fresh, restored

DATASET = "19164999.2019.start"

PUSH = (
    "INSERT INTO push (vendor, push_id, dataset_id, kind, first_seen, opened_at, closed_at, chunks, totals, "
    "outcome) VALUES ('smas', %s, %s, '1', %s, %s, %s, %s, %s, %s)"
)
VERSION = (
    "INSERT INTO version (dataset_id, version, vendor, push_id, records, received, absent, written, refused, "
    "checked_at, warnings) VALUES (%s, %s, 'smas', %s, '{}', %s, %s, 0, 0, now(), %s)"
)


def upgrade(settings, revision):
    with create_engine(migrate.url(settings), poolclass=NullPool).connect() as connection:
        command.upgrade(migrate.config(connection), revision)
        connection.commit()


@pytest.fixture
def landed(stack):
    """Settings and connection of a database of the revision before."""
    with fresh(stack) as settings:
        upgrade(settings, "0005")
        with closing(postgres.connect(settings, "test")) as conn:
            conn.autocommit = True
            with conn.cursor() as cur:
                yield settings, cur


def test_an_absence_becomes_an_interval_from_list_to_list(landed):
    settings, cur = landed
    cur.execute(
        "INSERT INTO dataset (dataset_id, school, school_year, period, version) "
        "VALUES (%s, '19164999', 2019, 'start', 5)",
        (DATASET,),
    )
    pupils, classes = {"HocSinh": 3}, {"LopHoc": 1}
    lacked = [{}, {"HocSinh": ["a", "b"]}, {}, {"HocSinh": ["b"]}, {"HocSinh": ["a"]}]
    for number, (brought, absent) in enumerate(
        zip([pupils, pupils, classes, pupils, pupils], lacked, strict=True), 1
    ):
        values = (DATASET, number, f"p{number}", json.dumps(brought), json.dumps(absent), len(absent))
        cur.execute(VERSION, values)
        for of_type, identities in absent.items():
            for identity in identities:
                cur.execute(
                    "INSERT INTO finding VALUES (%s, %s, 'VER-001', 'warn', %s, %s, '{}')",
                    (DATASET, number, of_type, identity),
                )
    upgrade(settings, "0006")
    cur.execute("SELECT identity, since_version, until_version, push_id FROM absence ORDER BY 1, 2")
    assert cur.fetchall() == [("a", 2, 4, "p2"), ("a", 5, None, "p5"), ("b", 2, 5, "p2")]
    cur.execute("SELECT count(*) FROM finding")
    assert cur.fetchall() == [(0,)]
    cur.execute("SELECT warnings, whole FROM version ORDER BY version")
    assert cur.fetchall() == [
        (0, ["HocSinh"]),
        (1, ["HocSinh"]),
        (0, ["LopHoc"]),
        (1, ["HocSinh"]),
        (1, ["HocSinh"]),
    ]


def test_a_sender_that_was_ahead_does_not_shut_its_dataset(landed):
    settings, cur = landed
    ahead, seen = "2032-01-01T00:00:00Z", "2019-09-16T08:00:00Z"
    cur.execute(
        "INSERT INTO dataset VALUES (%s, '19164999', 2019, 'start', 1, %s)", (DATASET, "2032-01-01T00:00:00Z")
    )
    cur.execute(PUSH, ("p1", DATASET, seen, ahead, ahead, 1, "{}", "version"))
    cur.execute(PUSH, ("p2", DATASET, seen, ahead, ahead, 2, "{}", None))
    cur.execute(PUSH, ("p3", DATASET, seen, None, None, None, None, None))
    upgrade(settings, "0006")
    cur.execute("SELECT opened_at = %s FROM dataset", (seen,))
    assert cur.fetchall() == [(True,)]
    cur.execute("SELECT push_id, opened_at = %s, sender_opened_at = %s FROM push ORDER BY 1", (seen, ahead))
    assert cur.fetchall() == [("p1", False, True), ("p2", True, True), ("p3", True, None)]


def test_a_landed_data_set_keeps_its_absent_records(stack):
    with restored(stack, "0.1.0") as settings:
        with closing(postgres.connect(settings, "test")) as conn, conn.cursor() as cur:
            cur.execute("SELECT count(*) FROM finding WHERE rule = 'VER-001'")
            before = cur.fetchall()
        upgrade(settings, "0006")
        with closing(postgres.connect(settings, "test")) as conn, conn.cursor() as cur:
            cur.execute(
                "SELECT count(*) FROM absence a JOIN version v USING (dataset_id) "
                "WHERE a.since_version <= v.version AND coalesce(a.until_version > v.version, true) "
                "AND v.whole && ARRAY[a.record_type]"
            )
            assert cur.fetchall() == before
