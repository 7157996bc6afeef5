"""What a vendor reads of its pushes over HTTP: on real servers, with the gateway's own rights."""

import io
import json
import zipfile
from contextlib import closing

import openpyxl
import pytest

from producers.gateway import kept_files
from runtime import kafka, postgres
from schemas.topics import in_topic
from sinks.provincial.check import process
from streams.machines import topic_log
from tests import pushed
from tests.granted import put_grant
from tests.integration.gateway import SCHOOL, SECOND, THIRD, VNEDU
from tests.integration.provincial_book import NOW, PUPILS, Book
from tests.integration.test_push_followed import dirty
from tests.integration.test_pushing import JSON, packet
from tests.pushed import chunk, whole
from tests.unit.feedback.books import coloured, school_list
from tests.unit.producers.made import CLASS, YEAR
from tests.unit.producers.made import workbook as xlsx

DATASET = f"{SCHOOL}.2019.start"


@pytest.fixture(scope="module")
def shelf(gateway):
    with closing(postgres.connect(gateway.settings, "test")) as conn:
        yield Book(conn, gateway.settings)


@pytest.fixture(scope="module")
def vendor(gateway):
    with gateway.client() as client:
        yield client


def got(client, path, status=200, **params):
    said = client.get(path, params=params)
    assert said.status_code == status, said.text
    return said.json()


def workbook(client, path, **headers):
    said = client.get(path, headers=headers) if headers else client.get(path, params={"format": "xlsx"})
    assert said.status_code == 200, said.text
    return said


def test_a_status_an_errors_page_and_a_marked_workbook_tell_the_same_counts(shelf, vendor):
    for push_id in ("dirty", "again"):
        shelf.arrive(*dirty(push_id, school=SCHOOL))
    process.check(shelf.conn, NOW)
    for push_id, written in (("dirty", 4), ("again", 0)):
        status = got(vendor, f"/v1/pushes/{push_id}")
        assert [status[n] for n in ("received", "accepted", "refused", "written")] == [7, 4, 3, written]
        assert status["unchanged"] == 4 - written
        assert {t: (n["received"], n["accepted"], n["refused"]) for t, n in status["by_type"].items()} == {
            "HocSinh": (4, 2, 2),
            "LopHoc": (2, 1, 1),
            "TruongHoc": (1, 1, 0),
        }
        assert [s["step"] for s in status["steps"] if s["state"] == "partly"] == ["loaded"]
        told = got(vendor, f"/v1/pushes/{push_id}/errors", limit=1000)
        refused = [e for e in told["errors"] if e["verdict"] == "refused"]
        assert (told["refused"], told["checked"], told["has_more"], len(refused)) == (3, True, False, 7)
        assert len({(e["record_type"], e["ClientId"], e["place"]["row"]) for e in refused}) == 3
        rules = {r["code"]: r["records"] for r in told["rules"] if r["verdict"] == "refused"}
        assert rules["HS-002"] == 2
        book = openpyxl.load_workbook(io.BytesIO(workbook(vendor, f"/v1/pushes/{push_id}/errors").content))
        (sheet,) = book.worksheets
        assert sheet["A2"].value.startswith("3 bản ghi bị từ chối vì 7 lỗi")


def test_pages_hold_every_error_once_and_say_where_the_next_begins(shelf, vendor):
    shelf.arrive(*dirty("paged", school=SCHOOL))
    whole_page = got(vendor, "/v1/pushes/paged/errors", limit=1000)["errors"]
    found, after = [], 0
    while True:
        page = got(vendor, "/v1/pushes/paged/errors", limit=2, after=after)
        found += page["errors"]
        after = page["next_after"]
        if not page["has_more"]:
            break
    assert found == whole_page
    assert got(vendor, "/v1/pushes/paged/errors", after=10_000)["errors"] == []


def test_a_push_whose_load_was_killed_waits_and_is_never_half_told(shelf, vendor):
    """What load did in its transaction is seen by nobody until it is done, and not at all if it is killed."""
    first, last = whole("HocSinh", PUPILS, push="killed", kind="3", school=SCHOOL)
    shelf.arrive(first)
    before = got(vendor, "/v1/pushes/killed")
    assert (before["outcome"], before["next"]["code"], before["over"]) == ("open", "NEXT-001", False)
    assert before["steps"][1] == {"step": "validated", "state": "waiting", "chunks_seen": 1}
    with shelf.conn.cursor() as cur:
        shelf.settle(cur, last)
        assert got(vendor, "/v1/pushes/killed") == before
        assert got(vendor, "/v1/pushes/killed/errors")["checked"] is False
        shelf.conn.rollback()
    assert got(vendor, "/v1/pushes/killed") == before
    shelf.arrive(last)
    assert got(vendor, "/v1/pushes/killed")["outcome"] == "version"


