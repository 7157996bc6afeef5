"""What a landed release loaded is migrated: the same versions, figures and identities, and work goes on."""

from collections import Counter, defaultdict
from contextlib import closing as released
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from runtime import postgres
from schemas.contracts import contracts
from schemas.encoding import columnar
from sinks.ministry.export import package
from sinks.provincial.check import process as checking
from sinks.provincial.load import absences
from sinks.provincial.load.removals import HEAD, Asked
from sinks.provincial.migrate import migrate
from sinks.provincial.records import read
from tests.integration.provincial_book import Book
from tests.landed.releases import RELEASES
from tests.landed.restore import restored
from tests.pushed import closing, whole

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

    def __init__(self, release, book, figures, identities, digests, lacked):
        self.release, self.book, self.figures, self.identities = release, book, figures, identities
        self.digests, self.lacked = digests, lacked

    def version(self, dataset, number):
        """Its rows by record type."""
        with self.book.conn, self.book.conn.cursor() as cur:
            return read.version(cur, dataset, number)

    def newest(self, dataset):
        [(number,)] = self.book.ask("SELECT version FROM dataset WHERE dataset_id = %s", dataset)
        return number


@pytest.fixture(scope="module", params=RELEASES)
def landed(stack, request):
    release = RELEASES[request.param]
    with restored(stack, release.name) as settings:
        with released(psycopg2.connect(settings.database_url.get_secret_value())) as conn:
            figures = {query: _ask(conn, query) for query in (FIGURES | release.figures).values()}
            digests = {(d, n): v for d, n, v in _ask(conn, "SELECT dataset_id, version, digest FROM version")}
            identities = {key: _identities(conn, *key) for key in digests}
            lacked = set(_ask(conn, release.lacked))
        migrate(settings)
        with released(postgres.connect(settings, "test")) as conn:
            yield Landed(release, Book(conn, settings), figures, identities, digests, lacked)


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


def test_every_figure_is_what_it_was(landed):
    for query, before in landed.figures.items():
        assert before, f"nothing to compare: {query}"
        assert landed.book.ask(query) == before


def test_identities_are_carried_over_into_the_same_versions(landed):
    assert len(landed.identities) == landed.release.versions
    for (dataset, number), before in landed.identities.items():
        frames = landed.version(dataset, number)
        assert {(t, i) for t, f in frames.items() for i in f["_identity"]} == before
        assert sum(f.height for f in frames.values()) == len(before)


def test_the_digest_that_was_approved_is_that_of_the_rows(landed):
    """So an export that waited, or one that is tried again, goes out: by the rule of that time."""
    for (dataset, number), before in landed.digests.items():
        with landed.book.conn, landed.book.conn.cursor() as cur:
            rule = read.digest_rule(cur, dataset, number)
        assert rule == landed.release.digest_rule
        assert package.digest(dataset, number, landed.version(dataset, number), rule) == before


def test_what_the_newest_version_lacked_is_still_said(landed):
    with landed.book.conn, landed.book.conn.cursor() as cur:
        found = absences.open_absences(cur, [landed.release.dataset])
    assert len(landed.lacked) == landed.release.lacking
    assert set(found.select("record_type", "_identity").iter_rows()) == landed.lacked


def test_a_push_that_was_open_is_completed(landed):
    """Its chunks lay aside when the release changed; the rest comes before its time is up."""
    open_push, school = landed.release.open_push, landed.release.open_school
    number = landed.newest(f"{school}.2019.start")
    values = landed.book.ask("SELECT value FROM push_chunk WHERE push_id = %s", open_push)
    chunks = columnar.decode_chunks([bytes(value) for (value,) in values])
    totals: Counter[str] = Counter()
    for chunk in chunks:
        totals[chunk.record_type] += chunk.records.height + len({r["Row"] for r in chunk.header["Refused"]})
    end = closing(totals, chunks=len(chunks), push=open_push, school=school, hour=100_000)
    [(seen,)] = landed.book.ask("SELECT first_seen FROM push WHERE push_id = %s", open_push)
    landed.book.arrive(end, at=seen + timedelta(minutes=5))
    outcome, _, version, received, *_ = landed.book.push(open_push)
    assert (outcome, version, received) == ("version", number + 1, sum(totals.values()))
    assert changed(landed, f"{school}.2019.start", number, version) == landed.release.completed


def test_a_removal_that_waited_is_consented_to(landed):
    waiting = "SELECT removal_id, dataset_id, cardinality(identities) FROM removal WHERE state = 'waiting'"
    for removal_id, dataset, records in landed.book.ask(waiting):
        before, school = landed.newest(dataset), dataset.split(".")[0]
        consent = Asked(
            removal_id, dataset, "HocSinh", before, (), school, school, HEAD, "hieu-truong", "Đồng ý", LATER
        )
        landed.book.arrive(acts=[consent])
        assert landed.book.told()[-1]["Removed"] == {"HocSinh": records}
        assert landed.newest(dataset) == before + 1
    assert landed.book.ask(waiting) == []


def test_a_push_on_top_makes_the_next_version_and_is_checked(landed):
    dataset = landed.release.dataset
    number = landed.newest(dataset)
    rows = read.records("HocSinh", landed.version(dataset, number)["HocSinh"]).to_dicts()
    rows[0] |= {"HoTen": "Lê Thị Mẫu"}
    pushed = whole("HocSinh", rows, push="later", school=landed.release.school, hour=100_000)
    landed.book.arrive(*pushed, at=LATER)
    assert landed.book.push("later")[:3] == ("version", "", number + 1)
    blocking: dict[tuple[str, int], int] = {}
    while checked := checking.check(landed.book.conn, LATER):
        blocking |= {(c.of.dataset_id, c.of.version): c.blocking for c in checked}
    assert blocking[dataset, number + 1] == landed.release.blocking
    before, after = landed.version(dataset, number), landed.version(dataset, number + 1)
    for record_type in contracts.record_types():
        kept = set(before[record_type]["_row_hash"]) & set(after[record_type]["_row_hash"])
        assert after[record_type].height - len(kept) == (record_type == "HocSinh")
        assert set(after[record_type]["_identity"]) == set(before[record_type]["_identity"])


def changed(landed, dataset, before, after):
    """Record type → fields that differ between two versions. A list may differ in its order only."""
    found = defaultdict(set)
    first, second = landed.version(dataset, before), landed.version(dataset, after)
    for record_type, frame in first.items():
        now = {row["_identity"]: row for row in second[record_type].to_dicts()}
        for then in frame.to_dicts():
            for name, value in then.items():
                other = now[then["_identity"]][name]
                if not name.startswith("_") and value != other:
                    if isinstance(value, list):
                        assert sorted(map(repr, value)) == sorted(map(repr, other)), "the order alone"
                    found[record_type].add(name)
    return found


def test_who_landed_is_known_in_a_new_period_by_any_key(landed):
    held = landed.version(landed.release.dataset, landed.release.newest)["HocSinh"]
    rows = read.records("HocSinh", held).to_dicts()
    school = landed.release.school
    landed.book.arrive(
        *whole("HocSinh", rows, push="summer", school=school, kind="3", hour=100_000), at=LATER
    )
    summer = landed.version(f"{school}.2019.end", 1)["HocSinh"]
    assert set(summer["_identity"]) == set(held["_identity"])
