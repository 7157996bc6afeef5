"""POST /v1/pushes on real servers: what is taken, what is refused and leaves nothing, what keys stand for."""

import gzip
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any, Final

import httpx
import psycopg2
import pytest
import zstandard
from kafka.errors import KafkaError

from producers import client
from producers.gateway import idempotency, pushing, reading, sending, store
from producers.gateway.sending import Outgoing
from runtime import kafka, postgres
from schemas.encoding import codec
from schemas.topics import in_topic
from streams.machines import topic_log
from tests.granted import put_grant
from tests.integration.gateway import SCHOOL, SECOND, UNGRANTED, VENDOR, Served
from tests.support import wait_until
from tests.unit.producers.made import CLASS, PUPIL, YEAR, workbook

JSON: Final = {"Content-Type": "application/json"}
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OF_LIST: Final = {"school": SCHOOL, "year": YEAR, "kind": "1"}


def packet(*pupils: Mapping[str, Any], school: str = SCHOOL, **more: Any) -> bytes:
    """A packet of pupils and their class; what is None is left out."""
    rows = [{**PUPIL, "ClientId": f"HS-{i}", **p} for i, p in enumerate(pupils, 1)]
    whole = {
        "MaTruongHoc": school,
        "NamHoc": YEAR,
        "LoaiDongBo": 1,
        "LstLopHocInfo": [CLASS],
        "LstHocSinh": rows,
    }
    left = {name: value for name, value in {**whole, **more}.items() if value is not None}
    return json.dumps(left, ensure_ascii=False).encode()


def pupil_list(*births: str) -> bytes:
    """A workbook that no layout knows: a pupil a row."""
    head = ["STT", "Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Dân tộc", "Lớp", "Họ tên mẹ"]
    rows = [
        [str(i), f"20000000{i:02d}", "Nguyễn Văn Mẫu", birth, "Nam", "Kinh", "6A1", "Trần Thị Mẹ"]
        for i, birth in enumerate(births, 1)
    ]
    return workbook({"Danh sách": [["DANH SÁCH HỌC SINH"], head, *rows]})


@pytest.fixture(scope="module")
def written(gateway):
    """``written()``: how many messages the vendor's topic has had."""
    with closing(kafka.consumer(gateway.settings)) as consumer:
        yield lambda: sum(consumer.end_offsets(kafka.partitions(in_topic(VENDOR))).values())


@pytest.fixture(scope="module")
def kept(gateway):
    """``kept(query, …)`` of the gateway's database."""
    with closing(postgres.connect(gateway.settings, "test")) as conn:
        conn.autocommit = True

        def ask(query, *params):
            with conn.cursor() as cur:
                cur.execute(query, params)
                return list(cur.fetchall())

        yield ask


@pytest.fixture(scope="module")
def vendor(gateway):
    with gateway.client() as usual:
        yield usual


def push(vendor: httpx.Client, body: bytes, key: str = "", **params: Any) -> httpx.Response:
    headers = JSON | ({"Idempotency-Key": key} if key else {})
    return vendor.post("/v1/pushes", content=body, headers=headers, params=params)


def messages_of(gateway: Served, push_id: str) -> list[str]:
    """Contracts of what the topic has of a push, in their order."""
    found = topic_log.read(gateway.settings, kafka.partitions(in_topic(VENDOR)))
    return [codec.contract_name(m.value) for m in found if push_id.encode() in m.value]


SENT: Final = ["LopHocReported", "HocSinhReported", "PushClosed"]


def test_a_packet_is_taken_once_the_broker_has_it(gateway, vendor, kept):
    said = push(vendor, packet({}, {"TrangThai": 5}, {"ClientId": 74140000000062631, "GioiTinh": 7}))
    assert said.status_code == 202, said.text
    answer = said.json()
    assert said.headers["location"] == answer["links"]["self"] == f"/v1/pushes/{answer['push_id']}"
    assert answer["dataset_id"] == f"{SCHOOL}.{YEAR}.start"
    assert answer["records"]["HocSinh"] == {"received": 3, "accepted": 1, "refused": 2}
    assert (answer["received"], answer["accepted"], answer["refused"]) == (4, 2, 2)
    refused = {(r["ClientId"], r["code"], r["place"]["row"], r["pointer"]) for r in answer["refusals"]}
    assert refused == {
        ("HS-2", "CELL-101", 2, "/LstHocSinh/1/TrangThai"),
        ("74140000000062631", "CELL-101", 3, "/LstHocSinh/2/GioiTinh"),
    }
    assert messages_of(gateway, answer["push_id"]) == SENT
    ((state, records, files),) = kept(
        "SELECT state, records, (SELECT count(*) FROM gateway_file) FROM gateway_push WHERE push_id = %s",
        answer["push_id"],
    )
    assert (state, records, files) == ("sent", answer["records"], 0)
    assert "Nguyễn Văn Mẫu" not in said.text


