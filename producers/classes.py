"""Codes that a first push lacks: issue them, and rewrite the references that name the thing instead.

A class without MaLopHoc gets the issued one; a pupil who names the class by its ClientId or its name gets the
class's code. A list that names classes only (vnEdu) gets the code its name would be issued, so that it fits
the classes pushed before or beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from producers.model import SourceTable, Target, concat_faults, faults_of
from schemas.contracts.contracts import Field, RecordType, record, record_types
from schemas.issued_codes import fold, issue

AMBIGUOUS: Final = "CELL-107"


@dataclass(frozen=True)
class _Names:
    """How a record of some type can be named in one push: code, ClientId or folded name → code."""

    codes: frozenset[str]
    by_client: Mapping[str, str]
    by_name: Mapping[str, str]
    ambiguous: frozenset[str]


def resolve(tables: Sequence[SourceTable], target: Target) -> list[SourceTable]:
    """Tables with issued codes and references rewritten. An ambiguous name refuses its record (CELL-107)."""
    issued = [_issue(t, target) for t in tables]
    names = {t: _names(t, issued) for t in record_types() if record(t).issue}
    return [_with_grades(_rewrite(t, names, target), issued) for t in issued]


def _issue(table: SourceTable, target: Target) -> SourceTable:
    records = table.records
    for name, rule in record(table.record_type).issue.items():
        codes = pl.Series(name, issue(rule, _columns(rule["from"], records, target)), dtype=pl.String)
        records = records.with_columns(pl.col(name).fill_null(codes))
    return replace(table, records=records)


def _columns(names: Sequence[str], records: pl.DataFrame, target: Target) -> dict[str, Sequence[object]]:
    """Columns of a rule's ``from``: the record's own, else what the push says of all (school, year)."""
    of_push: dict[str, object] = {"MaTruongHoc": target.school, "NamHoc": target.year}
    return {n: records[n].to_list() if n in records.columns else [of_push[n]] * records.height for n in names}


def _own_name(contract: RecordType) -> tuple[str, str]:
    """(code field, name field) of a type with issued codes: LopHoc → (MaLopHoc, TenLopHoc)."""
    code, rule = next(iter(contract.issue.items()))
    own = {f.name for f in contract.fields}
    return code, next(n for n in rule["from"] if n in own)


def _names(record_type: str, tables: Sequence[SourceTable]) -> _Names:
    code, name = _own_name(record(record_type))
    rows = [
        row
        for t in tables
        if t.record_type == record_type
        for row in t.records.select(code, "ClientId", name).unique(maintain_order=True).iter_rows()
    ]
    by_client: dict[str, str] = {}
    by_name: dict[str, str] = {}
    ambiguous = set()
    for own_code, client, own_name in rows:
        if own_code is None:
            continue
        by_client.setdefault(client, own_code)
        if own_name and by_name.setdefault(fold(own_name), own_code) != own_code:
            ambiguous.add(fold(own_name))
    return _Names(frozenset(r[0] for r in rows if r[0]), by_client, by_name, frozenset(ambiguous))


def _rewrite(table: SourceTable, names: Mapping[str, _Names], target: Target) -> SourceTable:
    records, faults = table.records, []
    for f in record(table.record_type).fields:
        referred = (f.references or "").split(".")[0]
        if referred in names and f.avro_type == "string":
            column, bad = _rewritten(records[f.name], f, referred, names[referred], table.by_name, target)
            records = records.with_columns(column)
            faults.append(bad)
    return replace(table, records=records).refuse(concat_faults(faults))


def _rewritten(
    column: pl.Series, f: Field, referred: str, names: _Names, by_name: bool, target: Target
) -> tuple[pl.Series, pl.DataFrame]:
    """Each value is, in this order: a code, a ClientId, a name; in a list of names: a name."""
    given = column.drop_nulls().unique(maintain_order=True).to_list()
    known, ambiguous = {}, []
    for value in given:
        if not by_name and value in names.codes:
            known[value] = value
        elif not by_name and value in names.by_client:
            known[value] = names.by_client[value]
        elif fold(value) in names.ambiguous:
            ambiguous.append(value)
        elif by_name and fold(value) not in names.by_name:
            known[value] = _by_name_alone(referred, value, target) or value
        else:
            known[value] = names.by_name.get(fold(value), value)
    read = column.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)
    bad = column.is_in(ambiguous).fill_null(value=False)
    return read.alias(f.name), faults_of(AMBIGUOUS, f.name, bad)


def _by_name_alone(record_type: str, value: str, target: Target) -> str | None:
    """The code a class of this name is issued, when the push does not hold the class."""
    contract = record(record_type)
    name = _own_name(contract)[1]
    rule = next(iter(contract.issue.values()))
    of_push: dict[str, object] = {"MaTruongHoc": target.school, "NamHoc": target.year, name: value}
    return issue(rule, {n: [of_push[n]] for n in rule["from"]})[0]


def _with_grades(table: SourceTable, tables: Sequence[SourceTable]) -> SourceTable:
    """A list of names has no grade column: the class's own grade goes before what its name suggests."""
    if not table.by_name:
        return table
    grades: dict[str, str] = {}
    for t in tables:
        if t.record_type == "LopHoc":
            grades |= dict(t.records.select("MaLopHoc", "KhoiHoc").drop_nulls().iter_rows())
    of_class = pl.col("MaLopHocDn").replace_strict(
        list(grades), list(grades.values()), default=None, return_dtype=pl.String
    )
    return replace(
        table, records=table.records.with_columns(pl.coalesce(of_class, "KhoiHoc").alias("KhoiHoc"))
    )
