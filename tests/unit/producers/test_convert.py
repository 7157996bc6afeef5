"""Columns in which nothing is odd are taken as they are: the same comes out as where each is looked at."""

from typing import Final

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from producers.adapters import convert
from producers.adapters.convert import BYTES, Converted
from producers.adapters.raw import Raw
from producers.codemaps import PACKET, load
from producers.text.columns import found_in
from producers.text.letters import BETWEEN
from schemas.contracts.contracts import Field, record
from schemas.encoding.columnar import frame_schema

USUAL: Final = {
    "string": "01",
    "date": "2012-01-09",
    "int": "3",
    "double": "2.34",
    "boolean": "1",
}
MAP: Final = load(PACKET, 2019)
ODD: Final = [
    "", " ", "\t", "\u00a0", "\x00", "a\x00b", BETWEEN, f"a{BETWEEN}-", "'", "'019", "a'b", "-", "–", "nan",
    "NULL", "none", "...", "#N/A", "#REF!", " #REF! ", "Err:502", "  a", "a  b", "a\nb", "01 ", " 1", "1.0",
    "1,5", "tr\u0301", "Nguye\u0302\u0303n", "Nguyễn", "Đỗ", "Ðỗ", "NguyÔn V¨n", "Nguyá»…n", "Ngu?n", "?inh",
    "\u0430", "\u041c\u0430i", "\uff211", "a\u200bb", "\u200b", "\ufeff01", "\ufffd",
    "2012-01-09T00:00:00.0", "2012-01-09T17:00:00", "2012-01-09 08:00", "31/02/2012", "2012-02-31", "true",
    "TRUE", "false", "0", "x", "99", "☃", "🙂", "Lê Thị Mẫu",
]  # fmt: skip


def converted(record_type: str, texts: pl.DataFrame) -> Converted:
    raw = Raw(texts.height, texts)
    return convert.convert(raw, record(record_type).fields, MAP, frame_schema(record_type))


def plain(record_type: str) -> list[Field]:
    return [f for f in record(record_type).fields if f.avro_type in USUAL]


def each_looked_at(raw: pl.DataFrame, fields: list[Field]) -> list[Field]:
    return [f for f in fields if f.spec_type != BYTES]


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_is_found_in_whatever_column_and_row(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record_type = "LopHoc" if ODD.index(odd) % 2 else "TruongHoc"
    fields = plain(record_type)
    usual = {f.name: USUAL[f.avro_type] for f in fields}
    rows: list[dict[str, str | None]] = [dict(usual), dict.fromkeys(usual), dict(usual)]
    for n in range(3):  # first, between, last; in every third column, and alone
        rows[n] |= {f.name: odd for f in fields[n::3]}
    frames = [pl.DataFrame(rows, schema=dict.fromkeys(usual, pl.String))]
    frames += [pl.DataFrame({f.name: [None, odd]}) for f in fields[1:3]]
    quick = [converted(record_type, frame) for frame in frames]
    monkeypatch.setattr(convert, "_odd", each_looked_at)
    for frame, found in zip(frames, quick, strict=True):
        whole = converted(record_type, frame)
        assert_frame_equal(found.values, whole.values)
        assert_frame_equal(found.faults, whole.faults)
        assert_frame_equal(found.doubts, whole.doubts)


def test_a_usual_packet_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = plain("HocSinh")
    usual = pl.DataFrame({f.name: [USUAL[f.avro_type], None] for f in fields})
    assert convert._odd(usual, fields) == []
    one = usual.with_columns(pl.lit("").alias(fields[5].name))
    assert convert._odd(one, fields) == [fields[5]]


def test_columns_are_found_among_those_asked_for() -> None:
    frame = pl.DataFrame({"a": ["x", None], "b": ["y", "x"], "c": ["x", "x"], "n": [None, None]})
    assert found_in(frame, ["a", "b"], "x") == {"a", "b"}
    assert found_in(frame, ["b"], "^y") == {"b"}
    assert found_in(frame, ["a", "b"], "z") == set()
    assert found_in(frame, [], "x") == set()