def test_lists_come_as_one_file_or_as_a_form_of_several(vendor, kept):
    data = pupil_list("05/09/2008", "31/02/2008")
    name = {"Content-Type": XLSX, "Content-Disposition": "attachment; filename*=UTF-8''L%E1%BB%9Bp%206A.xlsx"}
    one = vendor.post("/v1/pushes", content=data, headers=name, params=OF_LIST)
    assert one.status_code == 202, one.text
    assert [(r["file"], r["rows"], r["refused"]) for r in one.json()["rows"]] == [("Lớp 6A.xlsx", 2, 1)]
    assert one.json()["refusals"][0]["place"]["row"] == 4
    form = [
        ("a", ("../x/Lớp 6A.xlsx", data, XLSX)),
        ("a", ("Lớp 6A.xlsx", pupil_list("06/09/2008"), XLSX)),
    ]
    said = vendor.post("/v1/pushes", files=form, params=OF_LIST | {"part": ["HocSinh", "LopHoc"]})
    assert said.status_code == 202, said.text
    assert [r["file"] for r in said.json()["rows"]] == ["Lớp 6A.xlsx", "Lớp 6A.xlsx (2)"]
    assert said.json()["whole"] == []
    query = "SELECT position, name FROM gateway_file WHERE push_id = %s ORDER BY 1"
    assert kept(query, said.json()["push_id"]) == [(0, "Lớp 6A.xlsx"), (1, "Lớp 6A.xlsx (2)")]


def test_a_packed_body_is_whole(vendor):
    """Of two members both count: the first half of a school is none."""
    body = packet(*({} for _ in range(40)))
    packed = gzip.compress(body[:3000]) + gzip.compress(body[3000:])
    said = vendor.post("/v1/pushes", content=packed, headers=JSON | {"Content-Encoding": "gzip"})
    assert said.status_code == 202, said.text
    assert said.json()["records"]["HocSinh"]["received"] == 40


@pytest.mark.parametrize("headed", [True, False])
def test_a_record_a_line_is_a_packet(headed, vendor):
    header = {"MaTruongHoc": SCHOOL, "NamHoc": YEAR, "LoaiDongBo": 1}
    lines = [{"LstLopHocInfo": CLASS}, {"LstHocSinh": PUPIL}, {"LstHocSinh": {**PUPIL, "ClientId": "HS-2"}}]
    body = "\n".join(json.dumps(line) for line in ([header, *lines] if headed else lines)).encode()
    said = vendor.post(
        "/v1/pushes",
        content=zstandard.compress(body),
        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "zstd"},
        params={} if headed else OF_LIST,
    )
    assert said.status_code == 202, said.text
    assert {t: n["accepted"] for t, n in said.json()["records"].items()} == {"LopHoc": 1, "HocSinh": 2}


GOOD: Final = packet({})
NO_RECORD: Final = packet(LstHocSinh=[], LstLopHocInfo=None)
PACKED: Final = {"Content-Encoding": "gzip"}
LONG: Final = "x" * 10_000
FORM: Final = {"Content-Type": "multipart/form-data; boundary=b"}
NO_FORM: Final = {"Content-Type": "multipart/form-data"}
FIELDS: Final = {"Content-Type": "application/x-www-form-urlencoded"}
LATIN: Final = {"Content-Type": "application/json; charset=latin1"}
UTF_16: Final = {"Content-Type": "text/csv; charset=utf-16"}
LIST: Final = {"Content-Type": XLSX}
PART: Final = b'--b\r\nContent-Disposition: form-data; name="a"; filename="a.json"\r\n\r\n'
NO_FILE: Final = b'--b\r\nContent-Disposition: form-data; name="school"\r\n\r\n1\r\n--b--'
ONE_PART: Final = PART + GOOD + b"\r\n"

