"""The ministry's packet: values in the contract's types, faults with their place, nothing lost."""

import json
from datetime import date
from typing import Any

import pytest

from schemas.contracts.contracts import record, record_types
from schemas.encoding.columnar import frame_schema
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, SMAS, YEAR, packet, problems, pupils, read, table


def refused(data: bytes, record_type: str = "HocSinh") -> list[tuple[str, int, str, list[str]]]:
    return list(table(read(data), record_type).refused.iter_rows())


def test_a_pupil_arrives_in_the_types_of_the_contract() -> None:
    pupil = table(read(pupils({"KhuyetTat": 0, "ThuTu": 3, "LoaiNhapHoc": 0, "NgaySinhMe": None}))).records
    assert {n: t for n, t in pupil.schema.items() if n != "_row"} == frame_schema("HocSinh")
    (row,) = pupil.to_dicts()
    assert (row["GioiTinh"], row["KhoiHoc"], row["TrangThai"], row["LoaiNhapHoc"]) == ("01", "06", "01", "0")
    assert (row["NgaySinh"], row["KhuyetTat"], row["ThuTu"]) == (date(2008, 5, 20), False, 3)
    assert row["NgaySinhMe"] is None
    assert row["_row"] == 1


@pytest.mark.parametrize(
    ("value", "expected"), [(3, "04"), ("03", "03"), ("3", "04"), (1, "01"), ("05", "05")]
)
def test_a_status_is_the_senders_code(value: Any, expected: str) -> None:
    """3 of the vendor is "moved out", the ministry's 03 is "returned"."""
    assert table(read(pupils({"TrangThai": value}))).records["TrangThai"].to_list() == [expected]


def test_a_column_of_numbers_and_texts_is_read_all_the_same() -> None:
    rows = pupils({"TrangThai": 1}, {"TrangThai": "05"}, {"TrangThai": 3, "SoDthoaiDdong": 900000001})
    records = table(read(rows)).records
    assert records["TrangThai"].to_list() == ["01", "05", "04"]
    assert records["SoDthoaiDdong"].to_list() == [None, None, "900000001"]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"TrangThai": 5}, "CELL-101", "TrangThai"),
        ({"GioiTinh": 1.0}, "CELL-101", "GioiTinh"),
        ({"MaDanToc": "1"}, "CELL-101", "MaDanToc"),
        ({"NgaySinh": "05/09/2012"}, "CELL-102", "NgaySinh"),
        ({"NgaySinh": "2008-02-31T00:00:00.0"}, "CELL-102", "NgaySinh"),
        ({"NgaySinh": "2008-05-20T00:00:00Z"}, "CELL-102", "NgaySinh"),
        ({"ThuTu": "ba"}, "CELL-103", "ThuTu"),
        ({"KhuyetTat": 2}, "CELL-105", "KhuyetTat"),
        ({"HoTen": ["A"]}, "CELL-106", "HoTen"),
        ({"HoTen": {"a": 1}}, "CELL-106", "HoTen"),
        ({"ClientId": None}, "CELL-110", "ClientId"),
        ({"ClientId": "  "}, "CELL-110", "ClientId"),
    ],
)
def test_a_value_that_cannot_be_said_refuses_its_record_and_no_other(
    change: dict[str, Any], code: str, field: str
) -> None:
    reading = read(pupils({}, change, {}))
    found = table(reading)
    assert [(row, rule, fields) for _, row, rule, fields in found.refused.iter_rows()] == [(2, code, [field])]
    assert found.records["_row"].to_list() == [1, 3]
    assert (found.count, found.refused_count) == (3, 1)


def test_a_record_with_two_faults_counts_once_and_names_both() -> None:
    found = table(read(pupils({"TrangThai": 5, "GioiTinh": 9, "NgaySinh": "x"})))
    assert [(rule, fields) for _, _, rule, fields in found.refused.iter_rows()] == [
        ("CELL-101", ["GioiTinh", "TrangThai"]),
        ("CELL-102", ["NgaySinh"]),
    ]
    assert (found.count, found.refused_count) == (1, 1)


