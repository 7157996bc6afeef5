"""What a landed release loaded is migrated: the same versions, figures and identities, and work goes on."""

from collections import Counter, defaultdict
from contextlib import closing as released
from datetime import UTC, datetime

import psycopg2
import pytest

from runtime import postgres
from schemas.contracts import contracts
from schemas.encoding import codec
from sinks.ministry.export import package
from sinks.provincial.check import process as checking
from sinks.provincial.load import absences
from sinks.provincial.migrate import migrate
from sinks.provincial.records import read
from tests.integration.provincial_book import Book
from tests.landed.restore import restored
from tests.pushed import closing, whole

LANDED = ("0.1.0",)
SCHOOL = "19172567"
DATASET = f"{SCHOOL}.2019.start"
HELD = {"LopHoc": "lop_hoc", "CanBo": "can_bo", "HocSinh": "hoc_sinh", "TruongHoc": "truong_hoc"}
LATER = datetime(2030, 1, 1, tzinfo=UTC)

FIGURES = {
    "versions": "SELECT dataset_id, version, vendor, push_id, records, received, written, refused, blocking, "
    "warnings FROM version ORDER BY 1, 2",
    "pushes": "SELECT vendor, push_id, dataset_id, outcome, code, version, received, accepted, refused "
    "FROM push ORDER BY 1, 2, 3",
    "refused": "SELECT dataset_id, rule, count(*) FROM record_refused GROUP BY 1, 2 ORDER BY 1, 2",
    "confirmations": "SELECT dataset_id, state, version, digest, sequence, hash, held_version "
    "FROM confirmation ORDER BY 1",
    "events": "SELECT dataset_id, sequence, event, hash FROM confirmation_event ORDER BY 1, 2",
    "exports": "SELECT export_id, dataset_id, version, digest, state, accepted, refused "
    "FROM ministry_export ORDER BY 1",
    "receipts": "SELECT export_id, code, count(*) FROM ministry_receipt GROUP BY 1, 2 ORDER BY 1, 2",
    "grants": "SELECT vendor, school, state, sequence, hash FROM grant_state ORDER BY 1, 2",
}


class Landed:
    """A migrated database, with what was there before."""

    def __init__(self, book, figures, identities, digests, lacked):
        self.book, self.figures, self.identities, self.digests = book, figures, identities, digests
        self.lacked = lacked

    def version(self, dataset, number):
        """Its rows by record type."""
        with self.book.conn, self.book.conn.cursor() as cur:
            return read.version(cur, dataset, number)


@pytest.fixture(scope="module", params=LANDED)
def landed(stack, request):
    with restored(stack, request.param) as settings:
        with released(psycopg2.connect(settings.database_url.get_secret_value())) as conn:
            figures = {name: _ask(conn, query) for name, query in FIGURES.items()}
            digests = {(d, n): v for d, n, v in _ask(conn, "SELECT dataset_id, version, digest FROM version")}
            identities = {key: _identities(conn, *key) for key in digests}
            [(lacked,)] = _ask(
                conn, "SELECT absent FROM version WHERE dataset_id = %s AND version = 3", DATASET
            )
        migrate(settings)
        with released(postgres.connect(settings, "test")) as conn:
            yield Landed(Book(conn, settings), figures, identities, digests, lacked)


def _ask(conn, query, *params):
    with conn, conn.cursor() as cur:
        cur.execute(query, params)
        return cur.fetchall()


def _identities(conn, dataset, version):
    """(record type, identity, ClientId) of a version's rows in the landed tables."""
    held = "valid_from <= %s AND (valid_to IS NULL OR valid_to > %s)"
    return {
        (record_type, *row)
        for record_type, table in HELD.items()
        for row in _ask(
            conn, f"SELECT identity FROM {table} WHERE dataset_id = %s AND {held}", dataset, version, version
        )
    }


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_is_what_it_was(landed, figure):
    assert landed.figures[figure]
    assert landed.book.ask(FIGURES[figure]) == landed.figures[figure]


def test_identities_are_carried_over_into_the_same_versions(landed):
    assert len(landed.identities) == 6
    for (dataset, number), before in landed.identities.items():
        frames = landed.version(dataset, number)
        assert {(t, i) for t, f in frames.items() for i in f["_identity"]} == before
        assert sum(f.height for f in frames.values()) == len(before)


