"""A record leaves when somebody says so: a tombstone, the school's own act; above a share, its head."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sinks.provincial.check import process
from sinks.provincial.load.pushes import PushKey
from sinks.provincial.load.removals import Asked, of_push
from tests import pushed
from tests.integration.provincial_book import DATASET, NOW, PUPILS
from tests.pushed import SCHOOL, chunk, pupil, removing, tombstones, whole

MANY = [pupil(n) for n in range(1, 21)]


def asked(version, identities=(), **other):
    """What the school's officer asks."""
    it = Asked(
        removal_id="r1",
        dataset_id=DATASET,
        record_type="HocSinh",
        version=version,
        identities=tuple(identities),
        unit=SCHOOL,
        school=SCHOOL,
        role="school_officer",
        account="van-thu",
        reason="Đã chuyển trường",
        at=NOW,
    )
    return replace(it, **other)


def head(version, identities=(), **other):
    return asked(version, identities, role="school_head", account="hieu-truong", **other)


def identity(book, client_id):
    return book.ask("SELECT DISTINCT identity FROM hoc_sinh WHERE client_id = %s", client_id)[0][0]


def held(book, version):
    return [p["ClientId"] for p in book.version(version)]


def refused(book, push="p2"):
    return book.ask("SELECT client_id, rule, fields FROM record_refused WHERE push_id = %s", push)


def lacking(book, *absent, everybody=PUPILS):
    """A version 2 whose whole list lacked these."""
    left = [p for p in everybody if p["ClientId"] not in absent]
    book.arrive(*whole("HocSinh", everybody))
    book.arrive(*whole("HocSinh", [left[0] | {"HoTen": "mới"}, *left[1:]], push="p2"))


# Tombstones


def test_a_tombstone_ends_the_row_without_a_successor_and_history_stays(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*removing("HocSinh", ["hs2"], push="p2"))
    assert book.push("p2")[:3] == ("version", "", 2)
    assert (held(book, 1), held(book, 2)) == (["hs1", "hs2", "hs3"], ["hs1", "hs3"])
    told = book.told()[-1]
    assert (told["Removed"], told["Written"], told["Stayed"]) == ({"HocSinh": 1}, 0, {"HocSinh": 2})
    assert book.ask("SELECT records, removed FROM version WHERE version = 2") == [
        ({"HocSinh": 2}, {"HocSinh": 1})
    ]
    for number in (1, 2):
        process.check(book.conn, NOW)
        assert "VER-002" not in book.rules_found(number)


def test_a_tombstone_names_a_record_by_its_keys(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*removing("HocSinh", [{"MaHocSinh": PUPILS[1]["MaHocSinh"]}], push="p2", vendor="vnedu"))
    assert held(book, 2) == ["hs1", "hs3"]


def test_a_push_brings_some_and_removes_others_at_once(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(
        chunk("HocSinh", [pupil(1), pupil(4)], push="p2", number=0),
        tombstones("HocSinh", ["hs2"], push="p2", number=1),
        pushed.closing({"HocSinh": 2}, chunks=2, push="p2", removed={"HocSinh": 1}),
    )
    assert held(book, 2) == ["hs1", "hs3", "hs4"]
    assert book.told()[-1]["Absent"] == {"HocSinh": 1}


@pytest.mark.parametrize(
    ("removed", "code", "fields"),
    [
        ("hs9", "REC-006", ["ClientId"]),
        ("", "REC-008", ["ClientId"]),
        ({"HoTen": PUPILS[0]["HoTen"]}, "REC-008", ["HoTen"]),
        ({"MaHocSinh": ""}, "REC-008", ["MaHocSinh"]),
        ({"MaHocSinh": "1999999999"}, "REC-006", ["MaHocSinh"]),
    ],
)
def test_a_removal_that_means_no_record_is_refused_and_none_leaves(book, removed, code, fields):
    book.arrive(*whole("HocSinh", [pupil(1)]))
    book.arrive(*removing("HocSinh", [removed], push="p2"))
    assert book.push("p2")[:2] == ("refused", "PUSH-007")
    assert [r[1:] for r in refused(book)] == [(code, fields)]
    assert held(book, 1) == ["hs1"]


def test_no_tombstone_reaches_another_schools_record(book):
    other = "19164502"
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*whole("HocSinh", [pupil(9)], push="px", school=other))
    book.arrive(*removing("HocSinh", ["hs2", {"MaHocSinh": PUPILS[0]["MaHocSinh"]}], push="p2", school=other))
    assert [r[1] for r in refused(book)] == ["REC-006", "REC-006"]
    assert held(book, 1) == ["hs1", "hs2", "hs3"]


