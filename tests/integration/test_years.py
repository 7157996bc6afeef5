"""A school year goes: only once it may, whole, whatever cuts it off; nothing of it comes back."""

from contextlib import closing as closed_at_end
from typing import Any

import pytest

from backup import manifest, shelf, status
from doctor import years as doctor_years
from retention import closing, policy, proof
from retention.policy import Kind, Until
from runtime import postgres
from schemas.errors import ProblemList
from sinks.provincial import years
from sinks.provincial.migrate import migrate
from sinks.provincial.records import tables
from tests.pushed import pupil, whole

FIRST, SECOND = "19164501", "19164502"
YEAR = 2019
NAME = "20270101T013000Z"
WHO: dict[str, Any] = {"account": "operator", "reason": "over and done"}

ANSWERED = """
UPDATE version SET checked_at = now(), digest = 'd' || version, digest_rule = 2;
INSERT INTO confirmation (dataset_id, school, school_year, period, sequence, hash, state, level, route,
    version, digest, counts, held_version, held_digest, held_counts, changed_at, forwarded)
SELECT dataset_id, school, school_year, period, 5, 'h', 'accepted', 0, '{}',
    version, 'd' || version, '{}', 0, '', '{}', now(), 4
FROM dataset;
INSERT INTO ministry_export (export_id, dataset_id, school, school_year, period, version, digest, state,
    opened_at, sequence, accepted)
SELECT 'e-' || dataset_id, dataset_id, school, school_year, period, version, 'd' || version, 'answered',
    now(), 4, 3
FROM dataset;
INSERT INTO ministry_export_record
SELECT export_id, 'r' || n, 'HocSinh', n::text FROM ministry_export, generate_series(1, 3) AS n;
INSERT INTO ministry_receipt SELECT export_id, record_id, '000-000', now() FROM ministry_export_record;
INSERT INTO finding SELECT dataset_id, 1, NULL, 'HS-001', 'warn', 'HocSinh', 'i', '{}' FROM dataset;
"""


@pytest.fixture
def settings(database, tmp_path):
    """The year under test takes no pushes any more."""
    return database.model_copy(update={"school_years": [2020], "backups_dir": tmp_path / "backups"})


@pytest.fixture
def answered(book, settings):
    """Two schools whose data the Ministry has, a third of another year, and a verified backup."""
    migrate(settings)
    book.arrive(*whole("HocSinh", [pupil(n) for n in range(3)], school=FIRST))
    book.arrive(*whole("HocSinh", [pupil(n) for n in range(3, 5)], push="p2", school=SECOND))
    book.arrive(*whole("HocSinh", [pupil(9)], push="p3", school=FIRST, year=2020))
    with book.conn, book.conn.cursor() as cur:
        cur.execute(ANSWERED)
    verify(book, settings)
    return book


def verify(book, settings, name=NAME):
    """As `csdl backup verify` leaves it."""
    folder = settings.backups_dir / name
    folder.mkdir(parents=True)
    texts = ("begun", "ended", "product", "revision", "province", "cluster", "system", "postgres", "key")
    lists = ("vendors", "files", "topics", "groups")
    made = {"id": name, "settings": {}} | dict.fromkeys(texts, "") | {each: [] for each in lists}
    manifest.write(folder, manifest.Manifest.model_validate(made))
    with book.conn, book.conn.cursor() as cur:
        status.verified(settings.backups_dir, name, years.held(cur))


def partitions(book):
    with book.conn, book.conn.cursor() as cur:
        return tables.years(cur)


def codes(refused):
    return sorted(problem.code for problem in refused.value.problems)


def test_what_goes_with_a_year_is_what_the_policy_says():
    by_year = {kept.name for kept in policy.every() if kept.kind is Kind.TABLE and kept.long is Until.YEAR}
    assert by_year == {*closing.ROWS, policy.RECORDS} - {"record_refused"}


def test_all_that_stands_against_it_is_said_at_once_and_nothing_changes(book, settings):
    migrate(settings)
    book.arrive(*whole("HocSinh", [pupil(1)], school=FIRST))
    still = settings.model_copy(update={"school_years": [YEAR]})
    with pytest.raises(ProblemList) as refused:
        closing.close(still, YEAR, forgone=["19164599.2019.start"], **WHO)
    assert codes(refused) == ["YEAR-002", "YEAR-003", "YEAR-007", "YEAR-009"]
    with pytest.raises(ProblemList) as refused:
        closing.close(settings, 2031, **WHO)
    assert codes(refused) == ["YEAR-001", "YEAR-007"]
    assert YEAR in partitions(book) and not shelf.kept_for(settings.backups_dir)
    assert book.ask("SELECT count(*) FROM school_year_closed") == [(0,)]


