"""Values of the machines as Avro records: one rule for names, and whatever may stand in a value."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum

import pytest

from streams.machines import chain, wire
from streams.machines.wire import Value


class Colour(StrEnum):
    RED = "red"


class Part(Value, frozen=True):
    part_code: str
    since: date | None = None


class Whole(Value, frozen=True):
    whole_id: str
    colour: Colour
    made_at: datetime
    first_part: Part
    parts: tuple[Part, ...] = ()
    spare_part: Part | None = None
    counts: Mapping[str, int] = {}
    by_name: Mapping[str, Part] = {}


WHOLE = Whole(
    "w",
    Colour.RED,
    datetime(2020, 2, 29, 1, 2, 3, 4000, tzinfo=UTC),
    Part("a", date(2020, 2, 29)),
    (Part("b"), Part("c", date(2021, 1, 1))),
    None,
    {"x": 1},
    {"y": Part("d")},
)


def test_nested_values_go_both_ways():
    record = wire.to_record(WHOLE)
    assert record["FirstPart"] == {"PartCode": "a", "Since": date(2020, 2, 29)}
    assert [p["PartCode"] for p in record["Parts"]] == ["b", "c"]
    assert (record["Colour"], record["SparePart"], record["ByName"]["y"]["Since"]) == ("red", None, None)
    assert wire.from_record(Whole, record) == WHOLE


def test_what_an_earlier_contract_lacks_takes_its_default():
    record = {n: v for n, v in wire.to_record(WHOLE).items() if n not in ("Parts", "SparePart", "ByName")}
    read = wire.from_record(Whole, record | {"FirstPart": {"PartCode": "a"}, "Later": 1})
    assert (read.parts, read.by_name, read.first_part) == ((), {}, Part("a"))


@pytest.mark.parametrize("wrong", [{"Colour": "blue"}, {"Parts": [{}]}, {"WholeId": 1}])
def test_what_does_not_fit_is_said(wrong):
    with pytest.raises(ValueError):
        wire.from_record(Whole, wire.to_record(WHOLE) | wrong)


def test_the_hash_covers_what_is_nested_and_is_the_same_from_either_side():
    record = wire.to_record(WHOLE)
    read = record | {"Parts": [dict(p) for p in record["Parts"]]}
    assert chain.digest(record) == chain.digest(read)
    read["Parts"][1]["Since"] = date(2021, 1, 2)
    assert chain.digest(record) != chain.digest(read)