def test_one_vendors_id_is_not_anothers(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*removing("HocSinh", ["hs2"], push="p2", vendor="vnedu"))
    assert [r[1] for r in refused(book)] == ["REC-006"]


def test_a_record_that_the_push_brings_stays(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(
        chunk("HocSinh", PUPILS, push="p2", number=0),
        tombstones("HocSinh", ["hs2"], push="p2", number=1),
        pushed.closing({"HocSinh": 3}, chunks=2, push="p2", removed={"HocSinh": 1}),
    )
    assert book.push("p2")[:2] == ("unchanged", "PUSH-013")
    assert refused(book) == [("hs2", "REC-007", ["ClientId"])]


def test_a_removal_repeated_within_a_push_and_after_it(book):
    book.arrive(*whole("HocSinh", PUPILS))
    book.arrive(*removing("HocSinh", ["hs2", "hs2"], push="p2"))
    assert refused(book) == [("hs2", "REC-001", ["ClientId"])]
    book.arrive(*removing("HocSinh", ["hs2"], push="p3"))
    assert refused(book, "p3") == [("hs2", "REC-006", ["ClientId"])]
    assert held(book, 2) == ["hs1", "hs3"]


def test_the_schools_own_record_never_leaves(book):
    book.arrive(*whole("TruongHoc", [{"MaTruongHoc": SCHOOL, "NamHoc": 2019}]))
    book.arrive(*removing("TruongHoc", [{"MaTruongHoc": SCHOOL}], push="p2"))
    book.arrive(*removing("Nothing", ["x"], push="p3"))
    assert [refused(book, p)[0][1] for p in ("p2", "p3")] == ["REC-009", "REC-009"]


def test_one_who_left_may_come_again(book):
    book.arrive(*whole("HocSinh", PUPILS))
    was = identity(book, "hs2")
    book.arrive(*removing("HocSinh", ["hs2"], push="p2"))
    book.arrive(*whole("HocSinh", PUPILS, push="p3"))
    assert (held(book, 2), held(book, 3)) == (["hs1", "hs3"], ["hs1", "hs2", "hs3"])
    assert identity(book, "hs2") == was


def test_a_crash_before_the_end_leaves_the_record_and_the_push_as_they_were(book, monkeypatch):
    book.arrive(*whole("HocSinh", PUPILS))

    def crash(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sinks.provincial.load.push_store.put_refused", crash)
        with pytest.raises(KeyboardInterrupt):
            book.arrive(*removing("HocSinh", ["hs2"], push="p2"))
    assert book.push("p2") is None
    assert book.ask("SELECT count(*) FROM removal") == [(0,)]
    book.arrive(*removing("HocSinh", ["hs2"], push="p2"))
    assert held(book, 2) == ["hs1", "hs3"]


# Above a share


def test_above_a_share_tombstones_wait_and_the_rest_of_the_push_is_applied(book):
    book.arrive(*whole("HocSinh", MANY))
    gone = [f"hs{n}" for n in range(1, 7)]
    book.arrive(
        chunk("HocSinh", [pupil(20, HoTen="mới")], push="p2", number=0),
        tombstones("HocSinh", gone, push="p2", number=1),
        pushed.closing({"HocSinh": 1}, chunks=2, push="p2", whole=[], removed={"HocSinh": 6}),
    )
    told = book.told()[-1]
    assert (told["Outcome"], told["Removed"], told["Waiting"]) == ("version", {}, {"HocSinh": 6})
    assert len(held(book, 2)) == 20
    waiting = of_push(PushKey("smas", "p2", DATASET), "HocSinh")
    book.arrive(acts=[head(0, removal_id=waiting)])
    assert len(held(book, 3)) == 14
    told = book.told()[-1]
    assert (told["PushId"], told["Vendor"], told["Version"]) == (waiting, "school", 3)
    assert (told["Outcome"], told["Removed"]) == ("version", {"HocSinh": 6})


def test_a_removal_of_everything_waits(book):
    book.arrive(*whole("HocSinh", MANY))
    book.arrive(*removing("HocSinh", [p["ClientId"] for p in MANY], push="p2"))
    assert book.push("p2")[:3] == ("unchanged", "PUSH-012", 1)


def test_many_small_removals_count_together_until_the_head_consents(book):
    book.arrive(*whole("HocSinh", MANY))
    for n in range(1, 7):
        book.arrive(*removing("HocSinh", [f"hs{n}"], push=f"t{n}"))
    assert [book.push(f"t{n}")[0] for n in range(1, 7)] == ["version"] * 5 + ["unchanged"]
    book.arrive(acts=[head(6, removal_id=of_push(PushKey("smas", "t6", DATASET), "HocSinh"))])
    book.arrive(*removing("HocSinh", ["hs7"], push="t7"))
    assert book.push("t7")[0] == "version"


def test_who_left_and_came_again_does_not_leave_by_an_older_removal(book):
    book.arrive(*whole("HocSinh", MANY))
    book.arrive(*removing("HocSinh", [f"hs{n}" for n in range(1, 7)], push="many"))
    book.arrive(*removing("HocSinh", ["hs1"], push="one"))
    back = chunk("HocSinh", [pupil(1)], push="back")
    book.arrive(back, pushed.closing({"HocSinh": 1}, push="back", whole=[]))
    book.arrive(acts=[head(0, removal_id=of_push(PushKey("smas", "many", DATASET), "HocSinh"))])
    assert set(held(book, 3)) - set(held(book, 4)) == {f"hs{n}" for n in range(2, 7)}


# The school's own act


def test_the_school_removes_what_its_last_whole_list_lacked(book):
    lacking(book, "hs3")
    book.arrive(acts=[asked(2)])
    assert held(book, 3) == ["hs1", "hs2"]
    told = book.told()[-1]
    assert (told["Outcome"], told["Version"], told["Removed"]) == ("version", 3, {"HocSinh": 1})
    assert book.ask("SELECT since_version, until_version FROM absence") == [(2, 3)]
    assert book.ask("SELECT vendor, push_id, written FROM version WHERE version = 3") == [("school", "r1", 0)]
    for number in (1, 2, 3):
        (checked,) = process.check(book.conn, NOW)
        assert (checked.of.version, "VER-002" in book.rules_found(number)) == (number, False)
    assert checked.of.absent == {}


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (asked(1), "REM-002"),
        (asked(3), "REM-002"),
        (asked(2, dataset_id=f"{SCHOOL}.2019.end"), "REM-001"),
        (asked(2, unit="19164502"), "REM-004"),
        (asked(2, role="district_officer"), "REM-004"),
        (asked(2, role="system"), "REM-004"),
        (asked(2, record_type="TruongHoc"), "REM-007"),
        (asked(2, record_type="Nothing"), "REM-007"),
        (asked(2, record_type="LopHoc"), "REM-005"),
        (asked(2, ["nobody"]), "REM-003"),
    ],
)
def test_an_act_that_may_not_be_is_refused_with_its_code(book, act, code):
    lacking(book, "hs3")
    book.arrive(acts=[act])
    told = book.told()[-1]
    assert (told["Outcome"], told["Code"]) == ("refused", code)
    assert book.ask("SELECT max(version) FROM version") == [(2,)]
    assert book.ask("SELECT count(*) FROM removal") == [(0,)]


