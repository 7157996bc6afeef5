"""Chunks of a push: one type each, in order, within the limit, refusals beside their records."""

import uuid
from dataclasses import replace
from datetime import date
from typing import Any, Self

import polars as pl
import pytest
from kafka.errors import KafkaTimeoutError

from producers.client import PushClient, chunks_of, totals
from runtime import kafka
from runtime.settings import Settings
from schemas.contracts.chunks import MAX_VALUE
from schemas.encoding import codec, columnar
from schemas.encoding.cutting import MAX_BYTES, weights
from schemas.errors import ProblemList
from streams.validation.verdict.input_messages import InputMessage, sort
from tests.unit.producers.made import CLASS, PUPIL, SCHOOL, SMAS, YEAR, packet, read

FAULTY = {"TrangThai": 5, "NgaySinh": "x"}


def reading(count: int = 7) -> Any:
    pupils = [{**PUPIL, "ClientId": str(i), **(FAULTY if i % 3 == 0 else {})} for i in range(1, count + 1)]
    return read(packet(LstHocSinh=pupils, LstLopHocInfo=[CLASS]))


def decoded(size: int) -> list[columnar.Chunk]:
    values = [value for _, value in chunks_of(reading().tables, SMAS, "p", size)]
    return columnar.decode_chunks(values)


@pytest.mark.parametrize("size", [1, 2, 3, 250])
def test_every_record_stands_in_one_chunk_accepted_or_refused(size: int) -> None:
    chunks = decoded(size)
    assert [c.header["Chunk"] for c in chunks] == list(range(len(chunks)))
    assert chunks[0].record_type == "LopHoc"
    seen = []
    for c in chunks[1:]:
        refused = {r["Row"] for r in c.header["Refused"]}
        assert 1 <= c.records.height + len(refused) <= size
        assert len(c.header["Rows"]) == c.records.height
        assert all(int(r["ClientId"]) == r["Row"] for r in c.header["Refused"])
        assert c.records["ClientId"].to_list() == [str(r) for r in c.header["Rows"]]
        seen += [*c.header["Rows"], *refused]
    assert sorted(seen) == [1, 2, 3, 4, 5, 6, 7]


def test_all_refusals_of_a_record_stay_in_one_chunk() -> None:
    for c in decoded(1):
        assert len({r["Row"] for r in c.header["Refused"]}) <= 1
    both = [r["Rule"] for c in decoded(1) for r in c.header["Refused"] if r["Row"] == 3]
    assert sorted(both) == ["CELL-101", "CELL-102"]


def test_a_chunk_names_its_source() -> None:
    header = decoded(250)[1].header
    assert (header["Vendor"], header["MaTruongHoc"], header["NamHoc"], header["LoaiDongBo"]) == (
        "smas",
        SCHOOL,
        YEAR,
        "1",
    )
    assert (header["PushId"], header["Source"], header["Sheet"]) == ("p", "file1", "LstHocSinh")


def test_totals_count_refused_records_once() -> None:
    assert totals(reading().tables) == {"LopHoc": 1, "HocSinh": 7}
    assert totals(reading().tables, refused_only=True) == {"HocSinh": 2}


def test_portraits_are_spread_over_chunks_that_validation_takes() -> None:
    faces = dict.fromkeys((2, 3, 4, 7), "x" * 900000)
    pupils = [{**PUPIL, "ClientId": str(i), "AnhChanDung": faces.get(i)} for i in range(1, 9)]
    values = [v for _, v in chunks_of(read(packet(LstHocSinh=pupils)).tables, SMAS, "p", 250)]
    assert all(len(v) <= MAX_VALUE for v in values) and len(values) == 2
    assert [r for c in columnar.decode_chunks(values) for r in c.header["Rows"]] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_record_weighs_its_texts_and_long_lists() -> None:
    long = [{"a": "y" * MAX_BYTES}]
    frame = pl.DataFrame({"a": ["ế", None], "n": [1, 2], "b": ["xy", ""], "l": [[{"a": "y"}], None]})
    assert weights(frame).to_list() == [5, 0]
    assert weights(frame.clear()).to_list() == []
    assert weights(frame.with_columns(l=pl.Series([long, None])))[0] > MAX_BYTES


def test_a_record_that_no_chunk_can_carry_is_refused_and_the_others_go() -> None:
    pupils = [{**PUPIL, "ClientId": str(i)} for i in range(1, 4)]
    pupils[1] |= {"AnhChanDung": "x" * 5_000_000}
    (table,) = read(packet(LstHocSinh=pupils)).tables
    assert [(r["Row"], r["Rule"]) for r in table.refused.to_dicts()] == [(2, "CELL-113")]
    assert table.records["ClientId"].to_list() == ["1", "3"]


def test_a_header_is_one_that_validation_takes() -> None:
    rows = [{**PUPIL, **FAULTY, "ClientId": "c" * 300 + "\x00"}, PUPIL]
    (table,) = read(packet(LstHocSinh=rows)).tables
    named = replace(table, source="x" * 250)
    (value,) = [v for _, v in chunks_of([named], SMAS, "p", 250)]
    assert not sort([InputMessage(value, "csdl.in.smas.v1", date(2019, 9, 5))]).letters


