"""Words that rules are made of: polars expressions over the columns of a record."""

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from schemas.codes import children
from schemas.contracts.contracts import RecordType
from schemas.rules.rule import NAM_HOC, Rule, warn


def blank(name: str, dtype: str = "string") -> pl.Expr:
    """Nothing given: null, or a text of spaces. ``dtype`` is the field's avro_type."""
    column = pl.col(name)
    if dtype == "string":
        return column.is_null() | (column.str.strip_chars() == "")
    if dtype.startswith("array"):
        return column.is_null() | (column.list.len() == 0)
    return column.is_null()


def given(name: str, dtype: str = "string") -> pl.Expr:
    """The contrary of blank."""
    return ~blank(name, dtype)


def among(name: str, codes: Collection[Any]) -> pl.Expr:
    """The value is one of these."""
    return pl.col(name).is_in(list(codes))


def age(birth: str) -> pl.Expr:
    """Age in the first calendar year of the school year, as schools count it."""
    return pl.col(NAM_HOC) - pl.col(birth).dt.year()


def year_start(month: int, day: int, years_later: int = 0) -> pl.Expr:
    """A date in the school year's first calendar year, or some years later."""
    return pl.date(pl.col(NAM_HOC) + years_later, month, day)


def condition(when: Mapping[str, Any], record: RecordType) -> pl.Expr:
    """A ``required_when`` of a contract as an expression. Raises ValueError for another grammar."""
    match when:
        case {"all": [*parts]}:
            return pl.all_horizontal(*(condition(p, record) for p in parts))
        case {"any": [*parts]}:
            return pl.any_horizontal(*(condition(p, record) for p in parts))
        case {"field": str(name), "in": [True]}:
            return pl.col(name).fill_null(False)
        case {"field": str(name), "in": [*codes]}:
            return among(name, codes).fill_null(False)
        case {"field": str(name), "given": bool(wanted)}:
            dtype = record.field(name).avro_type
            return given(name, dtype) if wanted else blank(name, dtype)
        case other:
            raise ValueError(f"not a condition: {other!r}")


def places_belong_together(
    rule_id: str, record_type: str, province: str, district: str, commune: str | None
) -> list[Rule]:
    """Commune in its district, district in its province, for the province whose lists are held."""
    found = []
    pairs = [(province, district, "HUYEN")] + ([(district, commune, "XA")] if commune else [])
    for parent, child, codelist in pairs:
        known = children(codelist)
        inside = pl.any_horizontal(
            *((pl.col(parent) == up) & among(child, codes) for up, codes in known.items())
        )
        found.append(
            warn(
                rule_id,
                record_type,
                f"{parent} {child}",
                "Xã không thuộc huyện hoặc huyện không thuộc tỉnh đã khai. Chọn lại theo đúng cấp.",
                "Commune, district and province do not belong together. Pick them again from top to bottom.",
                among(parent, known) & (pl.col(child) != "") & ~inside,
                needs=f"{parent} {child}",
                condition="commune belongs to the district and the district to the province given",
            )
        )
    return found