def test_what_is_no_record_is_refused_in_its_place() -> None:
    found = table(read(packet(LstHocSinh=[PUPIL, 5, "x", None])))
    assert found.refused["Row"].to_list() == [2, 3, 4]
    assert set(found.refused["Rule"]) <= {"CELL-109", "CELL-110"}
    assert found.records.height == 1


@pytest.mark.parametrize(
    ("before", "said", "place"),
    [
        ('"LstHocSinh": [', '"LstHocSinh": [], ', ("FILE-008", 0, "/LstHocSinh")),
        ('"LstHocSinh": [', '"Lst\\u0048ocSinh": [], ', ("FILE-008", 0, "/LstHocSinh")),
        ('"LoaiDongBo"', '"LoaiDongBo": 2, ', ("FILE-008", 0, "/LoaiDongBo")),
        ('"MaDanToc"', '"MaDanToc": "01", ', ("CELL-112", 2, "/LstHocSinh/1/MaDanToc")),
        ('"MaDanToc"', '"Ma\\u0044anToc": null, ', ("CELL-112", 2, "/LstHocSinh/1/MaDanToc")),
        ('"MaMonHoc"', '"MaMonHoc": "15", ', ("CELL-112", 1, "/LstLopHocInfo/0/DsMonHoc/0/MaMonHoc")),
        ('"HocKy"', '"HocK\\u0079": 2, ', ("CELL-112", 1, "/LstLopHocInfo/0/DsMonHoc/0/DsGiaoVien/0/HocKy")),
        ('"CapHoc"', '"CapHoc": null, ', ("CELL-112", 1, "/TruongHocInfo/CapHoc")),
        ('"La"', '"La": {}, ', ("CELL-112", 1, "/LstLopHocInfo/0/La~1~0x/La")),
    ],
)
def test_a_packet_that_says_a_member_twice_is_refused_at_any_depth(
    before: str, said: str, place: tuple[str, int, str]
) -> None:
    """Which of the two is meant nobody knows, and the next program takes the other."""
    subject = {"MaMonHoc": "22", "DsGiaoVien": [{"HocKy": 1, "MaGiaoVien": "1900000101"}]}
    data = packet(
        TruongHocInfo={"MaTruongHoc": SCHOOL, "NamHoc": YEAR, "CapHoc": "07"},
        LstLopHocInfo=[{**CLASS, "DsMonHoc": [subject], "La/~x": {"La": 1}}],
        LstHocSinh=[PUPIL, {**PUPIL, "ClientId": "HS-2"}],
    ).decode()
    at = data.rindex(before)
    found = problems((data[:at] + said + data[at:]).encode())
    assert [(p.code, p.place.row, p.place.pointer) for p in found] == [place]


def test_a_fault_of_a_record_is_found_in_the_packet_by_its_pointer() -> None:
    found = table(read(pupils({}, {"GioiTinh": 9, "NgaySinh": "x"})))
    assert found.place(2, "GioiTinh").pointer == "/LstHocSinh/1/GioiTinh"
    assert found.place(2, "GioiTinh", "NgaySinh").pointer == "/LstHocSinh/1"
    assert found.place(2, "DsMonHoc.MaMonHoc").pointer == "/LstHocSinh/1/DsMonHoc"
    assert found.place(2, "DsMonHoc[3].MaMonHoc").pointer == "/LstHocSinh/1/DsMonHoc/3/MaMonHoc"
    assert found.place(2, "A[3].B[0].C").pointer == "/LstHocSinh/1/A/3/B/0/C"
    assert found.place(2, "A[3].B", "A[3].C").pointer == "/LstHocSinh/1/A/3"
    assert found.place(2, "A[3].B", "A[4].B").pointer == "/LstHocSinh/1/A"
    (wrong,) = problems(packet(LstHocSinh=[PUPIL], NamHoc=2018))
    assert wrong.place.pointer == wrong.as_dict()["pointer"] == "/NamHoc"


