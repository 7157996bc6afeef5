"""The capacity table: lines, what holds a load, and that the document is what the data gives."""

import json

import pytest

from bench.capacity import document, lines, pace, places
from bench.capacity.__main__ import DATA, DOCUMENT

COST = {"load": 13.0, "postgres": 15.0, "validation": 10.0, "check": 8.0, "kafka": 4.0}


def test_a_line_goes_through_points_that_lie_on_one():
    line = lines.through([(5, 25.0), (15, 45.0), (45, 105.0)])
    assert (round(line.begins, 9), round(line.each, 9)) == (15, 2)
    assert round(line.residual, 9) == round(line.spread, 9) == 0
    assert round(line.at(100), 9) == 215


def test_a_point_off_the_line_is_told_by_its_miss_and_by_the_slope_without_it():
    line = lines.through([(0, 0.0), (10, 10.0), (20, 20.0), (30, 36.0)])
    assert 0.01 < line.residual < 0.1
    assert 0.1 < line.spread < 0.3


def test_one_size_makes_no_line():
    with pytest.raises(ValueError, match="one size"):
        lines.through([(5, 1.0), (5, 2.0)])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (pace.Shape(2), (25.0, pace.CORES)),
        (pace.Shape(2, load=2, validation=2, check=2), (25.0, pace.CORES)),
        (pace.Shape(8), (13.0, "load")),
        (pace.Shape(8, load=2), (10.0, "validation")),
        (pace.Shape(2, load=2, machines=2), (15.5, pace.CORES)),
    ],
)
def test_a_load_is_held_by_the_cores_or_by_one_stage(shape, expected):
    assert pace.least_us(COST, shape) == expected


def test_the_country_is_as_many_pipelines_as_provinces():
    district, province, country = places.places()
    assert district.pupils < province.pupils < country.pupils
    assert round(country.pupils * country.pipelines, -6) == places.COUNTRY
    assert country.records / country.pupils == pytest.approx(province.records / province.pupils, rel=1e-4)


def test_what_passes_through_is_not_kept_for_the_year():
    assert {"push_chunk", "outbox"} <= places.PASSING
    assert not places.PASSING & places.OF_RECORDS


def test_the_document_is_what_the_data_gives():
    data = json.loads(DATA.read_text("utf-8"))
    assert DOCUMENT.read_text("utf-8") == document.text(data), "python -m bench.capacity --write"