def test_a_year_goes_its_chains_stay_and_nothing_comes_back(answered, settings):
    done = closing.close(settings, YEAR, **WHO)
    assert done.gone == {
        "hoc_sinh": 5, "push": 2, "finding": 2, "ministry_export_record": 6, "ministry_receipt": 6,
    }  # fmt: skip
    assert partitions(answered) == {2020}
    assert answered.ask("SELECT count(*) FROM hoc_sinh") == [(1,)]
    assert answered.ask("SELECT count(*) FROM push") == [(1,)]
    for table in ("dataset", "version", "confirmation", "ministry_export"):
        assert answered.ask(f"SELECT count(*) FROM {table}") == [(3,)], table
    assert closing.close(settings, YEAR, **WHO).already
    # Setup makes no room for it again, and a push that comes after all is refused.
    migrate(settings.model_copy(update={"school_years": [YEAR, 2020]}))
    assert partitions(answered) == {2020}
    answered.arrive(*whole("HocSinh", [pupil(1)], push="late", hour=9, school=FIRST))
    assert answered.push("late")[0] == "refused"
    assert answered.ask("SELECT DISTINCT rule FROM record_refused") == [("ENV-303",)]
    # Its backup stays, whatever the rule.
    verify(answered, settings, "20270601T013000Z")
    assert shelf.prune(settings.backups_dir, {}) == []
    assert {folder.name for folder in shelf.backups(settings.backups_dir)} == {NAME, "20270601T013000Z"}


@pytest.mark.parametrize("at", ["_drop", "_delete", "hoc_sinh", FIRST])
def test_cut_off_anywhere_it_goes_on(answered, settings, monkeypatch, at):
    def told(what, done, of):
        if what == at or (at == FIRST and what == "…" and done == 1):
            raise KeyboardInterrupt

    def cut_off(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if at.startswith("_"):
            patched.setattr(closing, at, cut_off)
        with pytest.raises(KeyboardInterrupt):
            closing.close(settings, YEAR, told=told, **WHO)
    assert [each.problem.code for each in doctor_years.section(settings)] == ["YEAR-012"]
    migrate(settings)
    assert closing.close(settings, YEAR, **WHO).gone["hoc_sinh"] == 5
    assert partitions(answered) == {2020} and not list(doctor_years.section(settings))
    assert answered.ask("SELECT to_regclass('hoc_sinh_2019')") == [(None,)]


def test_what_comes_in_between_is_seen(answered, settings, monkeypatch):
    real = shelf.keep

    def keep(*args):
        real(*args)
        answered.arrive(*whole("HocSinh", [pupil(7)], push="p4", hour=2, school=FIRST))

    monkeypatch.setattr(shelf, "keep", keep)
    with pytest.raises(ProblemList) as refused:
        closing.close(settings, YEAR, **WHO)
    assert codes(refused) == ["YEAR-004"]
    assert 2019 in partitions(answered)
    # Who lets that go without the Ministry's answer says so.
    monkeypatch.setattr(shelf, "keep", real)
    assert closing.close(settings, YEAR, forgone=[f"{FIRST}.2019.start"], **WHO).gone["push"] == 3
    assert answered.ask("SELECT forgone FROM school_year_closed") == [([f"{FIRST}.2019.start"],)]


def test_a_second_one_and_tables_in_use_change_nothing(answered, settings, monkeypatch):
    monkeypatch.setattr(closing, "TRIES", 2)
    with closed_at_end(postgres.connect(settings, "test")) as other:
        with other, other.cursor() as cur:
            cur.execute("SELECT count(*) FROM hoc_sinh")
            with pytest.raises(ProblemList) as refused:
                closing.close(settings, YEAR, **WHO)
            assert codes(refused) == [closing.BUSY]
        with other, other.cursor() as cur:
            cur.execute("SELECT pg_advisory_lock(%s, %s)", (closing.LOCK, YEAR))
        with pytest.raises(ProblemList) as refused:
            closing.close(settings, YEAR, **WHO)
        assert codes(refused) == [closing.AT_WORK]
    assert YEAR in partitions(answered)


def test_a_backup_that_is_gone_or_of_before_holds_nothing_and_an_older_copy_is_told(answered, settings):
    (settings.backups_dir / NAME / manifest.NAME).unlink()
    assert [p.code for p in proof.asked(settings, YEAR, ())[1]] == [proof.BACKUP_GONE]
    with answered.conn, answered.conn.cursor() as cur:
        cur.execute("UPDATE ministry_export SET refused = 1")
    assert [p.code for p in proof.asked(settings, YEAR, ())[1]] == [proof.NO_BACKUP]
    # As after the restore of a backup from before the year was closed.
    shelf.keep(settings.backups_dir, str(YEAR), NAME)
    assert [each.problem.code for each in doctor_years.section(settings)] == ["YEAR-013"]
