"""What a grant may push in a minute, and a busy province, at the push service itself."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from producers.gateway import pressure, quota
from runtime import postgres
from schemas.contracts.contracts import record
from schemas.errors import Problem, ProblemList
from tests.conftest import empty_topics, fresh_database
from tests.integration.gateway import SCHOOL, SECOND, served

LIMIT = 100


@pytest.fixture(scope="module")
def of_module(stack, tmp_path_factory):
    empty_topics(stack)
    with (
        fresh_database(stack, tmp_path_factory.mktemp("limits")) as settings,
        served(settings, push_records_per_minute=LIMIT) as it,
    ):
        yield it


@pytest.fixture
def door(of_module):
    """Of a minute that has not begun."""
    execute(of_module, "DELETE FROM gateway_quota")
    return of_module


def execute(door, statement):
    with closing(postgres.connect(door.settings, "test")) as conn, conn, conn.cursor() as cur:
        cur.execute(statement)


def packet(pupils, school=SCHOOL, first=1):
    """A packet with so many pupils, most of whose fields are blank."""
    some = [
        {"ClientId": f"P{first + n}", "HoTen": "Lê Thị Mẫu", "NgaySinh": "2012-09-05T00:00:00.0"}
        for n in range(pupils)
    ]
    said = {"MaTruongHoc": school, "NamHoc": 2019, "LoaiDongBo": 1, record("HocSinh").packet: some}
    return json.dumps(said).encode()


def push(client, body, key="", **params):
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    return client.post("/v1/pushes", content=body, headers=headers, params=params)


def left(answer):
    """Of the minute, as the answer says."""
    assert answer.headers["RateLimit-Policy"] == f'"records";q={LIMIT};w=60;qu="records"'
    name, remaining, reset = answer.headers["RateLimit"].split(";")
    assert (name, reset[:2]) == ('"records"', "t=")
    return int(remaining.removeprefix("r="))


def test_a_minute_is_counted_in_records_told_and_waited_for(door):
    with door.client() as client, door.client(door.key(SECOND)[0]) as other:
        answer = push(client, packet(60), "a")
        assert (answer.status_code, left(answer)) == (202, 40)
        again = push(client, packet(60), "a")
        assert (again.status_code, left(again)) == (202, 40)  # said again: it costs nothing
        rehearsed = push(client, packet(20), dry_run="true")
        assert (rehearsed.status_code, left(rehearsed)) == (200, 20)

        refused = push(client, packet(30), "b")
        assert (refused.status_code, refused.json()["code"]) == (429, quota.TOO_FEW_LEFT)
        assert refused.json()["retryable"]
        assert 1 <= int(refused.headers["Retry-After"]) <= quota.WINDOW_S
        assert left(refused) == 19  # what was read for nothing costs by its size
        assert push(client, packet(19)).status_code == 202

        unread = push(client, b"{", "b")
        assert (unread.status_code, unread.json()["code"]) == (429, quota.USED_UP)
        assert push(client, packet(60), "a").status_code == 202
        assert push(client, packet(60), "a", dry_run="true").json()["code"] == quota.USED_UP
        assert push(other, packet(60, SECOND)).status_code == 202

        execute(door, "UPDATE gateway_quota SET since = since - interval '61 s'")
        assert push(client, packet(30), "b").status_code == 202


def test_a_push_larger_than_a_minute_is_told_how_it_can_be_sent(door):
    with door.client() as client:
        answer = push(client, packet(LIMIT + 1), "large")
        assert (answer.status_code, answer.json()["code"]) == (413, quota.NEVER_FITS)
        assert "Retry-After" not in answer.headers
        assert not answer.json()["retryable"]
        assert push(client, packet(LIMIT // 2), "large").status_code == 202


def test_rubbish_is_not_free(door):
    with door.client() as client:
        answer = push(client, b"[" * 10 * quota.BYTES_A_RECORD)
        assert (answer.status_code, left(answer)) == (400, LIMIT - 11)


def test_senders_at_once_never_have_more_than_the_quota(door):
    with door.client() as client, ThreadPoolExecutor(4) as hands:
        bodies = [packet(9, first=100 * n) for n in range(20)]
        answers = list(hands.map(lambda body: push(client, body).status_code, bodies))
    assert set(answers) == {202, 429}
    assert 9 * answers.count(202) <= LIMIT


def test_while_the_province_is_busy_pushes_wait_and_reading_goes_on(door, monkeypatch):
    with door.client() as client:
        assert push(client, packet(1), "quiet").status_code == 202
        params = {"waiting": 9, "most": 5, "retry_after": 42}
        busy = ProblemList([Problem(pressure.BUSY, params=params)])
        monkeypatch.setattr(pressure.Pressure, "refused", lambda _: busy)
        answer = push(client, packet(1), "busy")
        assert (answer.status_code, answer.json()["code"]) == (503, pressure.BUSY)
        assert (answer.headers["Retry-After"], left(answer)) == ("42", LIMIT - 1)
        assert push(client, packet(1), "quiet").status_code == 202
        assert client.get("/v1/self").status_code == 200
        monkeypatch.undo()
        assert push(client, packet(1), "busy").status_code == 202
