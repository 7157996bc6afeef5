"""Running rules over a frame: first one question to all of them, then a closer look at those that said yes.

Nearly every chunk is clean, so the first pass decides the speed: rules whose columns are empty throughout are
left out, the others are asked in one select for "any?", by their quick expression where they have one.
Records nested in lists are unpacked once a list, and the rules about them run over the unpacked frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl

from schemas.pointers import MOST_PLACES
from schemas.rules.rule import INDEX, Rule

VIOLATIONS: Final = pl.Schema({"index": pl.UInt32(), "rule": pl.String(), "fields": pl.List(pl.String())})

Complete = Callable[[pl.DataFrame, Sequence[Rule]], pl.DataFrame]
"""Adds the columns that these rules look up elsewhere."""


@dataclass(frozen=True, eq=False)
class _Fired:
    rule: Rule
    rows: pl.Series


def violations(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Rows (index, rule, fields), by index: which record violates which rule, and in which fields; those of
    nested records with their items (``DsMonHoc[3].MaMonHoc``).

    ``frame`` has the record's columns and the context columns; rules look nothing up. Raises polars'
    ColumnNotFoundError if the context is not there (see catalogue.in_context).
    """
    found = fired(frame, rules)
    if not found:
        return VIOLATIONS.to_frame()
    parts = [_of_items(frame, f.rule) if f.rule.path else _of_records(f) for f in found]
    return pl.concat(parts).sort("index", maintain_order=True)


def fired(frame: pl.DataFrame, rules: Sequence[Rule], complete: Complete | None = None) -> list[_Fired]:
    """Rules that some record violates, each with the rows of the frame."""
    if frame.is_empty():
        return []
    found: list[_Fired] = []
    for path, group in _by_path(tuple(rules)).items():
        scope = unpack(frame, path)
        if scope is None:
            continue
        empty = {name for name in scope.columns if _empty(scope, name)}
        suspects = [r for r in group if empty.isdisjoint(r.needs)]
        if complete is not None:
            scope = complete(scope, suspects)
        for rule in _suspicious(scope, suspects):
            rows = _rows(scope, rule)
            if not rows.is_empty():
                found.append(_Fired(rule, rows))
    return found


def _of_records(found: _Fired) -> pl.DataFrame:
    fields = pl.lit(found.rule.places, dtype=pl.List(pl.String))
    return pl.DataFrame({"index": found.rows.cast(pl.UInt32)}).with_columns(
        rule=pl.lit(found.rule.id), fields=fields
    )


def _of_items(frame: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    """Looked for again where a rule fired: numbers of items cost what hardly any chunk needs."""
    scope = unpack(frame, rule.path, numbered=True)
    assert scope is not None
    item = pl.format(".".join(f"{name}[{{}}]" for name in rule.path), *map(_number, rule.path))
    places = pl.concat_list(pl.format("{}." + name, item) for name in rule.fields)
    return (
        scope.filter(rule.violated.fill_null(False))
        .select(pl.col(INDEX).cast(pl.UInt32).alias("index"), places.alias("fields"))
        .group_by("index", maintain_order=True)
        .agg(pl.col("fields").explode().head(MOST_PLACES))
        .select("index", pl.lit(rule.id).alias("rule"), "fields")
    )


def _number(name: str) -> str:
    """Column of an item's number in the list of this name, from 0."""
    return f"_item_{name}"


def unpack(frame: pl.DataFrame, path: tuple[str, ...], *, numbered: bool = False) -> pl.DataFrame | None:
    """The records nested at a path, one row each, with the columns of the record they stand in that are not
    theirs; None if there are none. Column ``_index`` is the row of ``frame``; ``numbered``: a column more for
    each list, with the item's number."""
    if not path:
        return frame
    if _empty(frame, path[0]):
        return None
    scope = frame.with_row_index(INDEX)
    for name in path:
        scope = scope.filter(pl.col(name).list.len() > 0)
        if scope.is_empty():
            return None
        inner = scope.schema[name]
        assert isinstance(inner, pl.List) and isinstance(inner.inner, pl.Struct)
        theirs = {f.name for f in inner.inner.fields}
        scope = scope.drop(theirs & set(scope.columns) - {name})
        numbers = [_number(name)] if numbered else []
        scope = scope.with_columns(pl.int_ranges(pl.col(name).list.len()).alias(n) for n in numbers)
        scope = scope.explode(name, *numbers).unnest(name)
    return scope


@lru_cache(maxsize=64)
def _by_path(rules: tuple[Rule, ...]) -> dict[tuple[str, ...], list[Rule]]:
    groups: dict[tuple[str, ...], list[Rule]] = {}
    for rule in rules:
        groups.setdefault(rule.path, []).append(rule)
    return groups


def _empty(scope: pl.DataFrame, name: str) -> bool:
    column = scope.get_column(name)
    return column.null_count() == len(column)


def _suspicious(scope: pl.DataFrame, rules: Sequence[Rule]) -> list[Rule]:
    if not rules:
        return []
    asked = [
        (rule.violated.any() if rule.quick is None else rule.quick).alias(str(i))
        for i, rule in enumerate(rules)
    ]
    answers = scope.select(asked).row(0)
    return [rule for rule, answer in zip(rules, answers, strict=True) if answer]


def _rows(scope: pl.DataFrame, rule: Rule) -> pl.Series:
    """Rows of the frame at fault, each once."""
    violated = scope.select(rule.violated.fill_null(False).alias("v")).get_column("v")
    if rule.path:
        return scope.get_column(INDEX).filter(violated).unique(maintain_order=True)
    return violated.arg_true()
