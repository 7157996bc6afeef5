"""Every finding and every digest of a version stays what it was, however the check is made.

`check_as_before.json` was recorded by the code of commit 5789138 (0.3.2), from the made-up province of
`many_versions`: of each version its digest, its figures, its findings by rule, and by SHA-256 all of its
findings as a person reads them and the command that the confirmation machine is told.

Who changes a rule on purpose finds what the check says now in the file that the failing test names, and puts
that in place of the recorded one, after a look at each rule that differs.
"""

import json
from collections import Counter, defaultdict
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from readings import findings
from runtime import postgres
from schemas.contracts import contracts
from schemas.encoding import codec, digest
from sinks.provincial.check import process, unchecked
from sinks.provincial.records import ledger, read, tables
from sinks.provincial.records.mac import Mac
from tests.conftest import fresh_database
from tests.integration.many_records import SCHOOLS, TURNS
from tests.integration.many_versions import act_of, push_of
from tests.integration.provincial_book import NOW, Book

RECORDED = Path(__file__).with_suffix(".json").with_name("check_as_before.json")

AFTER_TURN = {1: 16, 2: 1, 3: 16, 4: 2, 5: 16, 9: 3, 10: 16, 13: 16, 14: 1, 20: 16}
"""Versions at once in the checks after a turn; after the others nobody checks, and several wait."""

FEW = 400
"""Records of a batch in a process of little memory: some versions alone are more."""

MEDDLED = SCHOOLS[-1].dataset

TOGETHER = (7, 8)
"""Turns whose pushes come in one batch."""


@pytest.fixture(scope="module")
def province(stack, tmp_path_factory):
    """All turns, checked after some of them, and at last until nothing waits."""
    with (
        fresh_database(stack, tmp_path_factory.mktemp("province")) as settings,
        closing(postgres.connect(settings, "test")) as conn,
    ):
        book = Book(conn, settings)
        book.mac = Mac(b"the province's own key of a test")
        with conn, conn.cursor() as cur:
            ledger.begin(cur, book.mac)
        waiting = []
        for turn in range(1, TURNS + 1):
            senders = [school for school in SCHOOLS if turn <= school.turns]
            waiting += [message for school in senders for message in push_of(school, turn)]
            if turn == TOGETHER[0]:
                continue
            book.arrive(*waiting)
            waiting = []
            acts = [act for school in senders if (act := act_of(school, turn, newest(book, school)))]
            if acts:
                book.arrive(acts=acts)
            if turn == 3:
                meddle(book)
            if turn in AFTER_TURN:
                check_all(book, AFTER_TURN[turn])
        yield book


def newest(book, school):
    [(version,)] = book.ask("SELECT version FROM dataset WHERE dataset_id = %s", school.dataset)
    return version


def meddle(book):
    """In the newest version: one whom load counted is not there, some have the same id, the same code."""
    last = "WHERE dataset_id = %s AND valid_to IS NULL AND valid_from = 3"
    for table, statement in (
        (
            "hoc_sinh",
            f"DELETE FROM hoc_sinh {last} AND identity = (SELECT min(identity) FROM hoc_sinh {last})",
        ),
        ("hoc_sinh", f"UPDATE hoc_sinh SET client_id = 'hai' {last}"),
        ("can_bo", f"UPDATE can_bo SET client_id = 'hai', ma_can_bo = '2900000000' {last}"),
        ("lop_hoc", f"UPDATE lop_hoc SET client_id = 'hai', ma_lop_hoc = 'HAI' {last}"),
    ):
        changed = book.ask(f"{statement} RETURNING 1", *[MEDDLED] * statement.count("%s"))
        assert changed, table


def check_all(book, batch):
    while process.check(book.conn, NOW, batch=batch):
        pass


def forget_checks(book):
    """As if nobody had checked anything yet."""
    with book.conn, book.conn.cursor() as cur:
        cur.execute("TRUNCATE finding")
        cur.execute("DELETE FROM outbox WHERE topic = 'csdl.confirmation.checks.v1'")
        cur.execute(
            "UPDATE version SET checked_at = NULL, digest = NULL, digest_rule = NULL, "
            "blocking = NULL, warnings = NULL"
        )


