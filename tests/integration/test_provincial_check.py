"""A whole version is checked once: its digest, its findings, and what the confirmation machine is told."""

from schemas.encoding import codec, digest
from sinks.provincial.check import process
from sinks.provincial.records import read
from tests.integration.provincial_book import DATASET, NOW, PUPILS
from tests.pushed import whole


def test_a_version_is_checked_once_and_said_with_its_digest(book):
    nowhere = {"MaLopHocDn": "1", "MaLopHocCn": "1"}  # a class that is not there
    book.arrive(*whole("HocSinh", [p | nowhere for p in PUPILS]))
    (checked,) = process.check(book.conn, NOW)
    assert process.check(book.conn, NOW) == []
    with book.conn, book.conn.cursor() as cur:
        rows = read.version(cur, DATASET, 1)["HocSinh"]
    expected = digest.dataset_digest(
        ("HocSinh", i, h) for i, h in rows.select("_identity", "_row_hash").iter_rows()
    )
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
    (checked,) = process.check(book.conn, NOW)
    assert "VER-002" in checked.findings["rule"]
