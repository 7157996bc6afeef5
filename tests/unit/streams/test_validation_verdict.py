"""The verdict on a chunk, case by case, without Kafka."""

import math

import polars as pl
import pytest

from schemas.encoding import codec, columnar
from streams.validation.verdict.input_messages import sort
from streams.validation.verdict.judge import await_news, judge
from tests.unit.streams.validation_chunks import (
    CLOSED_SCHOOL,
    LONG_SCHOOL,
    SCHOOL,
    chunk,
    classes,
    closed,
    incoming,
    no_rules,
    removed,
    rules_in_force,
)

LAW = no_rules(rules_in_force())


def judged(*messages, law=LAW):
    found = sort(messages)
    assert not found.letters
    return sorted(judge(found, messages, law), key=lambda v: v.position)


def refusals(one):
    """(Row, ClientId, Rule) of RecordsRefused, which must say the same as the accepted message's Refused."""
    name, event = codec.decode(one.refused)
    assert name == "RecordsRefused"
    removal = codec.contract_name(one.accepted) == "RecordsRemoved"
    told = codec.decode(one.accepted)[1] if removal else columnar.decode_chunk(one.accepted).header
    assert event["Refused"] == told["Refused"]
    return [(r["Row"], r["ClientId"], r["Rule"]) for r in event["Refused"]]


def test_a_chunk_with_nothing_refused_passes_as_the_very_bytes_that_came():
    value = chunk()
    (one,) = judged(incoming(value))
    assert one.accepted is value
    assert one.refused is None
    assert (one.school, one.records_accepted, one.records_refused) == (SCHOOL, 3, 0)


def test_an_empty_chunk_has_a_verdict_too():
    (one,) = judged(incoming(chunk(classes(0))))
    assert columnar.decode_chunk(one.accepted).records.height == 0


WHOLE = [
    ("no grant for the school", {"MaTruongHoc": LONG_SCHOOL}, "VAL-001"),
    ("another vendor's name", {"Vendor": "vnedu"}, "VAL-002"),
    ("nine characters", {"MaTruongHoc": "191643011"}, "VAL-003"),
    ("no school code", {"MaTruongHoc": ""}, "VAL-003"),
    ("unknown school", {"MaTruongHoc": "19999999"}, "ENV-301"),
    ("closed school", {"MaTruongHoc": CLOSED_SCHOOL}, "ENV-301"),
    ("unknown year", {"NamHoc": 1999}, "ENV-303"),
    ("unknown kind", {"LoaiDongBo": "9"}, "ENV-101"),
    ("old data", {"LoaiDongBo": "4"}, "ENV-311"),
    ("more places than records", {"Rows": [10, 11, 12, 13]}, "VAL-006"),
]


@pytest.mark.parametrize(("changes", "rule"), [c[1:] for c in WHOLE], ids=[c[0] for c in WHOLE])
def test_a_wrong_header_refuses_every_record_of_the_chunk(changes, rule):
    law = no_rules(rules_in_force(SCHOOL, CLOSED_SCHOOL, "191643011", "19999999", ""))
    (one,) = judged(incoming(chunk(**changes)), law=law)
    assert [r[1:] for r in refusals(one)] == [(f"c{i}", rule) for i in range(3)]
    assert columnar.decode_chunk(one.accepted).records.height == 0
    assert columnar.decode_chunk(one.accepted).header["Rows"] == []
    assert (one.records_accepted, one.records_refused, dict(one.rules)) == (0, 3, {rule: 3})


def test_a_verdict_speaks_under_the_vendor_whom_the_topic_proves():
    (one, end) = judged(incoming(chunk(Vendor="vnedu")), incoming(closed(Vendor="vnedu")))
    assert columnar.decode_chunk(one.accepted).header["Vendor"] == "smas"
    assert codec.decode(end.accepted)[1]["Vendor"] == "smas"
    assert end.fault == "VAL-002"


def test_an_empty_chunk_under_another_name_is_corrected_too():
    (one,) = judged(incoming(chunk(classes(0), Vendor="vnedu")))
    assert columnar.decode_chunk(one.accepted).header["Vendor"] == "smas"


RECORDS = [
    (
        "a ClientId given twice: the first one counts",
        classes(4, ClientId=["a", "b", "a", "a"]),
        [(12, "a", "LH-502"), (13, "a", "LH-502")],
    ),
    (
        "a ClientId given twice, the first of them refused: the next one counts",
        classes(3, ClientId=["a", "a", "a"], TenLopHoc=["1\x00A", "1B", "1C"]),
        [(10, "a", "VAL-008"), (12, "a", "LH-502")],
    ),
    ("a NUL character", classes(2, TenLopHoc=["1A", "1\x00B"]), [(11, "c1", "VAL-008")]),
    ("an endless ClientId", classes(2, ClientId=["a", "b" * 201]), [(11, "b" * 200, "VAL-007")]),
]