def said(book):
    """ "dataset version" → what is recorded of it."""
    commands = defaultdict(list)
    values = book.ask("SELECT value FROM outbox WHERE topic = 'csdl.confirmation.checks.v1' ORDER BY id")
    for (value,) in values:
        _, command = codec.decode(bytes(value))
        del command["IssuedAt"]
        commands[command["DatasetId"]].append(command)
    out = {}
    versions = book.ask(
        "SELECT dataset_id, version, digest, digest_rule, records, refused, blocking, warnings "
        "FROM version ORDER BY 1, 2"
    )
    for dataset, version, its_digest, rule, records, refused, blocking, warnings in versions:
        found = findings.of_version(book.conn, dataset, version)
        lines = sorted(json.dumps(f, ensure_ascii=False, sort_keys=True) for f in found)
        out[f"{dataset} {version}"] = {
            "digest": its_digest,
            "digest_rule": rule,
            "records": records,
            "refused": refused,
            "blocking": blocking,
            "warnings": warnings,
            "rules": dict(sorted(Counter(f["rule"] for f in found).items())),
            "findings": sha("\n".join(lines)),
            "command": sha(json.dumps(commands[dataset][version - 1], sort_keys=True)),
        }
    assert sum(map(len, commands.values())) == len(versions)
    return out


def sha(text):
    return sha256(text.encode()).hexdigest()


def assert_as_recorded(book, folder):
    now = said(book)
    file = folder / RECORDED.name
    file.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in now.items()) + "\n}\n")
    before = json.loads(RECORDED.read_text())
    assert now.keys() == before.keys(), f"see {file}"
    differs = {k: {n: (before[k][n], v[n]) for n in v if v[n] != before[k][n]} for k, v in now.items()}
    assert not {k: d for k, d in differs.items() if d}, f"see {file}"


def test_findings_digests_and_commands_are_as_before_as_the_versions_come(province, tmp_path):
    assert_as_recorded(province, tmp_path)


def test_figures_count_the_findings(province):
    for dataset, version, figures in province.ask(
        "SELECT dataset_id, version, blocking + warnings FROM version"
    ):
        assert len(findings.of_version(province.conn, dataset, version)) == figures


def test_a_digest_is_that_of_the_rows_reckoned_one_by_one(province):
    """Of the rows of PostgreSQL with a loop and SHA-256, not of what the check reads."""
    held = "valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)"
    for dataset, version, stored in province.ask("SELECT dataset_id, version, digest FROM version"):
        rows = [
            (record_type, identity, row_hash)
            for record_type in contracts.record_types()
            for identity, row_hash in province.ask(
                f"SELECT identity, row_hash FROM {tables.table(record_type).name} "
                f"WHERE dataset_id = %s AND {held}",
                dataset,
                version,
                version,
            )
        ]
        counts = Counter(record_type for record_type, _, _ in rows)
        lines = [(dataset, str(version)), *((t, str(n)) for t, n in sorted(counts.items())), *sorted(rows)]
        text = "".join("\x1f".join(line) + "\x1e" for line in lines)
        assert sha(text) == stored == digest.version_digest(dataset, version, rows)


def test_a_row_hash_is_that_of_what_the_row_says(province):
    with province.conn, province.conn.cursor() as cur:
        for school in [s for s in SCHOOLS if s.dataset != MEDDLED]:
            for record_type, rows in read.version(cur, school.dataset, school.turns).items():
                assert (
                    digest.row_hashes(read.records(record_type, rows)).to_list()
                    == rows["_row_hash"].to_list()
                )


def test_they_are_as_before_when_all_versions_waited_and_little_fits_into_a_batch(
    province, tmp_path, monkeypatch
):
    forget_checks(province)
    monkeypatch.setattr(unchecked, "MAX_RECORDS", FEW)
    check_all(province, 5)
    batches = province.ask(
        "SELECT count(*), sum(n) FROM (SELECT checked_at, (SELECT sum(value::int) FROM "
        "jsonb_each_text(records)) AS n FROM version) AS v GROUP BY checked_at"
    )
    assert any(versions > 1 for versions, _ in batches)
    assert any(versions == 1 and records > FEW for versions, records in batches)
    assert_as_recorded(province, tmp_path)
