"""Pushes of made-up schools with faults strewn in at random, the same for a seed."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any

import polars as pl

from producers import files
from producers.client import PushReceipt, chunks_of, closing, totals
from producers.model import ROW, SourceTable, Target
from producers.synthetic import province, school
from schemas.days import today
from schemas.encoding import codec
from schemas.encoding.columnar import frame_schema
from schemas.organisation.organisation import Organisation
from schemas.organisation.units import Kind, Period, Unit
from schemas.rules import catalogue
from schemas.topics import in_topic
from streams.validation.verdict.header import RulesInForce
from streams.validation.verdict.input_messages import InputMessage, sort
from streams.validation.verdict.judge import judge

YEAR = 2019
MOST = {"HocSinh": 40, "CanBo": 20, "LopHoc": 8, "TruongHoc": 1}
FAULTS = 12
"""Of each type."""

NO_DAYS = (-719_600, -2_000_000, 3_000_000)
"""Days since 1970 of years that no calendar has."""

Values = list[Any]


def push(seed: int) -> tuple[Target, Organisation, list[SourceTable]]:
    """A school's records as a reader of files hands them on, some of them damaged."""
    rng = Random(seed)
    plans = province.plan(3)
    plan = plans[seed % len(plans)]
    target = Target(plan.vendor, plan.code, YEAR, "1")
    tables = []
    for record_type, frame in school.make(plan, 3).frames.items():
        schema = frame_schema(record_type)
        absent = [pl.lit(None, dtype=t).alias(n) for n, t in schema.items() if n not in frame.columns]
        records = frame.head(MOST[record_type]).with_columns(absent).select(list(schema))
        for _ in range(rng.randrange(FAULTS)):
            records = _damaged(records, rng)
        rows = pl.Series(ROW, range(1, records.height + 1), dtype=pl.Int32)
        records = records.hstack([rows])
        tables.append(SourceTable(record_type, f"{seed}.json", record_type, records, rows=rows))
    unit = Unit(plan.code, Kind.SCHOOL, (Period(date(2000, 1, 1), None, "Mẫu", plan.district),))
    return target, Organisation([unit]), files.arranged(tables, [], target).tables


def verdicts(seed: int, push_id: str) -> Iterator[bytes]:
    """What validation passes on of ``push(seed)``, its messages cut and judged otherwise than preflight does
    it: each alone."""
    target, known, tables = push(seed)
    rng = Random(seed)
    now = datetime.now(UTC)
    chunks = [value for _, value in chunks_of(tables, target, push_id, rng.choice([3, 17, 250]))]
    counts = totals(tables)
    sent = PushReceipt(push_id, target, len(chunks), now, now, counts, whole=sorted(counts))
    values = [*chunks, codec.encode("PushClosed", closing(sent))]
    in_force = RulesInForce(
        grant_fault=lambda *_: "",
        may_remove=lambda *_: False,
        awaits_first_push=lambda *_: False,
        is_school=lambda code, day: known.school(code, day) is not None,
        takes_year=lambda year, day: year == YEAR,
        takes_vendor=lambda *_: True,
        rules=catalogue.rules,
        violations=catalogue.violations,
    )
    for value in values:
        came = [InputMessage(value, in_topic(target.vendor), today())]
        (verdict,) = judge(sort(came), came, in_force)
        yield verdict.accepted


def _damaged(records: pl.DataFrame, rng: Random) -> pl.DataFrame:
    """One cell, or one record's cell copied to another."""
    flat = {name: dtype for name, dtype in records.schema.items() if not dtype.is_nested()}
    identifying = [n for n in flat if n.startswith(("Ma", "SoCmnd", "ClientId")) and records[n].count()]
    dates = [n for n, dtype in flat.items() if dtype == pl.Date]
    name = rng.choice(rng.choice([list(flat), identifying, dates or identifying]))
    row = rng.randrange(records.height)
    column = records[name]
    if column.dtype == pl.Date:
        days = column.to_physical().to_list()
        days[row] = rng.choice([None, 0, *NO_DAYS])
        return records.with_columns(pl.Series(name, days, dtype=pl.Int32).cast(pl.Date))
    values = column.to_list()
    another = rng.choice(values)
    values[row] = another if rng.random() < 0.4 else rng.choice(_SPOILT[column.dtype](values[row]))
    return records.with_columns(pl.Series(name, values, dtype=column.dtype))


def _texts(value: str | None) -> Values:
    text = value or "Ạ"
    return [None, "", " ", "-", f"{text}\x00", text * 201, f" {text} ", text.lower(), "99", "không"]


_SPOILT: dict[Any, Callable[[Any], Values]] = {
    pl.String: _texts,
    pl.Boolean: lambda value: [None, not value],
    pl.Int32: lambda value: [None, -1, 2**31 - 1],
    pl.Int64: lambda value: [None, -1, 2**63 - 1],
    pl.Float64: lambda value: [None, float("nan"), float("-inf"), -0.0, 1e300],
}
