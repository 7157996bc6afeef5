"""Refusals are counted from PostgreSQL's log, each once, whatever else stands in it."""

from collections import Counter

from sinks.watch import database_log
from sinks.watch.database_log import LOGIN, RIGHT, DatabaseLog

BEGIN = "2026-11-26 09:11:10.359 UTC [11388] "
LOGINS = (
    '28P01 FATAL:  password authentication failed for user "csdl-load"\n',
    '28000 FATAL:  pg_hba.conf rejects connection for host "127.0.0.1", user "postgres", database "csdl"\n',
)
RIGHTS = ("42501 ERROR:  permission denied for table version\n",)
OTHERS = (
    "00000 LOG:  database system is ready\n",
    "42P01 ERROR:  relation does not exist\n",
    "57P03 FATAL:  wait\n",
)


def append(path, *lines):
    with path.open("a") as log:
        log.writelines(BEGIN + line for line in lines)


def test_each_refusal_is_counted_once_and_what_was_there_before_not(tmp_path):
    path = tmp_path / "postgres.log"
    append(path, *LOGINS)
    log = DatabaseLog(path)
    assert log.refused() == Counter()
    append(path, *LOGINS, *OTHERS, *RIGHTS)
    assert log.refused() == {LOGIN: 2, RIGHT: 1}
    assert log.refused() == Counter()


def test_half_a_line_waits_for_its_end(tmp_path):
    path = tmp_path / "postgres.log"
    log = DatabaseLog(path)
    line = BEGIN + RIGHTS[0]
    path.write_text(line[:50])
    assert log.refused() == Counter()
    path.write_text(line)
    assert log.refused() == {RIGHT: 1}


def test_a_file_that_was_put_aside_or_cut_is_begun_anew(tmp_path):
    path = tmp_path / "postgres.log"
    append(path, *OTHERS)
    log = DatabaseLog(path)
    path.rename(tmp_path / "postgres.log.1")
    assert log.refused() == Counter(), "there is none for a moment"
    append(path, *RIGHTS)
    assert log.refused() == {RIGHT: 1}
    path.write_text("")
    assert log.refused() == Counter()
    append(path, LOGINS[0])
    assert log.refused() == {LOGIN: 1}


def test_a_flood_is_counted_in_several_rounds(tmp_path, monkeypatch):
    monkeypatch.setattr(database_log, "MOST", 1000)
    path = tmp_path / "postgres.log"
    log = DatabaseLog(path)
    append(path, *(RIGHTS * 100))
    rounds = [log.refused()[RIGHT] for _ in range(20)]
    assert sum(rounds) == 100 and rounds[0] < 20
    with path.open("a") as endless:
        endless.write("x" * 5000)
    append(path, "00000 LOG:  end\n", *RIGHTS)
    assert sum(log.refused()[RIGHT] for _ in range(20)) == 1
