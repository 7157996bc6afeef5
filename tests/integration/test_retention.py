"""What is due by age goes, and nothing else; of two at once one does it."""

from contextlib import closing

import pytest

from retention import running
from runtime import postgres
from schemas.errors import ProblemList
from tests.pushed import whole

FILL = """
INSERT INTO record_refused (vendor, push_id, dataset_id, record_type, chunk, source, sheet,
    source_row, client_id, rule, fields)
SELECT vendor, push_id, dataset_id, 'HocSinh', 0, '', '', n, 'HS-' || n, 'HS-001', '{{}}'
FROM push, generate_series(1, 3) AS n;
INSERT INTO command_outcome (command_id, machine, subject, command, outcome, code, state, unit, role, at)
SELECT 'c-' || days, 'grants', 's', 'c', 'accepted', '', '', '', '', now() - make_interval(days => days)
FROM unnest(ARRAY[{young}, {old}]) AS days;
INSERT INTO chain_fault (reader, topic, partition, source_offset, subject, sequence, fault, acknowledged)
SELECT 'feed', 't', 0, coalesce(days, 0), '', 1, 'gap', now() - make_interval(days => days)
FROM unnest(ARRAY[{young}, {old}, NULL]) AS days;
INSERT INTO account (name, name_key, person, unit, roles, active_from)
VALUES ('a', 'a', 'P1', '19', '{{head}}', now());
INSERT INTO credential (secret_hash, account, kind, made_at, expires_at, revoked_at)
SELECT decode(lpad(n::text, 4, '0'), 'hex'), number, 'session', now() - interval '2 years',
    now() + make_interval(days => ends), now() + make_interval(days => revoked)
FROM account,
    (VALUES (1, 5, NULL), (2, 5, -{ended}), (3, -{ended}, NULL), (4, -5, NULL)) AS c (n, ends, revoked);
"""


def test_what_is_due_goes_and_nothing_else(book, database, monkeypatch):
    monkeypatch.setattr(running, "BATCH", 2)
    book.arrive(*whole("HocSinh", [], school="19164501"), *whole("HocSinh", [], push="p2", school="19164502"))
    young, old = 399, 401
    with book.conn, book.conn.cursor() as cur:
        cur.execute(FILL.format(young=young, old=old, ended=91))
        for push, days in (("p1", young), ("p2", old)):
            cur.execute(
                "UPDATE push SET decided_at = now() - make_interval(days => %s) WHERE push_id = %s",
                (days, push),
            )
    wanted = {"record_refused": 3, "command_outcome": 1, "chain_fault": 1, "credential": 2}
    assert {table: n for table, n in running.due(database).items() if n} == wanted
    assert {table: n for table, n in running.run(database).items() if n} == wanted
    assert not any(running.due(database).values())
    assert book.ask("SELECT DISTINCT push_id FROM record_refused") == [("p1",)]
    assert book.ask("SELECT count(*) FROM chain_fault WHERE acknowledged IS NULL") == [(1,)]


def test_of_two_at_once_one_does_it(database):
    with closing(postgres.connect(database, "test")) as other, other, other.cursor() as cur:
        cur.execute("SELECT pg_advisory_lock(%s)", (running.LOCK,))
        with pytest.raises(ProblemList, match=running.AT_WORK):
            running.run(database)
