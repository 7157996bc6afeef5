"""The feed over HTTP: one vendor's, of one school; a place that cannot go on says how to."""

from contextlib import closing

import pytest

from runtime import postgres
from schemas.topics import PUSH_ANSWERS
from sinks.feed import feed, store
from sinks.feed.told import of_answer
from tests.chained import chain_of, raw
from tests.integration.gateway import SCHOOL, SECOND, THIRD, VENDOR, VNEDU
from tests.integration.test_feed import acted, answer, checked, foreign, older


class Told:
    """Answers of pushes, as the feed writes them."""

    def __init__(self, conn):
        self.conn = conn

    def __call__(self, *pushes, vendor=VENDOR, school=SCHOOL):
        some = (
            of_answer(raw(PUSH_ANSWERS, answer(push=push, vendor=vendor, school=school))) for push in pushes
        )
        with self.conn, self.conn.cursor() as cur:
            feed.tell(cur, [told for told in some if not isinstance(told, str)])


@pytest.fixture
def tell(gateway):
    """``tell(push, …)`` at the beginning of a feed."""
    with closing(postgres.connect(gateway.settings, "test")) as conn:
        with conn, conn.cursor() as cur:
            cur.execute("TRUNCATE push_event RESTART IDENTITY")
            cur.execute("UPDATE push_feed SET head = 0, chain = '', pruned = 0, pruned_chain = ''")
        yield Told(conn)


def read(client, **asked):
    said = client.get("/v1/events", params=asked)
    assert said.status_code == 200, said.text
    return said.json()


def pushes(page):
    return [event["push_id"] for event in page["events"]]


def refused(client, **asked):
    said = client.get("/v1/events", params=asked)
    return said.status_code, said.json()


def test_a_key_reads_the_events_of_its_vendor_for_its_school_and_no_others(gateway, tell):
    second, _ = gateway.key(SECOND)
    vnedu, _ = gateway.key(THIRD, VNEDU)
    tell("p")
    tell("of the second", school=SECOND)
    tell("of vnedu", vendor=VNEDU)
    checked(tell.conn, push="p", school=SCHOOL)
    own = {"DatasetId": f"{SCHOOL}.2019.start", "MaTruongHoc": SCHOOL}
    with tell.conn, tell.conn.cursor() as cur:
        feed.tell(cur, acted(*chain_of("version_checked", Counts={"records": 2}, **own)))
    with gateway.client() as client, gateway.client(second) as other, gateway.client(vnedu) as stranger:
        page = read(client)
        first, act = page["events"]
        assert (first["kind"], first["answer"]["outcome"], first["act"]) == ("answered", "version", None)
        assert (first["MaTruongHoc"], first["NamHoc"], first["answer"]["LoaiDongBo"]) == (SCHOOL, 2019, "1")
        assert (act["kind"], act["act"]["counts"], act["answer"]) == ("version_checked", {"records": 2}, None)
        assert first["at"].endswith("Z") and first["event_id"] != act["event_id"]
        assert read(client, school=SCHOOL)["events"] == page["events"]
        assert pushes(read(other)) == ["of the second"]
        assert pushes(read(stranger)) == []
        for school in (SECOND, "19169999"):
            status, said = refused(client, school=school)
            assert (status, said["code"]) == (404, "GATE-073")
        for someone in (other, stranger):
            status, said = refused(someone, after=page["next"])
            assert (status, said["code"], said["retryable"]) == (400, "GATE-080", False)


def test_pages_follow_each_other_and_the_last_says_that_it_is(gateway, tell):
    with gateway.client() as client:
        begun = read(client)
        latest = read(client, after="latest")
        assert begun == latest and begun["has_more"] is False
        foreign(tell.conn, 200)
        tell(*(f"p{n}" for n in range(5)))
        foreign(tell.conn, 200)
        for limit, sizes in ((1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (500, [5])):
            seen, after = [], begun["next"]
            for size in sizes:
                page = read(client, after=after, limit=limit)
                after = page["next"]
                assert len(page["events"]) == size
                seen += pushes(page)
                assert page["has_more"] is (len(seen) < 5)
            assert seen == [f"p{n}" for n in range(5)]
        end = read(client, after=after)
        assert (end["events"], end["next"], end["has_more"]) == ([], after, False)
        assert read(client, after="latest")["next"] == after
        tell("later")
        assert pushes(read(client, after=after)) == ["later"]


def test_what_is_no_place_or_no_number_is_refused(gateway, tell):
    tell("p")
    with gateway.client() as client:
        for after in ("", "0", "x" * 3000, "latest ", read(client)["next"][:-1], "ệ", "' OR 1=1 --"):
            status, said = refused(client, after=after)
            assert (status, said["code"]) == (400, "GATE-080")
        assert refused(client, after="x" * 10_000)[0] == 414
        for limit in ("0", "501", "-1", "1.5", "", "9" * 400):
            status, said = refused(client, limit=limit)
            assert (status, said["code"]) == (400, "GATE-006")


def test_a_place_that_cannot_go_on_says_why_and_how_to(gateway, tell):
    with gateway.client() as client:
        begun = read(client)["next"]
        tell(*(f"p{n}" for n in range(4)))
        seen = read(client, limit=3)["next"]
        with tell.conn, tell.conn.cursor() as cur:
            cur.execute(
                "INSERT INTO push (vendor, push_id, dataset_id, kind, first_seen, opened_at) "
                "SELECT %s, p, %s, '1', now(), now() FROM unnest(ARRAY['p1', 'p2']) p "
                "UNION ALL SELECT 'vnedu', 'not theirs', %s, '1', now(), now()",
                (VENDOR, f"{SCHOOL}.2019.start", f"{SCHOOL}.2019.start"),
            )
        older(tell.conn, keep=2)
        status, said = refused(client, after=seen)
        assert (status, said["code"], said["retryable"]) == (410, "GATE-081", False)
        assert said["go_on"]["events"] == "/v1/events" and sorted(said["go_on"]["pushes"]) == ["p1", "p2"]
        again = read(client)
        assert pushes(again) == ["p0", "p1"]
        with tell.conn, tell.conn.cursor() as cur:
            cur.execute("UPDATE push_event SET at = now() WHERE push_id = 'p1'")
            store.prune(cur, 400, 100)
        status, said = refused(client, after=begun)
        assert (status, said["code"]) == (410, "GATE-082")
        assert (
            said["go_on"]["kept_since"] == read(client)["events"][0]["at"]
            and not said["go_on"]["more_pushes"]
        )
        assert "400" in said["title_en"]
        assert pushes(read(client, after=again["next"])) == []