BAD: Final[Mapping[str, tuple[int, str, bytes, dict[str, str], dict[str, Any]]]] = {
    "empty": (400, "FILE-023", b"", {}, {}),
    "not whole": (400, "FILE-004", GOOD[:-9], {}, {}),
    "no UTF-8": (400, "FILE-003", GOOD.replace("ẫ".encode(), b"\xe3"), {}, {}),
    "of a charset not taken": (415, "FILE-091", GOOD, LATIN, {}),
    "of another charset": (415, "FILE-091", b"a,b\n1,2\n", UTF_16, OF_LIST),
    "a workbook as JSON": (415, "FILE-082", pupil_list("05/09/2008"), {}, OF_LIST),
    "JSON as a workbook": (415, "FILE-082", GOOD, LIST, OF_LIST),
    "of an unknown type": (415, "FILE-090", GOOD, FIELDS, {}),
    "packed twice": (400, "FILE-089", gzip.compress(gzip.compress(GOOD)), PACKED, {}),
    "packed twice, and said so": (415, "FILE-083", GOOD, {"Content-Encoding": "gzip, gzip"}, {}),
    "packed, and not said": (400, "FILE-089", gzip.compress(GOOD), {}, {}),
    "packed and cut": (400, "FILE-086", gzip.compress(GOOD)[:-9], PACKED, {}),
    "with something behind": (400, "FILE-088", gzip.compress(GOOD) + b"more", PACKED, {}),
    "a bomb": (413, "FILE-085", gzip.compress(b" " * 30_000_000), PACKED, {}),
    "larger than a file may be": (413, "FILE-084", b" " * (41 << 20), {}, {}),
    "of an unknown parameter": (400, "GATE-005", GOOD, {}, {"shool": SCHOOL}),
    "a key in the address": (400, "GATE-004", GOOD, {}, {"key": "1"}),
    "a year that is none": (400, "GATE-006", GOOD, {}, {"year": "19-20"}),
    "a part that is none": (400, "GATE-042", GOOD, {}, {"part": ["HocSinh", "Pupil"]}),
    "of another school than the key": (403, "KEY-111", GOOD, {}, {"school": UNGRANTED}),
    "a packet of another school": (422, "FILE-011", packet({}, school=UNGRANTED), {}, {}),
    "of another kind than it says": (422, "FILE-013", GOOD, {}, {"kind": "3"}),
    "of a year not configured": (422, "ENV-303", packet({}, NamHoc=YEAR + 1), {}, {}),
    "of a year before the school": (422, "ENV-301", packet({}, NamHoc=1990), {}, {}),
    "of the year 0": (422, "ENV-301", packet({}, NamHoc=0), {}, {"year": 0}),
    "of a year that nobody writes": (422, "ENV-303", packet({}, NamHoc=10**30), {}, {}),
    "of an unknown kind": (422, "ENV-101", packet({}, LoaiDongBo=9), {}, {}),
    "of old data": (422, "ENV-311", packet({}, LoaiDongBo=4), {}, {}),
    "without a year": (422, "ENV-002", packet({}, NamHoc=None), {}, {}),
    "a list of whom nobody knows": (400, "GATE-041", pupil_list("05/09/2008"), LIST, {}),
    "without a record": (422, "FILE-020", NO_RECORD, {}, {}),
    "no packet": (422, "FILE-006", packet({}, Lst=1), {}, {}),
    "a list twice": (400, "FILE-008", GOOD[:-1] + b',"LstHocSinh":[]}', {}, {}),
    "a key of 10 kB": (400, "GATE-030", GOOD, {"Idempotency-Key": LONG}, {}),
    "an address of 10 kB": (414, "GATE-013", GOOD, {}, {"school": LONG}),
    "a form without a boundary": (400, "GATE-036", PART, NO_FORM, {}),
    "a form that is cut": (400, "GATE-036", PART + GOOD, FORM, {}),
    "a form without a file": (400, "GATE-038", NO_FILE, FORM, {}),
    "a form of many files": (413, "GATE-037", ONE_PART * 21 + b"--b--", FORM, {}),
    "a file twice": (422, "FILE-019", ONE_PART * 2 + b"--b--", FORM, {}),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_taken_is_told_and_leaves_nothing(case, gateway, vendor, written, kept, caplog):
    status, code, body, headers, params = BAD[case]
    before = written(), kept("SELECT count(*) FROM gateway_push")
    said = vendor.post("/v1/pushes", content=body, headers=JSON | headers, params=params)
    told = said.json()
    assert (said.status_code, told["code"]) == (status, code), said.text
    assert said.headers["content-type"] == "application/problem+json" and not told["retryable"]
    assert all(p["message_vi"] and p["message_en"] for p in told["problems"])
    for text in (said.text, caplog.text):
        assert "Nguyễn Văn" not in text and LONG not in text and gateway.secret not in text
    assert (written(), kept("SELECT count(*) FROM gateway_push")) == before


def test_all_that_is_wrong_is_told_at_once(vendor):
    wrong = packet({}, LoaiDongBo=9, NamHoc=2009, Lst=1)
    said = push(vendor, wrong, year=YEAR)
    assert {"ENV-101", "FILE-012", "FILE-006"} <= {p["code"] for p in said.json()["problems"]}
    form = [("a", ("a.json", wrong, "application/json")), ("b", ("b.json", b"{", "application/json"))]
    said = vendor.post("/v1/pushes", files=form)
    assert {("a.json", "FILE-006"), ("b.json", "FILE-004")} <= {
        (p["place"]["file"], p["code"]) for p in said.json()["problems"]
    }
    lacks = vendor.post("/v1/pushes", content=pupil_list("05/09/2008"), headers=LIST)
    assert [p["place"]["field"] for p in lacks.json()["problems"]] == ["school", "year", "kind"]


def test_what_is_not_granted_is_refused_whole(gateway, written):
    put_grant(gateway.settings, VENDOR, SECOND, types=("LopHoc",), periods=("start",))
    secret, _ = gateway.key(SECOND)
    with gateway.client(secret) as other:
        wait_until(lambda: push(other, packet({}, school=SECOND)).status_code == 403)
        before = written()
        said = push(other, packet({}, school=SECOND)).json()
        assert [(p["code"], p["place"]["field"]) for p in said["problems"]] == [("GRT-007", "HocSinh")]
        later = push(other, packet(school=SECOND, LstHocSinh=None, LoaiDongBo=3)).json()
        assert later["code"] == "GRT-008"
        assert written() == before
        assert push(other, packet(school=SECOND, LstHocSinh=None)).status_code == 202


def removal(school: str = SCHOOL, **ids: list[str]) -> bytes:
    header = {"MaTruongHoc": school, "NamHoc": YEAR, "LoaiDongBo": 1}
    return json.dumps(header | {"Removed": ids}).encode()


LEAVING: Final = {"Content-Type": "application/vnd.csdl.removals+json"}


def test_records_leave_by_http_where_the_grant_allows_it(gateway, vendor, written):
    """As by Kafka: a chunk that names them, and what becomes of it the load decides."""
    body, before = removal(HocSinh=["HS-1", "HS-2"], LopHoc=["L-1"]), written()
    refused = vendor.post("/v1/pushes", content=body, headers=LEAVING)
    assert (refused.status_code, refused.json()["code"]) == (403, "VAL-011")
    assert written() == before
    put_grant(gateway.settings, VENDOR, SCHOOL, rights=("remove",))
    dry = vendor.post("/v1/pushes", content=body, headers=LEAVING, params={"dry_run": "true"})
    assert (dry.status_code, dry.json()["outcome"]) == (200, "unknown")
    assert written() == before
    answer = vendor.post("/v1/pushes", content=body, headers=LEAVING | {"Idempotency-Key": "leave"})
    assert answer.status_code == 202, answer.text
    said = answer.json()
    assert (said["removals"], said["received"], said["whole"]) == ({"HocSinh": 2, "LopHoc": 1}, 0, [])
    assert messages_of(gateway, said["push_id"]) == ["RecordsRemoved", "RecordsRemoved", "PushClosed"]
    again = vendor.post("/v1/pushes", content=body, headers=LEAVING | {"Idempotency-Key": "leave"})
    assert (again.json(), again.headers["idempotency-replayed"]) == (said, "true")
    other = removal(SECOND, HocSinh=["HS-1"])
    wrong = vendor.post("/v1/pushes", content=other, headers=LEAVING)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "FILE-011")
    put_grant(gateway.settings, VENDOR, SCHOOL)