def test_nested_lists_keep_their_order_and_their_faults_refuse_the_record_they_stand_in() -> None:
    good = {"MaMonHoc": "22", "LoaiDanhGia": 0, "DsGiaoVien": [{"HocKy": 1, "MaGiaoVien": "1900000101"}]}
    classes = [
        {**CLASS, "DsMonHoc": [good, {"MaMonHoc": "15", "MonVnen": 1, "DsGiaoVien": []}]},
        {**CLASS, "ClientId": "L-2", "TenLopHoc": "6A2", "DsMonHoc": []},
        {**CLASS, "ClientId": "L-3", "TenLopHoc": "6A3", "DsMonHoc": [good, {"MaMonHoc": "999"}]},
        {**CLASS, "ClientId": "L-4", "TenLopHoc": "6A4"},
        {**CLASS, "ClientId": "L-5", "TenLopHoc": "6A5", "DsMonHoc": {"MaMonHoc": "15"}},
    ]
    found = table(read(packet(LstLopHocInfo=classes)), "LopHoc")
    subjects = found.records["DsMonHoc"].to_list()
    assert [s["MaMonHoc"] for s in subjects[0]] == ["69", "15"]
    assert subjects[0][0]["DsGiaoVien"] == [{"HocKy": "1", "MaGiaoVien": "1900000101"}]
    assert subjects[0][1]["DsGiaoVien"] == []
    assert subjects[0][1]["MonVnen"] is True
    assert subjects[1:] == [[], None]
    assert [(row, rule, fields) for _, row, rule, fields in found.refused.iter_rows()] == [
        (3, "CELL-101", ["DsMonHoc[1].MaMonHoc"]),
        (5, "CELL-106", ["DsMonHoc"]),
    ]


def test_lists_of_codes_and_a_staff_members_eight_lists() -> None:
    staff = {
        "ClientId": "C-1",
        "MaCanBo": "1900000101",
        "LoaiCanBo": 2,
        "HeSo": 2.34,
        "LstNhiemVuKiemNhiem": ["01", "20"],
        "LstQuaTrinhLuong": [{"NgayThangNam": "2019-09-05T00:00:00.0", "MaBacLuong": "1", "HeSoLuong": 2}],
        "LstKyLuat": [],
    }
    other = {**staff, "ClientId": "C-2", "LstNhiemVuKiemNhiem": ["01", "99"]}
    found = table(read(packet(LstCanBo=[staff, other])), "CanBo")
    (row,) = found.records.to_dicts()
    assert (row["LoaiCanBo"], row["HeSo"], row["LstNhiemVuKiemNhiem"]) == ("03", 2.34, ["01", "20"])
    assert row["LstQuaTrinhLuong"] == [
        {
            "NgayThangNam": date(2019, 9, 5),
            "MaNgach": None,
            "MaBacLuong": "01",
            "HeSoLuong": 2.0,
            "PhanTramVuotKhung": None,
        }
    ]
    assert (row["LstKyLuat"], row["LstKhenThuong"]) == ([], None)
    assert [(r, rule, f) for _, r, rule, f in found.refused.iter_rows()] == [
        (2, "CELL-101", ["LstNhiemVuKiemNhiem[1]"])
    ]


def test_a_repeated_client_id_is_refused_from_the_second_on_also_in_another_file() -> None:
    assert refused(pupils({"ClientId": "A"}, {"ClientId": "B"}, {"ClientId": "A"})) == [
        ("A", 3, "HS-501", ["ClientId"])
    ]
    two = read(pupils({"ClientId": "A"}), SMAS, pupils({"ClientId": "A", "ThuTu": 1}, {"ClientId": "C"}))
    assert [t.refused["Row"].to_list() for t in two.tables] == [[], [1]]
    assert sum(t.records.height for t in two.tables) == 2


def test_letters_in_pieces_are_composed_also_in_escapes() -> None:
    decomposed = "Nguye\u0302\u0303n"
    for ascii_only in (False, True):
        data = json.dumps(
            {
                "MaTruongHoc": SCHOOL,
                "NamHoc": YEAR,
                "LoaiDongBo": 1,
                "LstHocSinh": [{**PUPIL, "HoTen": decomposed}],
            },
            ensure_ascii=ascii_only,
        ).encode()
        assert table(read(data)).records["HoTen"].to_list() == ["Nguyễn"]


