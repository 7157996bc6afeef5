"""Typed tables come from the contracts alone."""

import polars as pl
import pytest

from schemas.contracts import contracts
from schemas.encoding import columnar
from sinks.provincial.records import tables


@pytest.mark.parametrize("record_type", contracts.record_types())
def test_every_field_is_a_column_with_its_official_label(record_type):
    table = tables.table(record_type)
    assert [c.field for c in table.columns] == list(columnar.frame_schema(record_type))
    ddl = "\n".join(tables.statements(record_type))
    for field in contracts.record(record_type).fields:
        label = field.label_vi.replace("'", "''")
        assert f"COMMENT ON COLUMN {table.name}.\"{field.column}\" IS '{label}'" in ddl


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (pl.String(), "text"),
        (pl.Date(), "date"),
        (pl.Boolean(), "boolean"),
        (pl.Int32(), "integer"),
        (pl.Float64(), "double precision"),
        (pl.List(pl.String()), "jsonb"),
        (pl.List(pl.Struct({"Ma": pl.String()})), "jsonb"),
    ],
)
def test_a_type_has_one_column_type(dtype, expected):
    assert tables.sql_type(dtype) == expected


def test_a_type_no_contract_may_use_is_an_error():
    with pytest.raises(ValueError):
        tables.sql_type(pl.Time())
