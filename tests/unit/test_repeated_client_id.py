"""A ClientId given twice: which record counts does not depend on where a push is cut into chunks."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from producers.duplicates import refuse_repeated
from producers.model import ROW, SourceTable
from schemas.encoding import columnar
from sinks.provincial.load import messages as accepted
from sinks.provincial.load.fields import fields_asked
from sinks.provincial.load.pushed_records import Complete, pushed_records
from sinks.provincial.load.pushes import Push, PushKey
from sinks.provincial.load.resolve import resolve
from sinks.provincial.records import claims, tables
from sinks.provincial.records.mac import Mac
from streams.validation.verdict.input_messages import sort
from streams.validation.verdict.judge import judge
from tests.unit.streams import validation_chunks as made

NUL = "\x00"
CASES: list[tuple[str, str, str, list[dict[str, Any]]]] = [
    ("LopHoc", "LH-502", "six records", [{"TenLopHoc": f"1{c}", "ClientId": c} for c in "abacab"]),
    ("HocSinh", "HS-501", "six records", [{"HoTen": "Mẫu", "ClientId": c} for c in "abacab"]),
    ("CanBo", "CB-502", "six records", [{"TenCanBo": "Mẫu", "ClientId": c} for c in "abacab"]),
    (
        "HocSinh",
        "HS-501",
        "the first is refused for another reason",
        [{"HoTen": f"Mẫu{NUL}", "ClientId": "a"}, *({"HoTen": "Mẫu", "ClientId": c} for c in "aba")],
    ),
    (
        "HocSinh",
        "HS-501",
        "one pupil twice under two ids, one of them another pupil's",
        [
            {"MaHocSinh": "1900000001", "ClientId": "a"},
            {"MaHocSinh": "1900000001", "ClientId": "b"},
            {"MaHocSinh": None, "ClientId": "b"},
            {"MaHocSinh": "1900000002", "ClientId": "a"},
            {"MaHocSinh": "1900000002", "ClientId": "c"},
        ],
    ),
]


def refused(record_type: str, records: list[dict[str, Any]], size: int) -> set[tuple[int, str]]:
    """(row, rule) of what validation and load refuse of a push cut into chunks of this size."""
    schema = columnar.frame_schema(record_type)
    frame = pl.DataFrame([{n: r.get(n) for n in schema} for r in records], schema=schema)
    parts = [frame[i : i + size] for i in range(0, frame.height, size)]
    messages = [
        made.incoming(
            made.chunk(part, record_type, Chunk=n, Rows=[n * size + i + 1 for i in range(part.height)])
        )
        for n, part in enumerate(parts)
    ]
    found, law = sort(messages), made.no_rules(made.rules_in_force())
    verdicts = judge(found, messages, law)
    decoded, _ = accepted.decode([v.accepted for v in sorted(verdicts, key=lambda v: v.position)])
    chunks = [c for c in decoded if isinstance(c, accepted.Part)]
    assert len(chunks) == len(parts)
    opened = datetime(2019, 9, 5, tzinfo=UTC)
    push = Push(PushKey("smas", "p1", f"{made.SCHOOL}.2019.start"), "1", opened, opened)
    arrived = pushed_records(record_type, [Complete(push, chunks, 1)])
    assert arrived is not None
    here = {(r["Row"], r["Rule"]) for c in chunks for r in c.header["Refused"]}
    empty = pl.DataFrame(schema=claims.HELD)
    later = resolve(arrived, nothing_held(record_type), Mac(b"made up"), lambda _: empty).refused
    return here | {(arrived.place["_source_row"][row], rule) for row, rule, _ in later}


def nothing_held(record_type: str) -> pl.DataFrame:
    """Current rows of a dataset that has none, as sinks.provincial.records.rows gives them."""
    columns = {c.field: c.dtype for c in tables.table(record_type).columns}
    ours = {n: pl.String() for n in ("_dataset", "_identity", "row_hash", "Vendor")}
    return pl.DataFrame(schema=ours | {f: columns[f] for f in fields_asked(record_type)})


@pytest.mark.parametrize(
    ("record_type", "rule", "records"),
    [(t, r, rs) for t, r, _, rs in CASES],
    ids=[f"{c[0]} {c[2]}" for c in CASES],
)
def test_the_same_records_are_refused_however_a_push_is_cut(
    record_type: str, rule: str, records: list[dict[str, Any]]
) -> None:
    ways = [refused(record_type, records, size) for size in range(1, len(records) + 1)]
    assert all(way == ways[0] for way in ways)
    assert rule in {r for _, r in ways[0]}


@pytest.mark.parametrize(("record_type", "rule"), [(c[0], c[1]) for c in CASES[:3]])
def test_the_adapters_refuse_the_same(record_type: str, rule: str) -> None:
    schema = columnar.frame_schema(record_type)
    frame = pl.DataFrame([{"ClientId": c} for c in "abacab"], schema={"ClientId": schema["ClientId"]})
    table = SourceTable(record_type, "", "", frame.with_columns(pl.Series(ROW, range(1, 7), dtype=pl.Int32)))
    (kept,) = refuse_repeated([table])
    assert [(r["Row"], r["Rule"]) for r in kept.refused.to_dicts()] == [(3, rule), (5, rule), (6, rule)]
    records = next(c[3] for c in CASES if c[0] == record_type)
    assert {r for r, _ in refused(record_type, records, 6)} == {3, 5, 6}