def test_a_refused_removal_is_told_apart(shelf, vendor):
    messages = [
        chunk("HocSinh", PUPILS, push="leave", school=SCHOOL),
        pushed.tombstones("HocSinh", ["hs9"], push="leave", number=1, school=SCHOOL),
        pushed.closing({"HocSinh": 3}, chunks=2, removed={"HocSinh": 1}, push="leave", school=SCHOOL),
    ]
    shelf.arrive(*messages)
    status = got(vendor, "/v1/pushes/leave")
    assert (status["refused"], status["by_type"]["HocSinh"]["removals"]) == (0, 1)
    assert "PUSH-013" in {note["code"] for note in status["notes"]}
    (error,) = got(vendor, "/v1/pushes/leave/errors")["errors"][:1]
    assert (error["removal"], error["ClientId"], error["code"]) == (True, "hs9", "REC-006")


def test_what_is_anothers_is_as_unknown_as_what_never_was(shelf, vendor, gateway):
    shelf.arrive(*whole("HocSinh", PUPILS, push="theirs", vendor=VNEDU, school=SCHOOL))
    shelf.arrive(*whole("HocSinh", PUPILS, push="elsewhere", school=SECOND))
    never = vendor.get("/v1/pushes/never")
    assert (never.status_code, never.json()["code"]) == (404, "GATE-070")
    for push_id in ("theirs", "elsewhere", "x" * 200):
        for path in (f"/v1/pushes/{push_id}", f"/v1/pushes/{push_id}/errors"):
            said = vendor.get(path)
            assert (said.status_code, said.content) == (404, never.content)
    other = vendor.get(f"/v1/schools/{SECOND}/datasets")
    assert (other.status_code, other.content) == (404, vendor.get("/v1/schools/1/datasets").content)
    secret, _ = gateway.key(SECOND)
    with gateway.client(secret) as second:
        assert got(second, "/v1/pushes/elsewhere")["MaTruongHoc"] == SECOND


def test_one_id_for_two_datasets_asks_which(shelf, vendor):
    shelf.arrive(*whole("HocSinh", PUPILS, push="twice", school=SCHOOL))
    shelf.arrive(*whole("HocSinh", PUPILS, push="twice", kind="3", school=SCHOOL))
    assert got(vendor, "/v1/pushes/twice", 422)["code"] == "GATE-071"
    assert got(vendor, "/v1/pushes/twice", dataset=f"{SCHOOL}.2019.end")["LoaiDongBo"] == "3"


def test_the_datasets_of_the_keys_school_with_its_vendors_last_push(shelf, vendor):
    shelf.arrive(*whole("HocSinh", PUPILS, push="last", kind="2", school=SCHOOL))
    shelf.arrive(*whole("HocSinh", PUPILS, push="not-mine", kind="2", vendor=VNEDU, school=SCHOOL))
    told = got(vendor, f"/v1/schools/{SCHOOL}/datasets")
    found = {d["dataset_id"]: d for d in told["datasets"]}
    changes = found[f"{SCHOOL}.2019.changes"]
    assert (changes["state"], changes["version"], changes["records"]) == ("absent", 1, {"HocSinh": 3})
    assert (changes["last_push"]["push_id"], changes["last_push"]["outcome"]) == ("last", "version")
    assert "not-mine" not in str(told)


def test_what_is_asked_for_as_something_else_is_told(shelf, vendor):
    shelf.arrive(*whole("HocSinh", PUPILS, push="asked", school=SCHOOL))
    path = "/v1/pushes/asked/errors"
    refused = vendor.get(path, headers={"Accept": "text/csv"})
    assert (refused.status_code, refused.json()["code"]) == (406, "GATE-075")
    said = workbook(vendor, path, Accept="application/json;q=0.1, application/zip")
    assert said.headers["content-type"].endswith("spreadsheetml.sheet")


def test_a_workbook_waits_for_no_other_and_says_when_to_come_again(shelf, vendor):
    shelf.arrive(*whole("HocSinh", PUPILS, push="busy", school=SCHOOL))
    for _ in range(kept_files.AT_ONCE):
        assert kept_files._turns.acquire(blocking=False)
    try:
        busy = vendor.get("/v1/pushes/busy/errors", params={"format": "xlsx"})
    finally:
        for _ in range(kept_files.AT_ONCE):
            kept_files._turns.release()
    assert (busy.status_code, busy.json()["code"], busy.headers["retry-after"]) == (503, "GATE-074", "10")


