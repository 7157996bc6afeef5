"""The stand-in's decisions: a share that can be told beforehand, the same every time, in the Ministry's spelling."""

import uuid

import pytest

from sinks.ministry.judge import ACCEPTED, codes_about, judge, wire_code

IDS = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"record {n}")) for n in range(5_000)]
FIELDS = ["MaHocSinh", "NgaySinh"]


@pytest.mark.parametrize(
    ("field", "code"),
    [("MaHocSinh", "MA_HOC_SINH"), ("MaLopHoc", "MA_LOP_HOC"), ("SoCmnd", "SO_CMND"), ("HeSo2", "HE_SO2")],
)
def test_a_code_is_the_field_in_the_ministrys_spelling(field, code):
    assert wire_code(field) == code


def test_a_field_gives_a_bare_code_and_a_numbered_one():
    assert codes_about(["MaHocSinh"]) == ["MA_HOC_SINH", "MA_HOC_SINH_001"]


@pytest.mark.parametrize("percent", [0, 2, 25, 100])
def test_the_configured_share_is_refused(percent):
    refused = sum(judge(i, FIELDS, refuse_percent=percent) != ACCEPTED for i in IDS)
    assert refused / len(IDS) * 100 == pytest.approx(percent, abs=2)


def test_the_same_record_is_answered_alike_every_time():
    first = [judge(i, FIELDS, refuse_percent=50, seed=7) for i in IDS]
    assert first == [judge(i, FIELDS, refuse_percent=50, seed=7) for i in IDS]
    assert first != [judge(i, FIELDS, refuse_percent=50, seed=8) for i in IDS]


def test_a_higher_share_refuses_what_a_lower_one_refused():
    low = {i for i in IDS if judge(i, FIELDS, refuse_percent=5) != ACCEPTED}
    high = {i for i in IDS if judge(i, FIELDS, refuse_percent=20) != ACCEPTED}
    assert low < high


def test_every_code_about_the_fields_occurs():
    seen = {judge(i, FIELDS, refuse_percent=100) for i in IDS}
    assert seen == set(codes_about(FIELDS))