def test_unknown_fields_are_warned_of_by_name_and_capitals_count() -> None:
    reading = read(pupils({"hoTen": "x", "Xyz": 1}))
    assert [(w.code, w.place.field) for w in reading.warnings] == [("ENV-312", "Xyz"), ("ENV-312", "hoTen")]


def test_a_byte_order_mark_and_pretty_printing_do_no_harm() -> None:
    pretty = json.dumps(json.loads(pupils({})), indent=2, ensure_ascii=False).encode()
    assert table(read(b"\xef\xbb\xbf" + pretty)).records.height == 1


def test_parts_that_are_not_taken_yet_are_reported() -> None:
    data = packet(LstHocSinh=[PUPIL], LstDiemTruongInfo=[{"ClientId": "1"}], NganSach={})
    assert [(w.code, w.place.field) for w in read(data).warnings] == [("FILE-204", "LstDiemTruongInfo")]


@pytest.mark.parametrize(
    ("member", "value", "code"), [("MaTruongHoc", "19164998", "ENV-304"), ("NamHoc", 2018, "ENV-305")]
)
def test_the_schools_own_record_must_agree_with_the_packet(member: str, value: Any, code: str) -> None:
    school = {
        "MaTruongHoc": SCHOOL,
        "TenTruongHoc": "Mẫu",
        "NamHoc": YEAR,
        "CapHoc": "07",
        "LoaiHinhDaoTao": 1,
    }
    assert table(read(packet(TruonghocInfo=school)), "TruongHoc").records["LoaiHinhDaoTao"].to_list() == [
        "01"
    ]
    assert table(read(packet(TruongHocInfo=school)), "TruongHoc").count == 1
    assert [p.code for p in problems(packet(TruonghocInfo={**school, member: value}))] == [code]


def test_tables_come_in_the_order_of_the_push() -> None:
    data = packet(
        LstHocSinh=[PUPIL],
        LstLopHocInfo=[CLASS],
        LstCanBo=[{"ClientId": "C"}],
        TruonghocInfo={"NamHoc": YEAR},
    )
    assert [t.record_type for t in read(data).tables] == record_types()
    assert all(t.sheet == record(t.record_type).packet for t in read(data).tables)


def ids(*said: str, lines: bool = False) -> bytes:
    """Pupils whose ClientId stands as it is written."""
    of = [json.dumps({**PUPIL, "ClientId": "@"}).replace('"@"', one) for one in said]
    if lines:
        return "".join(f'{{"LstHocSinh": {one}}}\n' for one in of).encode()
    return packet(LstHocSinh="@").replace(b'"@"', f"[{','.join(of)}]".encode())


@pytest.mark.parametrize("lines", [False, True])
def test_an_own_id_is_what_was_sent_or_refused(lines: bool) -> None:
    """A number that another program would round, or write in another way."""
    exact = [
        "74140000000062631",
        "9007199254740993",
        "123456789012345678901234567890",
        "-5",
        '"007"',
        '"1e17"',
    ]
    lost = ["1e17", "1E5", "12.0", "0.1", "1e-7", "true", "[1]"]
    found = table(read(ids(*exact, *lost, lines=lines)))
    assert found.records["ClientId"].to_list() == [one.strip('"') for one in exact]
    assert found.refused["Row"].to_list() == [len(exact) + n for n in range(1, len(lost) + 1)]
    assert set(found.refused["Rule"]) == {"CELL-106", "CELL-108"}
    assert [p.code for p in problems(ids("007", lines=lines))] == ["FILE-004"]
    for one in exact:  # alone, too: a column of one kind is read another way
        assert table(read(ids(one, lines=lines))).records["ClientId"].to_list() == [one.strip('"')]
    for one in lost:
        assert table(read(ids(one, lines=lines))).refused["Row"].to_list() == [1]


def test_an_own_id_that_is_put_right_is_told() -> None:
    said = ['" A-1"', '"A\\u00a02"', '"\'007"', '"e\\u0301"', '"A-5"']
    reading = read(ids(*said))
    assert table(reading).records["ClientId"].to_list() == ["A-1", "A 2", "007", "é", "A-5"]
    told = [w.place.pointer for w in reading.warnings if w.code == "CELL-251"]
    assert told == [f"/LstHocSinh/{n}/ClientId" for n in range(4)]
