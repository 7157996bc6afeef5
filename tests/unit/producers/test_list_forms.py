"""Forms of cells that lists have beside those of every sheet."""

from typing import Any

import polars as pl
import pytest

from producers.adapters.cells import Cells
from producers.codemaps import load
from producers.lists import forms


def read(cells: Cells) -> list[Any]:
    """Values, with the code in place of a cell that is bad or doubtful."""
    told = {
        index: code
        for masks in (cells.bad, cells.doubtful)
        for code, mask in masks.items()
        for index in mask.arg_true()
    }
    return [told.get(i, value) for i, value in enumerate(cells.values)]


def column(*texts: str | None) -> pl.Series:
    return pl.Series("x", texts, dtype=pl.String)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (forms.whole_numbers(column("12", "12.0", "12,5", None)), [12, 12, "CELL-103", None]),
        (forms.numbers(column("8", "8,5", "x", "1e999")), [8.0, 8.5, "CELL-104", "CELL-104"]),
        (forms.flags(column("Có", "không", None, "?")), [True, False, None, "CELL-105"]),
        (forms.marks(column("x", None), "02", "01"), ["02", "01"]),
        (forms.marks(column("x", None), "09"), ["09", None]),
        (forms.grades(column("6", "06", "Khối 6", "x"), load("vnedu"), ""), ["06", "06", "06", "CELL-101"]),
        (forms.commune_codes(column("05431", "5431.0", "Xã Mẫu")), ["05431", "05431", "CELL-210"]),
    ],
)
def test_cells_of_a_form(cells: Cells, expected: list[Any]) -> None:
    assert read(cells) == expected


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [("1", pl.Boolean(), True), ("07", pl.Int32(), 7), ("x", pl.Int32(), None), ("x", pl.Boolean(), None)],
)
def test_a_value_takes_the_type_of_its_field_or_is_named(
    value: str, dtype: pl.DataType, expected: Any
) -> None:
    values, wrong = forms.as_type(column(value, None), dtype)
    assert (values.to_list(), wrong.to_list()) == ([expected, None], [expected is None, False])