def test_a_dry_run_finds_all_and_keeps_nothing(vendor, written, kept):
    before = written(), kept("SELECT count(*) FROM gateway_push")
    body = packet({}, {"TrangThai": 5}, {"HoTen": None}, {"ClientId": LONG}, {"MaLopHocCn": "L-9"})
    said = push(vendor, body, "dry", dry_run="true")
    assert said.status_code == 200, said.text
    told = said.json()
    assert told["dry_run"] and (told["received"], told["accepted"], told["refused"]) == (6, 3, 3)
    found = {(f["ClientId"][:9], f["code"], f["verdict"]) for f in told["findings"]}
    assert {("HS-2", "CELL-101", "refused"), ("HS-3", "HS-002", "refused")} <= found
    assert {("x" * 9, "VAL-007", "refused")} <= found
    assert any(verdict == "blocking" for _, _, verdict in found)
    assert (written(), kept("SELECT count(*) FROM gateway_push")) == before
    assert push(vendor, packet({}), "dry").status_code == 202  # the key stands for nothing yet


def test_a_key_stands_for_one_push(gateway, vendor, written):
    ours, other = packet({"HoTen": "Lê Thị Lại"}), packet({"HoTen": "Lê Thị Khác"})
    first = push(vendor, ours, "once")
    before = written()
    again = push(vendor, ours, "once")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert [push(vendor, other, "once").json()[of] for of in ("status", "code")] == [422, "GATE-032"]
    assert push(vendor, ours, "once", part="HocSinh").json()["code"] == "GATE-032"
    headers = JSON | PACKED | {"Idempotency-Key": "once"}
    assert vendor.post("/v1/pushes", content=gzip.compress(ours), headers=headers).json() == first.json()
    rotated, _ = gateway.key()
    with gateway.client(rotated) as successor:
        assert push(successor, ours, "once").json() == first.json()
    assert written() == before


