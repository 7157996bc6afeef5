"""Pushes by HTTP and by Kafka, through validation and load: which is newer, and what comes twice."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any

import pytest

from producers.client import PushClient
from producers.gateway import store
from runtime import postgres
from tests.integration.gateway import SCHOOL, VENDOR
from tests.integration.test_pushing import JSON, SENT, messages_of, packet, push
from tests.support import run_process, wait_until
from tests.unit.producers.made import SMAS, YEAR, read


@pytest.fixture(scope="module")
def outcome(gateway):
    """``outcome(push_id)``: (outcome, code, version) once load has decided."""
    with ExitStack() as running, closing(postgres.connect(gateway.settings, "test")) as conn:
        conn.autocommit = True
        for name in ("validation", "load"):
            running.enter_context(run_process(name, gateway.settings))

        def decided(push_id):
            with conn.cursor() as cur:
                cur.execute("SELECT outcome, code, version FROM push WHERE push_id = %s", (push_id,))
                found = cur.fetchall()
            return found[0] if found and found[0][0] else None

        yield lambda push_id: wait_until(lambda: decided(push_id))


@pytest.fixture(scope="module")
def vendor(gateway):
    with gateway.client() as usual:
        yield usual


def by_kafka(gateway: Any, body: bytes) -> str:
    tables = read(body, replace(SMAS, school=SCHOOL)).tables
    with PushClient(gateway.settings, VENDOR) as pushes:
        return pushes.push(SCHOOL, YEAR, "1", tables).push_id


PADDING = b" " * (3 << 20)
"""So large a body may take minutes (``producers.gateway.exchange``)."""


def slowly(body: bytes, meanwhile: Any) -> Iterator[bytes]:
    """A body whose second half comes once something else is done."""
    yield PADDING + body[:100]
    meanwhile()
    yield body[100:]


def test_a_slow_upload_loses_to_the_correction_by_kafka_that_overtook_it(gateway, vendor, outcome):
    corrections = []

    def corrected():
        corrections.append(by_kafka(gateway, packet({"HoTen": "Lê Thị Đúng"})))
        assert outcome(corrections[0])[0] == "version"

    said = vendor.post("/v1/pushes", content=slowly(packet({"HoTen": "Lê Thị Sai"}), corrected), headers=JSON)
    assert said.status_code == 202, said.text
    assert outcome(said.json()["push_id"])[:2] == ("superseded", "PUSH-005")


def test_the_later_of_two_counts_by_whatever_door_it_comes(gateway, vendor, outcome):
    first = push(vendor, packet({"HoTen": "Lê Thị Một"})).json()["push_id"]
    assert outcome(first)[0] == "version"
    second = by_kafka(gateway, packet({"HoTen": "Lê Thị Hai"}))
    assert outcome(second)[0] == "version"
    third = push(vendor, packet({"HoTen": "Lê Thị Ba"})).json()["push_id"]
    assert outcome(third)[0] == "version"


def test_equal_content_without_a_key_is_one_version_and_says_so(vendor, outcome):
    body = packet({"HoTen": "Lê Thị Bằng"})
    first, second = (push(vendor, body).json()["push_id"] for _ in range(2))
    assert first != second
    made = outcome(first)
    assert made[0] == "version"
    assert outcome(second) == ("unchanged", "PUSH-008", made[2])


@pytest.mark.parametrize(("name", "decided"), [("Lê Thị Trước", False), ("Lê Thị Sau", True)])
def test_what_was_begun_and_sent_on_is_taken_once(name, decided, gateway, vendor, outcome, monkeypatch):
    """All of it came and nobody heard so; then the same request again: one push, one version."""
    body, begun = packet({"HoTen": name}), []

    def stops(cur, push_id, *_):
        begun.append(push_id)
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(store, "sent", stops)
        assert push(vendor, body, f"decided {decided}").status_code == 500
    if decided:
        outcome(begun[0])
    said = push(vendor, body, f"decided {decided}").json()
    assert said["push_id"] == begun[0]
    made = outcome(said["push_id"])
    assert made[0] == "version"
    assert messages_of(gateway, said["push_id"]) == SENT * (1 if decided else 2)
    assert outcome(push(vendor, body).json()["push_id"]) == ("unchanged", "PUSH-008", made[2])