def test_only_absent_records_leave_and_one_that_is_not_stops_the_act(book):
    lacking(book, "hs3")
    book.arrive(acts=[asked(2, [identity(book, "hs3"), identity(book, "hs1")])])
    assert book.told()[-1]["Code"] == "REM-003"
    assert held(book, 2) == ["hs1", "hs2", "hs3"]


def test_an_act_that_comes_again_does_nothing_more(book):
    lacking(book, "hs3")
    book.arrive(acts=[asked(2), asked(2)])
    book.arrive(acts=[asked(3)])
    assert [(t["Outcome"], t["Code"]) for t in book.told()[-3:]] == [
        ("version", ""),
        ("version", "REM-006"),
        ("version", "REM-006"),
    ]
    assert book.ask("SELECT max(version) FROM version") == [(3,)]


def many_lacking(book):
    lacking(book, *(f"hs{n}" for n in range(1, 7)), everybody=MANY)


def test_above_a_share_an_act_waits_and_its_head_consents_once(book):
    many_lacking(book)
    book.arrive(acts=[asked(2)])
    told = book.told()[-1]
    assert (told["Outcome"], told["Code"], told["Waiting"]) == ("unchanged", "PUSH-012", {"HocSinh": 6})
    book.arrive(acts=[asked(2)])
    assert len(held(book, 2)) == 20
    book.arrive(acts=[head(2), head(2)])
    assert [t["Code"] for t in book.told()[-2:]] == ["", "REM-006"]
    assert book.ask("SELECT max(version) FROM version") == [(3,)]
    assert len(held(book, 3)) == 14
    assert book.ask("SELECT state, records, consented_by FROM removal") == [("done", 6, "hieu-truong")]