@pytest.mark.parametrize("own_id", ["a\x00b", "ẩ\U0001f600", '"\\', 74140000000062631, "007"])
def test_an_own_id_is_repeated_as_it_was_sent_now_and_later(own_id, vendor):
    body, key = packet({"ClientId": own_id, "TrangThai": 5}, {"Xyz\x00": 1}), f"id {own_id!a}"
    said = [push(vendor, body, key) for _ in range(2)]
    assert [one.status_code for one in said] == [202, 202], said[0].text
    assert "idempotency-replayed" in said[1].headers and said[0].text == said[1].text
    assert [r["ClientId"] for r in said[0].json()["refusals"]] == [str(own_id)]


def test_what_was_refused_binds_no_key(vendor):
    assert push(vendor, packet({}, Lst=1), "corrected").status_code == 422
    assert push(vendor, packet({}), "corrected").status_code == 202


def test_a_key_under_way_is_told_so_and_free_once_its_request_is_gone(gateway, vendor):
    number = idempotency.lock_number(VENDOR, SCHOOL, "busy")
    with closing(postgres.connect(gateway.settings, "test")) as conn, store.held(conn, number) as ours:
        assert ours
        busy = push(vendor, packet({}), "busy")
        assert (busy.status_code, busy.json()["code"]) == (409, "GATE-031")
        assert busy.json()["retryable"] and busy.headers["retry-after"]
        conn.close()  # as the server sees a gateway that was killed
        assert wait_until(lambda: push(vendor, packet({}), "busy").status_code == 202)


class Stop(Exception):
    """The process ends here."""


STOPS: Final[Sequence[tuple[Any, str, bool]]] = [
    (store, "begin", False),  # read, and nothing on record
    (pushing, "composed", False),  # on record, nothing sent
    (Outgoing, "send", False),
    (Outgoing, "send", True),  # all of it sent, and nothing says so
    (store, "sent", False),
    (pushing, "_answer", False),  # on record as sent, and nobody told
]


@pytest.mark.parametrize(("where", "what", "done"), STOPS)
def test_after_a_stop_at_any_line_a_key_sends_the_same_push(where, what, done, gateway, vendor, monkeypatch):
    key = f"stop {where.__name__} {what} {done}"
    real, ids = getattr(where, what), set()

    def stops(*args: Any, **more: Any) -> Any:
        if done:
            real(*args, **more)
        raise Stop

    def noted(tables: Any, target: Any, push_id: str, *args: Any, **more: Any) -> Any:
        ids.add(push_id)
        return client.composed(tables, target, push_id, *args, **more)

    monkeypatch.setattr(pushing, "composed", noted)
    with monkeypatch.context() as patch:
        patch.setattr(where, what, stops)
        assert push(vendor, packet({}), key).status_code == 500
    said = push(vendor, packet({}), key)
    assert said.status_code == 202, said.text
    push_id = said.json()["push_id"]
    assert ids == {push_id}
    assert messages_of(gateway, push_id) == SENT * (2 if what == "sent" or done else 1)
    assert push(vendor, packet({}), key).headers["idempotency-replayed"] == "true"