@pytest.mark.parametrize(("records", "expected"), [c[1:] for c in RECORDS], ids=[c[0] for c in RECORDS])
def test_a_wrong_record_leaves_the_others_where_they_are(records, expected):
    (one,) = judged(incoming(chunk(records)))
    assert refusals(one) == expected
    kept = columnar.decode_chunk(one.accepted)
    gone = {row for row, _, _ in expected}
    assert kept.header["Rows"] == [10 + i for i in range(records.height) if 10 + i not in gone]
    assert kept.records.height == records.height - len(gone)
    assert one.records_accepted == kept.records.height


def test_the_same_client_id_in_two_chunks_is_no_duplicate_here():
    one, two = judged(incoming(chunk()), incoming(chunk(Chunk=1)))
    assert one.refused is None and two.refused is None


@pytest.mark.parametrize(
    ("field", "value", "rule"), [("MaTruongHoc", LONG_SCHOOL, "ENV-304"), ("NamHoc", 2018, "ENV-305")]
)
def test_a_school_record_must_speak_of_the_school_and_year_of_its_header(field, value, rule):
    types = columnar.frame_schema("TruongHoc")
    good = {"MaTruongHoc": SCHOOL, "NamHoc": 2019}
    names = {name: types[name] for name in good}
    one, two = judged(
        incoming(chunk(pl.DataFrame([good | {field: value}], schema=names), "TruongHoc")),
        incoming(chunk(pl.DataFrame([good], schema=names), "TruongHoc")),
    )
    assert refusals(one) == [(10, "", rule)]
    assert two.refused is None


def test_the_rules_of_the_catalogue_refuse_by_record_and_keep_the_fields_names():
    (one,) = judged(incoming(chunk(classes(2))), law=rules_in_force())
    event = codec.decode(one.refused)[1]
    assert {r["Row"] for r in event["Refused"]} == {10, 11}
    assert all(r["Rule"].startswith("LH-") and r["Fields"] for r in event["Refused"])
    assert (one.records_accepted, one.records_refused) == (0, 2)


def test_what_the_adapter_refused_stays_and_is_told():
    before = {"ClientId": "x", "Row": 9, "Rule": "CELL-101", "Fields": ["NgaySinh"]}
    value = chunk(Refused=[before])
    (one,) = judged(incoming(value))
    assert one.accepted is value
    assert refusals(one) == [(9, "x", "CELL-101")]
    assert (one.records_accepted, one.records_refused) == (3, 1)


def test_a_rule_that_is_not_ours_does_not_become_a_label():
    (one,) = judged(incoming(chunk(Refused=[{"ClientId": "", "Row": 1, "Rule": "made up", "Fields": []}])))
    assert dict(one.rules) == {"other": 1}


def test_one_bad_chunk_does_not_touch_its_neighbours():
    values = [chunk(), chunk(NamHoc=1999, Chunk=1), chunk(Chunk=2)]
    one, two, three = judged(*map(incoming, values))
    assert one.accepted is values[0] and three.accepted is values[2]
    assert two.records_refused == 3


def test_a_refusal_carries_no_character_that_no_database_takes():
    (one,) = judged(incoming(chunk(classes(2, ClientId=["a", "b\x00\x1b[31mc"]))))
    assert refusals(one) == [(11, "b\ufffd\ufffd[31mc", "VAL-008")]


