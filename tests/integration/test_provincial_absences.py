"""What a whole list lacks stays and is said, once; totals speak of what a push brought."""

import pytest

from sinks.provincial.check import process
from tests import pushed
from tests.integration.provincial_book import NOW, PUPILS
from tests.pushed import chunk, pupil, whole

TWO = PUPILS[:2]


def absent(book):
    """(ClientId, since, until) of every absence."""
    return book.ask(
        "SELECT DISTINCT h.client_id, since_version, until_version FROM absence a "
        "JOIN hoc_sinh h USING (dataset_id, identity) ORDER BY 1, 2"
    )


def checks(book, *versions):
    """Blocking rules and warnings of the versions, in turn."""
    found = {}
    for number in versions:
        (checked,) = process.check(book.conn, NOW)
        assert checked.of.version == number
        blocking = book.rules_found(number, "block")
        found[number] = (sorted(blocking & {"TR-501", "TR-502", "TR-503"}), checked.of.absent)
    return found


def test_a_record_that_a_whole_list_lacks_stays_and_stands_absent_once(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="mới"), pupil(2)], push="p2"))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="lại mới"), pupil(2)], push="p3"))
    assert [p["ClientId"] for p in book.version(3)] == ["hs1", "hs2", "hs3"]
    assert absent(book) == [("hs3", 2, None)]
    assert checks(book, 1, 2, 3) == {1: ([], {}), 2: ([], {"HocSinh": 1}), 3: ([], {"HocSinh": 1})}
    assert book.ask("SELECT version, warnings > 0 FROM version ORDER BY 1")[1:] == [(2, True), (3, True)]
    assert book.ask("SELECT count(*) FROM finding WHERE rule = 'VER-001'") == [(0,)]


def test_a_record_that_comes_again_is_absent_no_more(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="mới"), pupil(2)], push="p2"))
    book.arrive(*whole("HocSinh", [pupil(1), *PUPILS[1:]], push="p3"))
    assert absent(book) == [("hs3", 2, 3)]


def test_a_part_lacks_nothing_and_ends_the_absence_of_what_it_brings(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*whole("HocSinh", [pupil(1)], push="p2"))
    assert absent(book) == [("hs2", 1, None), ("hs3", 1, None)]
    part = chunk("HocSinh", [pupil(2, HoTen="mới")], push="p3")
    book.arrive(part, pushed.closing({"HocSinh": 1}, push="p3", whole=[]))
    assert absent(book) == [("hs2", 1, 2), ("hs3", 1, None)]
    assert book.told()[-1]["Absent"] == {}


def test_an_unchanged_push_says_what_it_lacks_and_what_stayed(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*whole("HocSinh", TWO, push="p2"))
    assert book.push("p2")[:3] == ("unchanged", "PUSH-011", 1)
    told = book.told()[-1]
    assert (told["Absent"], told["Stayed"], told["Written"]) == ({"HocSinh": 1}, {"HocSinh": 1}, 0)
    assert absent(book) == [("hs3", 1, None)]
    book.arrive(*whole("HocSinh", PUPILS, push="p3"))
    assert book.push("p3")[:2] == ("unchanged", "PUSH-008")
    assert absent(book) == []


def test_a_refused_record_is_mentioned_and_so_not_absent(book):
    book.arrive(*whole("HocSinh", PUPILS))
    refused = chunk("HocSinh", TWO, push="p2", refused=[{"row": 3, "client_id": "hs3"}])
    book.arrive(refused, pushed.closing({"HocSinh": 3}, push="p2"))
    assert book.push("p2")[:2] == ("unchanged", "PUSH-010")
    told = book.told()[-1]
    assert (told["Absent"], told["Stayed"], told["Refused"]) == ({}, {"HocSinh": 1}, 1)


def test_a_whole_list_without_a_record_lacks_all_that_is_held(book):
    classes = [{"ClientId": "l1", "TenLopHoc": "6A1"}]
    book.arrive(
        chunk("LopHoc", classes, number=0),
        chunk("HocSinh", PUPILS, number=1),
        pushed.closing({"LopHoc": 1, "HocSinh": 3}, chunks=2),
    )
    book.arrive(
        chunk("LopHoc", classes, push="p2"),
        pushed.closing({"LopHoc": 1}, push="p2", whole=["LopHoc", "HocSinh"]),
    )
    assert book.told()[-1]["Absent"] == {"HocSinh": 3}


def test_a_push_of_one_type_lacks_nothing_of_another(book):
    other = "19164502"
    classes = [{"ClientId": "l1", "TenLopHoc": "6A1"}, {"ClientId": "l2", "TenLopHoc": "6A2"}]
    book.arrive(*whole("LopHoc", classes))
    book.arrive(*whole("HocSinh", PUPILS, push="p2"), *whole("LopHoc", classes, push="p3", school=other))
    assert book.ask("SELECT count(*) FROM absence") == [(0,)]
    told = {t["PushId"]: t["Stayed"] for t in book.told()}
    assert told == {"p1": {}, "p2": {"LopHoc": 2}, "p3": {}}


def totals(pupils):
    return {"MaTruongHoc": pushed.SCHOOL, "NamHoc": 2019, "TongSoHocSinh": pupils}


def push_with_total(book, push, pupils, total, **sender):
    book.arrive(
        chunk("TruongHoc", [totals(total)], push=push, number=0, **sender),
        chunk("HocSinh", pupils, push=push, number=1, **sender),
        pushed.closing({"TruongHoc": 1, "HocSinh": len(pupils)}, chunks=2, push=push, **sender),
    )


def test_one_pupil_fewer_with_a_right_total_is_not_blocked(book):
    push_with_total(book, "p1", PUPILS, 3)
    push_with_total(book, "p2", TWO, 2)
    assert checks(book, 1, 2) == {1: ([], {}), 2: ([], {"HocSinh": 1})}


def test_a_change_of_vendor_that_holds_its_pupils_twice_is_not_blocked_by_the_total(book):
    old = [pupil(n, MaHocSinh=None) for n in (1, 2, 3)]
    push_with_total(book, "p1", old, 3)
    new = [pupil(n, MaHocSinh=None, HoTen=f"Trùng mã số {n}") for n in (1, 2, 3)]
    push_with_total(book, "p2", new, 3, vendor="vnedu")
    assert checks(book, 1, 2)[2][0] == []


@pytest.mark.parametrize(("total", "blocked"), [(3, ["TR-501"]), (4, ["TR-501"]), (2, [])])
def test_a_total_other_than_what_came_still_blocks(book, total, blocked):
    push_with_total(book, "p1", TWO, total)
    assert checks(book, 1)[1][0] == blocked


def test_after_a_part_a_total_speaks_of_what_is_held_and_not_absent(book):
    push_with_total(book, "p1", PUPILS, 3)
    push_with_total(book, "p2", TWO, 2)
    part = chunk("TruongHoc", [{**totals(2), "Email": "a@b.vn"}], push="p3")
    book.arrive(part, pushed.closing({"TruongHoc": 1}, push="p3", whole=["TruongHoc"]))
    assert checks(book, 1, 2, 3)[3] == ([], {"HocSinh": 1})