def test_what_load_waits_for_no_more_is_sent_under_another_id(gateway, vendor, kept, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store, "sent", _closes)
        assert push(vendor, packet({}), "late").status_code == 503
    ((before,),) = kept(
        "UPDATE gateway_push SET received_at = received_at - interval '400 s' WHERE key_hash = %s"
        " RETURNING push_id",
        idempotency.key_hash("late"),
    )
    said = push(vendor, packet({}), "late").json()
    assert said["push_id"] != before
    assert messages_of(gateway, said["push_id"]) == SENT
    assert kept("SELECT count(*) FROM gateway_push WHERE push_id = %s", before) == [(0,)]


@pytest.mark.parametrize("away", ["broker", "database"])
def test_a_server_that_is_away_is_said_so_and_the_key_goes_on(away, vendor, monkeypatch):
    with monkeypatch.context() as patch:
        if away == "broker":
            patch.setattr(kafka, "answered", _none_answers)
        else:
            patch.setattr(store, "sent", _closes)
        said = push(vendor, packet({}), away)
    assert said.status_code == 503, said.text
    assert said.json()["retryable"] and said.headers["retry-after"]
    assert wait_until(lambda: push(vendor, packet({}), away).status_code == 202)


def test_while_the_broker_is_away_nobody_waits_behind_others_for_it(vendor, monkeypatch):
    ours, gives_up = [], Outgoing._give_up

    def noted(it, producer):
        ours.append(it)
        gives_up(it, producer)

    monkeypatch.setattr(sending, "RESTS_S", 1e9)
    monkeypatch.setattr(Outgoing, "_give_up", noted)
    with monkeypatch.context() as patch:
        patch.setattr(kafka, "answered", _none_answers)
        assert push(vendor, packet({}), "behind").json()["code"] == "GATE-017"
    with monkeypatch.context() as patch:
        patch.setattr(reading, "read", None)  # it is told so before it is read
        assert push(vendor, packet({}), "behind").json()["code"] == "GATE-017"
        assert push(vendor, packet({"HoTen": "Lê Thị Kế"})).json()["code"] == "GATE-017"
    ours[0]._rests_until = 0.0
    assert push(vendor, packet({}), "behind").status_code == 202


def _none_answers(*_: Any) -> None:
    raise KafkaError


def _closes(cur: Any, *_: Any) -> None:
    cur.connection.close()
    raise psycopg2.OperationalError


def test_a_key_that_an_older_copy_of_the_database_does_not_know_is_the_same_push(gateway, vendor, kept):
    first = push(vendor, packet({"HoTen": "Lê Cũ"}), "restored").json()["push_id"]
    kept("DELETE FROM gateway_push WHERE push_id = %s RETURNING 1", first)
    again = push(vendor, packet({"HoTen": "Lê Cũ"}), "restored")
    assert (again.status_code, again.json()["push_id"]) == (202, first)
    assert idempotency.REPLAYED not in again.headers
    assert messages_of(gateway, first) == SENT * 2  # load takes it once
    kept("UPDATE gateway_push SET key_hash = NULL, answer = NULL WHERE push_id = %s RETURNING 1", first)
    assert push(vendor, packet({"HoTen": "Lê Cũ"}), "restored").json()["push_id"] != first


def test_what_was_kept_long_enough_goes(gateway, vendor, kept):
    said = vendor.post("/v1/pushes", content=pupil_list("05/09/2008"), headers=LIST, params=OF_LIST).json()
    assert push(vendor, packet({}), "old").status_code == 202
    with closing(postgres.connect(gateway.settings, "csdl-gateway")) as conn, conn, conn.cursor() as cur:
        assert store.forget(cur, 180, 30) == (0, 0)
        kept("UPDATE gateway_file SET kept_at = now() - interval '31 days' RETURNING 1")
        kept("UPDATE gateway_push SET received_at = now() - interval '181 days' RETURNING 1")
        keys, files = store.forget(cur, 180, 30)
    assert keys > 1 and files > 0
    assert kept("SELECT count(*) FROM gateway_file") == [(0,)]
    of_push = kept("SELECT state, key_hash FROM gateway_push WHERE push_id = %s", said["push_id"])
    assert of_push == [("sent", None)]
    assert "idempotency-replayed" not in push(vendor, packet({}), "old").headers
