"""POST /v1/pushes on real servers: what is taken, what is refused and leaves nothing, what keys stand for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from runtime import kafka
from schemas.encoding import codec
from schemas.topics import in_topic
from streams.machines import topic_log
from tests.integration.gateway import SCHOOL, VENDOR, Served
from tests.unit.producers.made import CLASS, PUPIL, YEAR

JSON: Final = {"Content-Type": "application/json"}


def packet(*pupils: Mapping[str, Any], school: str = SCHOOL, **more: Any) -> bytes:
    """A packet of pupils and their class."""
    rows = [{**PUPIL, "ClientId": f"HS-{i}", "MaHocSinh": None, **p} for i, p in enumerate(pupils, 1)]
    whole = {
        "MaTruongHoc": school,
        "NamHoc": YEAR,
        "LoaiDongBo": 1,
        "LstLopHocInfo": [CLASS],
        "LstHocSinh": rows,
    }
    return json.dumps({k: v for k, v in (whole | more).items() if v is not None}, ensure_ascii=False).encode()


def sent_of(gateway: Served) -> list[Any]:
    """Messages of the vendor's topic."""
    return list(topic_log.read(gateway.settings, kafka.partitions(in_topic(VENDOR))))


def names(messages: Sequence[Any]) -> list[str]:
    return [codec.contract_name(m.value) for m in messages]


def push(gateway: Served, body: bytes, key: str = "", **more: Any) -> httpx.Response:
    headers = JSON | ({"Idempotency-Key": key} if key else {}) | more.pop("headers", {})
    with gateway.client() as vendor:
        return vendor.post("/v1/pushes", content=body, headers=headers, params=more)


def test_a_packet_is_taken_once_the_broker_has_it(gateway):
    before = len(sent_of(gateway))
    said = push(gateway, packet({}, {"TrangThai": 5}, {"ClientId": 74140000000062631}))
    assert said.status_code == 202, said.text
    answer = said.json()
    assert said.headers["location"] == answer["links"]["self"] == f"/v1/pushes/{answer['push_id']}"
    assert answer["dataset_id"] == f"{SCHOOL}.{YEAR}.start"
    assert answer["records"]["HocSinh"] == {"received": 3, "accepted": 2, "refused": 1}
    (refused,) = answer["refusals"]
    assert (refused["ClientId"], refused["code"], refused["place"]["row"]) == ("HS-2", "CELL-101", 2)
    assert names(sent_of(gateway)[before:]) == ["LopHocReported", "HocSinhReported", "PushClosed"]