def test_the_digest_that_was_approved_is_that_of_the_rows(landed):
    """So an export that waited, or one that is tried again, goes out: by the rule of that time."""
    for (dataset, number), before in landed.digests.items():
        with landed.book.conn, landed.book.conn.cursor() as cur:
            rule = read.digest_rule(cur, dataset, number)
        assert rule == 1
        assert package.digest(dataset, number, landed.version(dataset, number), rule) == before


def test_what_the_newest_version_lacked_is_still_said(landed):
    with landed.book.conn, landed.book.conn.cursor() as cur:
        found = absences.open_absences(cur, [DATASET])
    assert len(landed.lacked["HocSinh"]) == 2
    assert set(found.select("record_type", "_identity").iter_rows()) == {
        (record_type, identity) for record_type, of_type in landed.lacked.items() for identity in of_type
    }


def test_a_push_on_top_makes_the_next_version_and_is_checked(landed):
    rows = read.records("HocSinh", landed.version(DATASET, 3)["HocSinh"]).to_dicts()
    rows[0] |= {"HoTen": "Lê Thị Mẫu"}
    landed.book.arrive(*whole("HocSinh", rows, push="later", school=SCHOOL, hour=100_000), at=LATER)
    assert landed.book.push("later")[:3] == ("version", "", 4)
    checked = checking.check(landed.book.conn, LATER)
    assert [(c.of.dataset_id, c.of.version, c.blocking) for c in checked] == [(DATASET, 4, 0)]
    before, after = landed.version(DATASET, 3), landed.version(DATASET, 4)
    for record_type in contracts.record_types():
        kept = set(before[record_type]["_row_hash"]) & set(after[record_type]["_row_hash"])
        assert after[record_type].height - len(kept) == (record_type == "HocSinh")
        assert set(after[record_type]["_identity"]) == set(before[record_type]["_identity"])


def test_a_push_that_was_open_is_completed(landed):
    """Its chunks lay aside when the release changed. By rule, the order of a nested list says nothing any
    more: what was loaded in another order is written once in today's."""
    open_push, school = "00000000-0000-0000-0000-000000000004", "19164549"
    values = landed.book.ask("SELECT value FROM push_chunk WHERE push_id = %s", open_push)
    chunks = codec.decode_chunks([bytes(value) for (value,) in values])
    totals: Counter[str] = Counter()
    for chunk in chunks:
        totals[chunk.record_type] += chunk.records.height + len({r["Row"] for r in chunk.header["Refused"]})
    end = closing(totals, chunks=len(chunks), push=open_push, school=school, hour=100_000)
    landed.book.arrive(end, at=LATER)
    outcome, _, version, received, *_ = landed.book.push(open_push)
    assert (outcome, version, received) == ("version", 2, sum(totals.values()))
    assert changed(landed, f"{school}.2019.start", 1, 2) == {"LopHoc": {"DsMonHoc"}}


def changed(landed, dataset, before, after):
    """Record type → fields that differ between two versions. A list may differ in its order only."""
    found = defaultdict(set)
    first, second = landed.version(dataset, before), landed.version(dataset, after)
    for record_type, frame in first.items():
        now = {row["_identity"]: row for row in second[record_type].to_dicts()}
        for then in frame.to_dicts():
            for field, value in then.items():
                other = now[then["_identity"]][field]
                if not field.startswith("_") and value != other:
                    assert sorted(map(repr, value)) == sorted(map(repr, other)), "the order of a list alone"
                    found[record_type].add(field)
    return found


def test_who_landed_is_known_in_a_new_period_by_any_key(landed):
    held = landed.version(DATASET, 3)["HocSinh"]
    rows = read.records("HocSinh", held).to_dicts()
    landed.book.arrive(
        *whole("HocSinh", rows, push="summer", school=SCHOOL, kind="3", hour=100_000), at=LATER
    )
    summer = landed.version(f"{SCHOOL}.2019.end", 1)["HocSinh"]
    assert set(summer["_identity"]) == set(held["_identity"])