def test_a_head_who_asks_has_consented(book):
    many_lacking(book)
    book.arrive(acts=[head(2)])
    assert len(held(book, 3)) == 14


def test_consent_after_a_new_push_removes_who_is_still_absent(book):
    many_lacking(book)
    book.arrive(acts=[asked(2)])
    book.arrive(*whole("HocSinh", [p | {"HoTen": "về"} for p in MANY[:4]] + MANY[6:], push="p3"))
    book.arrive(acts=[head(2)])
    assert book.told()[-1]["Removed"] == {"HocSinh": 2}
    assert set(held(book, 3)) - set(held(book, 4)) == {"hs5", "hs6"}


def test_consent_when_all_came_again_removes_nobody(book):
    many_lacking(book)
    book.arrive(acts=[asked(2)])
    book.arrive(*whole("HocSinh", MANY, push="p3"))
    book.arrive(acts=[head(2)])
    assert book.told()[-1]["Code"] == "REM-006"
    assert book.ask("SELECT state, code FROM removal") == [("refused", "REM-005")]


def test_consent_to_another_schools_removal_is_refused(book):
    many_lacking(book)
    book.arrive(acts=[asked(2)])
    book.arrive(acts=[head(2, unit="19164502")])
    assert book.told()[-1]["Code"] == "REM-004"
    assert len(held(book, 2)) == 20


def test_a_push_and_an_act_in_one_batch_the_act_saw_an_older_version(book):
    lacking(book, "hs3")
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="nữa"), pupil(2)], push="p3"), acts=[asked(2)])
    assert book.told()[-1]["Code"] == "REM-002"
    assert held(book, 3) == ["hs1", "hs2", "hs3"]


def test_a_slow_upload_begun_before_the_act_does_not_bring_its_records_back(book):
    book.arrive(*whole("HocSinh", PUPILS), at=pushed.MORNING)
    slow = whole("HocSinh", PUPILS, push="slow")
    book.arrive(*whole("HocSinh", [pupil(1, HoTen="mới"), pupil(2)], push="p2"), at=pushed.MORNING)
    book.arrive(slow[0], at=NOW - timedelta(minutes=1))
    book.arrive(acts=[asked(2)])
    book.arrive(slow[1], at=NOW + timedelta(minutes=1))
    assert book.push("slow")[0] == "superseded"


def test_a_refused_removal_is_no_refused_record_and_hides_no_wrong_total(book):
    """It counted as one: a school that declares a pupil too few was clean."""
    few = {"ClientId": "t", "MaTruongHoc": SCHOOL, "NamHoc": 2019, "TongSoHocSinh": 2}
    messages = [
        chunk("TruongHoc", [few]),
        chunk("HocSinh", PUPILS, number=1),
        tombstones("HocSinh", ["hs9"], number=2),
        pushed.closing({"TruongHoc": 1, "HocSinh": 3}, chunks=3, removed={"HocSinh": 1}),
    ]
    book.arrive(*messages)
    process.check(book.conn, NOW)
    assert "TR-501" in book.rules_found(1)
    assert book.push()[3:] == (4, 4, 0)
    assert book.ask("SELECT client_id, rule, removal FROM record_refused") == [("hs9", "REC-006", True)]