class Broker:
    """Stands in for the producer and its acks: keeps what is sent, or fails."""

    timestamp = 0

    def __init__(self, *, fails: bool = False) -> None:
        self.sent: list[tuple[str, bytes, bytes]] = []
        self.fails = fails

    def send(self, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Self:
        assert headers == [("contract", codec.contract_name(value).encode())]
        self.sent.append((topic, key, value))
        return self

    def get(self, timeout: float) -> Self:
        if self.fails:
            raise KafkaTimeoutError
        return self

    def close(self) -> None: ...


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    it = Broker()
    monkeypatch.setattr(kafka, "producer", lambda *_, **__: it)
    return it


def test_a_push_is_closed_with_its_control_totals(broker: Broker) -> None:
    with PushClient(Settings(), "smas", chunk=3) as pushes:
        receipt = pushes.push(SCHOOL, YEAR, "1", reading().tables)
    assert uuid.UUID(receipt.push_id)
    assert {(topic, key) for topic, key, _ in broker.sent} == {("csdl.in.smas.v1", SCHOOL.encode())}
    name, closed = codec.decode(broker.sent[-1][2])
    assert name == "PushClosed"
    assert closed["PushId"] == receipt.push_id
    assert closed["Chunks"] == receipt.chunks == len(broker.sent) - 1 == 4
    assert closed["Records"] == receipt.records == {"LopHoc": 1, "HocSinh": 7}
    assert closed["OpenedAt"] <= closed["ClosedAt"]
    assert receipt.refused == {"HocSinh": 2}


def test_a_push_says_of_which_types_it_is_the_whole_list(broker: Broker) -> None:
    with PushClient(Settings(), "smas") as pushes:
        pushes.push(SCHOOL, YEAR, "1", reading().tables)
        pushes.push(SCHOOL, YEAR, "1", reading().tables, parts=["HocSinh"])
    closings = [codec.decode(v)[1] for *_, v in broker.sent if codec.contract_name(v) == "PushClosed"]
    assert [c["Whole"] for c in closings] == [["HocSinh", "LopHoc"], ["LopHoc"]]


def test_removals_are_chunks_of_their_push(broker: Broker) -> None:
    gone = {"HocSinh": [f"hs{n}" for n in range(501)], "CanBo": ["cb1"]}
    with PushClient(Settings(), "smas") as pushes:
        receipt = pushes.push(SCHOOL, YEAR, "1", reading().tables, removals=gone)
    events = [codec.decode(v)[1] for *_, v in broker.sent if codec.contract_name(v) == "RecordsRemoved"]
    first = receipt.chunks - 3
    assert [(e["Chunk"], e["RecordType"], len(e["Removed"])) for e in events] == [
        (first, "HocSinh", 500),
        (first + 1, "HocSinh", 1),
        (first + 2, "CanBo", 1),
    ]
    assert events[1]["Removed"] == [{"ClientId": "hs500", "Row": 501, "Keys": {}}]
    closed = codec.decode(broker.sent[-1][2])[1]
    assert (closed["Removed"], closed["Chunks"]) == ({"HocSinh": 501, "CanBo": 1}, receipt.chunks)


def test_the_same_sending_again_has_the_same_chunks(broker: Broker) -> None:
    with PushClient(Settings(), "smas") as pushes:
        first = pushes.push(SCHOOL, YEAR, "1", reading().tables)
        pushes.push(SCHOOL, YEAR, "1", reading().tables, first.push_id)
        other = pushes.push(SCHOOL, YEAR, "1", reading().tables)
    assert other.push_id != first.push_id
    n = first.chunks
    assert [v for *_, v in broker.sent[:n]] == [v for *_, v in broker.sent[n + 1 : 2 * n + 1]]


def test_a_push_may_be_left_open(broker: Broker) -> None:
    with PushClient(Settings(), "smas") as pushes:
        receipt = pushes.push(SCHOOL, YEAR, "1", reading().tables, complete=False)
    assert len(broker.sent) == receipt.chunks


def test_what_the_broker_does_not_confirm_is_not_closed(broker: Broker) -> None:
    broker.fails = True
    with pytest.raises(ProblemList) as error, PushClient(Settings(), "smas") as pushes:
        pushes.push(SCHOOL, YEAR, "1", reading().tables, "11111111-1111-4111-8111-111111111111")
    (problem,) = error.value.problems
    assert problem.code == "SEND-001"
    assert "11111111-1111-4111-8111-111111111111" in problem.messages()[1]
    assert all(codec.contract_name(v) != "PushClosed" for *_, v in broker.sent)


@pytest.mark.parametrize("size", [0, 501])
def test_a_chunk_has_a_limit(size: int, broker: Broker) -> None:
    with pytest.raises(ValueError, match="500"):
        PushClient(Settings(), "smas", chunk=size)