@pytest.fixture(scope="module")
def school(gateway):
    """A school whose vendor sends lists."""
    secret, _ = gateway.key(THIRD, VNEDU)
    with gateway.client(secret) as client:
        yield client


def taken(gateway, shelf, school, files=None, **body):
    """A push by HTTP, and load's answer to what was sent of it; what the 202 said."""
    before = len(sent_of(gateway))
    params = body.pop("params", {"school": THIRD, "year": YEAR, "kind": "1"} if files else {})
    parts = [("file", (name, data)) for name, data in (files or {}).items()] or None
    said = school.post("/v1/pushes", params=params, files=parts, **body)
    assert said.status_code == 202, said.text
    shelf.arrive(*[m.value for m in sent_of(gateway)[before:]])
    return said.json()


def sent_of(gateway):
    return list(topic_log.read(gateway.settings, kafka.partitions(in_topic(VNEDU))))


FAULTY = school_list({}, {"Dân tộc": "Không rõ"}, {"Giới tính": "abc"})


def test_a_workbook_that_was_pushed_comes_back_with_its_faults_marked(gateway, shelf, school):
    answer = taken(gateway, shelf, school, {"danh sach.xlsx": FAULTY})
    status = got(school, answer["links"]["self"])
    assert [status[n] for n in ("received", "accepted", "refused")] == [
        answer[n] for n in ("received", "accepted", "refused")
    ]
    assert status["steps"][0] | {"at": None} == {
        "step": "received",
        "state": "done",
        "by": "http",
        "at": None,
    }
    told = got(school, answer["links"]["errors"])
    assert {(r["code"], r["place"]["row"]) for r in answer["refusals"]} <= {
        (e["code"], e["place"]["row"]) for e in told["errors"]
    }
    cells = {(e["place"]["cell"], e["columns"]) for e in told["errors"]}
    assert {("R9", "Dân tộc"), ("J10", "Giới tính")} <= cells
    marked = workbook(school, answer["links"]["errors"])
    assert {"R9", "J10"} <= coloured(marked.content)
    assert marked.headers["content-disposition"] == f'attachment; filename="{answer["push_id"]}.xlsx"'


def test_several_workbooks_come_back_in_one_archive(gateway, shelf, school):
    other = school_list(
        {"Mã học sinh": 626000077}, {"Mã học sinh": 626000078, "Giới tính": "abc"}, macros=True
    )
    answer = taken(gateway, shelf, school, {"a.xlsx": FAULTY, "b.xlsm": other})
    said = workbook(school, answer["links"]["errors"])
    assert said.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(said.content)) as archive:
        assert archive.namelist() == ["01-a.xlsx", "02-b.xlsm"]
        assert "J9" in coloured(archive.read("02-b.xlsm"))


def test_a_file_that_is_not_kept_any_more_is_gone_and_a_packets_errors_are_listed(gateway, shelf, school):
    answer = taken(
        gateway, shelf, school, {"cu.xlsx": school_list({"Mã học sinh": 626000088, "Giới tính": "abc"}, {})}
    )
    shelf.ask("DELETE FROM gateway_file WHERE push_id = %s RETURNING 1", answer["push_id"])
    gone = school.get(answer["links"]["errors"], params={"format": "xlsx"})
    assert (gone.status_code, gone.json()["code"]) == (410, "GATE-072")
    assert got(school, answer["links"]["errors"])["refused"] == 1
    of_packet = packet({"TrangThai": 5}, {}, school=THIRD)
    packed = taken(gateway, shelf, school, content=of_packet, headers=JSON)
    told = got(school, packed["links"]["errors"])["errors"]
    assert "/LstHocSinh/0/TrangThai" in {e["pointer"] for e in told}
    (sheet,) = openpyxl.load_workbook(
        io.BytesIO(workbook(school, packed["links"]["errors"]).content)
    ).worksheets
    assert "CELL-101" in {cell.value for cell in sheet["F"]}