NO_NUMBERS = [math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_a_number_that_is_none_refuses_its_record_wherever_it_stands(value):
    """JSON, and so a file of ours, has no such number; a vendor who writes Avro straight to Kafka does."""
    types = columnar.frame_schema("CanBo")
    columns = {
        "ClientId": [f"c{n}" for n in range(6)],
        "HeSo": [2.34, value, None, -0.0, 0.0, 1e308],
        "LstQuaTrinhLuong": [None, None, [salary(2.34), salary(value)], [], [salary(None)], [salary(-0.0)]],
    }
    records = pl.DataFrame(columns, schema={name: types[name] for name in columns})
    (one,) = judged(incoming(chunk(records, "CanBo")))
    assert one.refused
    assert [(r["Row"], r["Rule"], r["Fields"]) for r in codec.decode(one.refused)[1]["Refused"]] == [
        (11, "REC-011", ["HeSo"]),
        (12, "REC-011", ["LstQuaTrinhLuong"]),
    ]
    assert columnar.decode_chunk(one.accepted).records["ClientId"].to_list() == ["c0", "c3", "c4", "c5"]


def salary(factor):
    return {"HeSoLuong": factor}


def test_a_closing_passes_untouched():
    value = closed()
    (one,) = judged(incoming(value))
    assert one.accepted is value and one.school == SCHOOL
    assert not one.fault


HEADERS = [case for case in WHOLE if case[2] != "VAL-006"]


@pytest.mark.parametrize(("changes", "rule"), [c[1:] for c in HEADERS], ids=[c[0] for c in HEADERS])
def test_a_closing_needs_a_grant_and_a_known_school(changes, rule):
    """It goes on all the same, with its fault: only so is the vendor answered."""
    law = no_rules(rules_in_force(SCHOOL, CLOSED_SCHOOL, "191643011", "19999999", ""))
    (one,) = judged(incoming(closed(**changes)), law=law)
    assert one.fault == rule
    assert codec.decode(one.accepted)[1]["PushId"] == "p1"


def test_a_removal_passes_as_the_very_bytes_that_came():
    value = removed("c1", keys=[{"MaHocSinh": "1900000001"}, {"MaCongDan": "019200000001"}])
    (one,) = judged(incoming(value))
    assert one.accepted is value and one.refused is None
    assert (one.school, one.removals, one.records_accepted, one.records_refused) == (SCHOOL, 3, 0, 0)


def test_no_removal_without_the_right():
    law = no_rules(rules_in_force(LONG_SCHOOL))
    (one,) = judged(incoming(removed("c1", "c2", MaTruongHoc=LONG_SCHOOL)), law=law)
    assert refusals(one) == [(10, "c1", "VAL-011"), (11, "c2", "VAL-011")]
    assert codec.decode(one.accepted)[1]["Removed"] == []
    assert (one.removals, one.records_refused) == (0, 2)


@pytest.mark.parametrize(("changes", "rule"), [c[1:] for c in HEADERS], ids=[c[0] for c in HEADERS])
def test_a_removal_passes_the_checks_of_a_chunk(changes, rule):
    law = no_rules(rules_in_force(SCHOOL, CLOSED_SCHOOL, "191643011", "19999999", ""))
    (one,) = judged(incoming(removed("c1", **changes)), law=law)
    assert refusals(one) == [(10, "c1", rule)]
    event = codec.decode(one.accepted)[1]
    assert event["Removed"] == [] and event["Vendor"] == "smas"


REMOVALS = [
    ("nobody", {"": ""}, "VAL-013"),
    ("nobody by an empty key", {"MaHocSinh": ""}, "VAL-013"),
    ("by what is no key", {"HoTen": "Mẫu"}, "VAL-013"),
    ("by a key of another type", {"MaCanBo": "1"}, "VAL-013"),
    ("by an endless key", {"MaHocSinh": "1" * 201}, "VAL-007"),
    ("by a key with a NUL", {"MaHocSinh": "1\x002"}, "VAL-008"),
]


@pytest.mark.parametrize(("keys", "rule"), [c[1:] for c in REMOVALS], ids=[c[0] for c in REMOVALS])
def test_a_removal_that_names_no_record_leaves_the_others_where_they_are(keys, rule):
    (one,) = judged(incoming(removed("c1", keys=[keys])))
    assert refusals(one) == [(50, "", rule)]
    event = codec.decode(one.accepted)[1]
    assert [r["ClientId"] for r in event["Removed"]] == ["c1"]
    assert all(
        value not in name
        for r in event["Refused"]
        for name in r["Fields"]
        for value in keys.values()
        if value
    )


GRANTED = [
    ("a chunk", chunk(MaTruongHoc=LONG_SCHOOL), True),
    ("a closing", closed(MaTruongHoc=LONG_SCHOOL), True),
    ("removals", removed("c1", MaTruongHoc=LONG_SCHOOL), True),
    ("a chunk with a grant", chunk(), False),
    ("a closing with a grant", closed(), False),
    ("removals with the right", removed("c1"), False),
    ("a closing of a school that is new to this process", closed(MaTruongHoc="19999999"), True),
]


@pytest.mark.parametrize(("value", "awaits"), [c[1:] for c in GRANTED], ids=[c[0] for c in GRANTED])
def test_nothing_is_refused_for_want_of_a_grant_or_a_school_before_both_are_up_to_date(value, awaits):
    message = incoming(value)
    found = await_news(sort([message]), [message], no_rules(rules_in_force(SCHOOL)))
    assert bool(found) is awaits
