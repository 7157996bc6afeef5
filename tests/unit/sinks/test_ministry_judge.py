"""The stand-in's decisions: a share told beforehand, the same every time, in the Ministry's spelling."""

import uuid

import pytest

from schemas.contracts import contracts
from sinks.ministry.receipt_codes import ACCEPTED
from sinks.ministry.simulator.answers import answer_record, codes_about

IDS = [str(uuid.uuid5(uuid.NAMESPACE_URL, f"record {n}")) for n in range(5_000)]
CODES = ["MA_HOC_SINH", "MA_HOC_SINH_001"]


def test_a_pupil_is_refused_with_the_ministrys_codes():
    assert codes_about(contracts.record("HocSinh"))[:2] == CODES


@pytest.mark.parametrize("record_type", contracts.record_types())
def test_every_record_type_can_be_refused(record_type):
    assert codes_about(contracts.record(record_type))


@pytest.mark.parametrize("percent", [0, 2, 25, 100])
def test_the_configured_share_is_refused(percent):
    refused = sum(answer_record(i, CODES, refuse_percent=percent) != ACCEPTED for i in IDS)
    assert refused / len(IDS) * 100 == pytest.approx(percent, abs=2)


def test_the_same_record_is_answered_alike_every_time():
    first = [answer_record(i, CODES, refuse_percent=50, seed=7) for i in IDS]
    assert first == [answer_record(i, CODES, refuse_percent=50, seed=7) for i in IDS]
    assert first != [answer_record(i, CODES, refuse_percent=50, seed=8) for i in IDS]


def test_a_higher_share_refuses_what_a_lower_one_refused():
    low = {i for i in IDS if answer_record(i, CODES, refuse_percent=5) != ACCEPTED}
    high = {i for i in IDS if answer_record(i, CODES, refuse_percent=20) != ACCEPTED}
    assert low < high


def test_every_code_occurs():
    assert {answer_record(i, CODES, refuse_percent=100) for i in IDS} == set(CODES)