def test_errors_of_json_point_at_the_item_of_a_nested_list(gateway, shelf, school):
    lesson = {"MaMonHoc": "15", "MonChuyen": 0, "LoaiDanhGia": 0, "MonVnen": 0}
    wrong = lesson | {"MaMonHoc": "999"}
    lists = [[lesson, wrong], [wrong, lesson, wrong]]
    classes = [
        {**CLASS, "ClientId": f"N-{n}", "TenLopHoc": f"6N{n}", "DsMonHoc": of} for n, of in enumerate(lists)
    ]
    header = {"MaTruongHoc": THIRD, "NamHoc": YEAR, "LoaiDongBo": 1}
    lines = "\n".join(map(json.dumps, [header, *({"LstLopHocInfo": one} for one in classes)]))
    whole = json.dumps(header | {"LstLopHocInfo": classes})
    of_packet = taken(gateway, shelf, school, content=whole, headers=JSON)
    of_lines = taken(gateway, shelf, school, content=lines, headers={"Content-Type": "application/x-ndjson"})
    for answer, at in ((of_packet, "/LstLopHocInfo/{}"), (of_lines, "/LstLopHocInfo")):
        told = [e for e in got(school, answer["links"]["errors"])["errors"] if e["verdict"] == "refused"]
        assert [(e["ClientId"], e["pointer"], e["place"]["field"]) for e in told] == [
            ("N-0", at.format(0) + "/DsMonHoc/1/MaMonHoc", "DsMonHoc[1].MaMonHoc"),
            ("N-1", at.format(1) + "/DsMonHoc", "DsMonHoc[0].MaMonHoc, DsMonHoc[2].MaMonHoc"),
        ]
        assert [r["pointer"] for r in answer["refusals"]] == [e["pointer"] for e in told]


def test_a_column_is_what_its_sender_says_now_and_in_the_marked_copy(gateway, shelf, school):
    head = ["STT", "Mã học sinh", "Họ và tên", "Ngày sinh", "Giới tính", "Dân tộc", "Lớp", "Mã học sinh"]
    row = ["1", "HS001", "Nguyễn Văn Mẫu", "05/09/2008", "abc", "Kinh", "6A1", "1900000001"]
    data = xlsx({"6A1": [["DANH SÁCH HỌC SINH"], head, row]})
    params = {"school": THIRD, "year": YEAR, "kind": "1"}
    guessed = school.post("/v1/pushes", params=params, files=[("file", ("a.xlsx", data))])
    assert "FILE-033" in {p["code"] for p in guessed.json()["problems"]}
    head[7] = "Mã số"
    data = xlsx({"6A1": [["DANH SÁCH HỌC SINH"], head, row]})
    said = ["Mã học sinh=ClientId", "Mã số=MaHocSinh"]
    answer = taken(gateway, shelf, school, {"a.xlsx": data}, params=params | {"column": said})
    assert answer["columns"] == said
    assert [(r["ClientId"], r["place"]["row"]) for r in answer["refusals"]] == [("HS001", 3)]
    (error,) = [e for e in got(school, answer["links"]["errors"])["errors"] if e["columns"] == "Giới tính"]
    assert (error["ClientId"], error["place"]["cell"]) == ("HS001", "E3")
    unknown = school.post(
        "/v1/pushes", params=params | {"column": "Lạ=ClientId"}, files=[("f", ("a.xlsx", data))]
    )
    assert (unknown.status_code, "FILE-045" in {p["code"] for p in unknown.json()["problems"]}) == (422, True)


def test_a_removal_that_is_refused_is_pointed_at(gateway, shelf, school):
    put_grant(gateway.settings, VNEDU, THIRD, rights=("remove",))
    header = {"MaTruongHoc": THIRD, "NamHoc": YEAR, "LoaiDongBo": 1}
    body = json.dumps(header | {"Removed": {"HocSinh": ["gone-1", "gone-2"]}})
    answer = taken(
        gateway, shelf, school, content=body, headers={"Content-Type": "application/vnd.csdl.removals+json"}
    )
    assert got(school, answer["links"]["self"])["by_type"]["HocSinh"]["removals"] == 2
    told = got(school, answer["links"]["errors"])["errors"]
    assert [(e["code"], e["removal"], e["ClientId"], e["pointer"]) for e in told if e["removal"]] == [
        ("REC-006", True, "gone-1", "/Removed/HocSinh/0"),
        ("REC-006", True, "gone-2", "/Removed/HocSinh/1"),
    ]


def test_a_dry_run_counts_by_type_what_it_counts_in_all(school):
    """By type it counted what its reader had refused, in all what the rules refuse too."""
    content = packet({}, {"HoTen": None}, {"TrangThai": 5}, school=THIRD)
    said = school.post("/v1/pushes", params={"dry_run": "true"}, content=content, headers=JSON).json()
    assert said["records"]["HocSinh"] == {"received": 3, "accepted": 1, "refused": 2}
    for name in ("received", "accepted", "refused"):
        assert said[name] == sum(of[name] for of in said["records"].values())
