"""A whole version is checked once: its digest, its findings, and what the confirmation machine is told."""

from datetime import date

from readings import findings
from schemas.encoding import codec, digest
from sinks.provincial.check import process
from sinks.provincial.records import read
from tests.integration.provincial_book import DATASET, NOW, PUPILS
from tests.pushed import pupil, whole


def test_a_version_is_checked_once_and_said_with_its_digest(book):
    nowhere = {"MaLopHocDn": "1", "MaLopHocCn": "1"}  # a class that is not there
    book.arrive(*whole("HocSinh", [p | nowhere for p in PUPILS]))
    (checked,) = process.check(book.conn, NOW)
    assert process.check(book.conn, NOW) == []
    with book.conn, book.conn.cursor() as cur:
        rows = read.version(cur, DATASET, 1)["HocSinh"]
    of_rows = [("HocSinh", i, h) for i, h in rows.select("_identity", "_row_hash").iter_rows()]
    expected = digest.version_digest(DATASET, 1, of_rows)
    (value,) = book.ask("SELECT value FROM outbox WHERE topic = 'csdl.confirmation.checks.v1'")[0]
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
    process.check(book.conn, NOW)
    assert "VER-002" in book.rules_found(1)


def standing(book):
    """(since, until, rule) of every finding about a class that is not there."""
    return book.ask(
        "SELECT since_version, until_version, rule FROM finding WHERE fields && '{MaLopHocDn}' ORDER BY 1, 2"
    )


def check_all(book):
    while process.check(book.conn, NOW):
        pass


def test_a_finding_stands_once_through_the_versions_that_have_it(book):
    """Every version wrote all its findings anew, however little of it had changed."""
    nowhere = {"MaLopHocDn": "1", "MaLopHocCn": "1"}
    for n, rows in enumerate(
        [
            [pupil(1) | nowhere],
            [pupil(1) | nowhere, pupil(2)],
            [pupil(1, MaLopHocDn=None, MaLopHocCn=None), pupil(2)],
            [pupil(1) | nowhere, pupil(2)],
        ]
    ):
        book.arrive(*whole("HocSinh", rows, push=f"p{n}", hour=n))
    check_all(book)
    ((_, _, rule), *_) = standing(book)
    assert standing(book) == [(1, 3, rule), (4, None, rule)]
    seen = [
        rule in {f["rule"] for f in findings.of_version(book.conn, DATASET, version)}
        for version in (1, 2, 3, 4)
    ]
    assert seen == [True, True, False, True]


def test_each_versions_own_figures_count_what_stands_in_it(book):
    nowhere = {"MaLopHocDn": "1", "MaLopHocCn": "1"}
    book.arrive(*whole("HocSinh", [p | nowhere for p in PUPILS]))
    book.arrive(*whole("HocSinh", [p | nowhere for p in [*PUPILS, pupil(4)]], push="p2", hour=1))
    check_all(book)
    for version, counted in book.ask("SELECT version, blocking + warnings FROM version"):
        assert len(findings.of_version(book.conn, DATASET, version)) == counted


def test_a_version_whose_rows_are_those_of_an_earlier_one_has_a_digest_of_its_own(book):
    """An approval of the one was an approval of the other."""
    for n, name in enumerate(["cũ", "mới", "cũ"]):
        book.arrive(*whole("HocSinh", [pupil(1, HoTen=name)], push=f"p{n}", hour=n))
    check_all(book)
    digests = [d for (d,) in book.ask("SELECT digest FROM version")]
    assert len(digests) == 3 == len(set(digests))
    assert len(book.ask("SELECT DISTINCT row_hash FROM hoc_sinh WHERE valid_from IN (1, 3)")) == 1


def test_a_version_knows_when_it_was_loaded_and_which_day_it_reports(book):
    book.arrive(*whole("HocSinh", PUPILS))
    ((recent, day),) = book.ask("SELECT now() - loaded_at < interval '1 hour', reference_day FROM version")
    assert (recent, day) == (True, date(2019, 9, 30))
