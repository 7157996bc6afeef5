"""The catalogue of rules: derived from the contracts, and written beside them in ``records/<Type>/rules.py``.

One catalogue serves the vendor's preflight, the stream, the check of whole versions and the rule book.
"""

import importlib.util
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

from schemas.contracts.contracts import Severity, record, record_types
from schemas.contracts.contracts_folder import contracts_folder
from schemas.datasets import PERIODS
from schemas.encoding.columnar import frame_schema
from schemas.organisation import province
from schemas.rules.derived import derived
from schemas.rules.evaluate import fired, violations
from schemas.rules.rule import COUNT, NAM_HOC, PERIOD, PROVINCE, REFUSED, Lookup, Rule

__all__ = [
    "Lookup",
    "Rule",
    "all_rules",
    "fields_read",
    "in_context",
    "rules",
    "violations",
    "violations_of_version",
]

BLOCKING: Final[tuple[Severity, ...]] = ("block",)
DATASET: Final = "dataset_id"
REFUSED_BEFORE: Final[tuple[int, Severity]] = (1, "block")
"""Tier and severity of the rules whose violators the stream has refused."""
TIERS: Final = (1, 2, 3)

FINDINGS: Final = pl.Schema(
    {
        DATASET: pl.String(),
        "type": pl.String(),
        "index": pl.UInt32(),
        "identity": pl.String(),
        "rule": pl.String(),
        "severity": pl.String(),
        "fields": pl.List(pl.String()),
    }
)


def rules(
    record_type: str, tiers: Collection[int] = (1,), severities: Collection[Severity] = BLOCKING
) -> list[Rule]:
    """Rules of a record type, derived ones first."""
    return [
        r for r in _rules(contracts_folder(), record_type) if r.tier in tiers and r.severity in severities
    ]


def all_rules() -> list[Rule]:
    """Every rule of every type."""
    return [rule for t in record_types() for rule in _rules(contracts_folder(), t)]


def in_context(
    records: pl.DataFrame, headers: Sequence[Mapping[str, Any]], lengths: Sequence[int]
) -> pl.DataFrame:
    """Records of several chunks with the context that rules ask for, taken from the chunks' headers
    and the province.

    Raises ProblemList (ORG-PROVINCE).

    ``lengths[i]`` rows belong to ``headers[i]`` (NamHoc, LoaiDongBo), in order.
    """
    here = pl.lit(province.here().code).alias(PROVINCE)
    contexts = [(h["NamHoc"], PERIODS.get(h["LoaiDongBo"])) for h in headers]
    if len(set(contexts)) == 1:
        year, period = contexts[0]
        return records.with_columns(
            pl.lit(year, dtype=pl.Int32).alias(NAM_HOC), pl.lit(period, dtype=pl.String).alias(PERIOD), here
        )
    repeated = [context for context, n in zip(contexts, lengths, strict=True) for _ in range(n)]
    return records.with_columns(
        pl.Series(NAM_HOC, [c[0] for c in repeated], dtype=pl.Int32),
        pl.Series(PERIOD, [c[1] for c in repeated], dtype=pl.String),
        here,
    )


def violations_of_version(
    frames: Mapping[str, pl.DataFrame],
    refused: Mapping[tuple[str, str], int] | None = None,
    declared: Mapping[tuple[str, str], int] | None = None,
    skip: tuple[int, Severity] | None = REFUSED_BEFORE,
    tiers: Collection[int] = TIERS,
) -> pl.DataFrame:
    """What is wrong with whole versions of one or many datasets, by the rules of these tiers.

    ``frames`` holds, by type, all records with a ``dataset_id`` column (and ``identity``, if the findings
    shall carry it). Control totals are compared with ``declared``, records by (dataset, type) of what the
    push brought (of all in ``frames`` where it does not say), and may count ``refused`` ones too. Tier-1
    blocking rules are skipped: the stream refused what violates them. Returns FINDINGS; ``index`` is the row
    in the frame of the type.
    """
    counts = _counts(frames, refused or {}, declared or {})
    found = []
    for record_type, frame in frames.items():
        scoped = _with_dataset_context(frame, counts)

        def complete(scope: pl.DataFrame, wanted: Sequence[Rule]) -> pl.DataFrame:
            return _looked_up(scope, wanted, frames)

        for f in fired(scoped, _asked(record_type, skip, tiers), complete):
            at = frame.select(
                DATASET,
                pl.lit(record_type).alias("type"),
                _identity(frame),
                pl.lit(f.rule.id).alias("rule"),
                pl.lit(f.rule.severity).alias("severity"),
                pl.lit(f.rule.places, dtype=pl.List(pl.String)).alias("fields"),
            )
            found.append(at.with_row_index("index")[f.rows].select(FINDINGS.names()))
    return pl.concat(found).cast(FINDINGS) if found else FINDINGS.to_frame()


def fields_read(
    skip: tuple[int, Severity] | None = REFUSED_BEFORE, tiers: Collection[int] = TIERS
) -> dict[str, set[str]]:
    """Record type → the fields that ``violations_of_version`` looks at; the others need not be read."""
    return _fields_read(tuple((t, _asked(t, skip, tiers)) for t in record_types()))


@cache
def _fields_read(asked: Sequence[tuple[str, Sequence[Rule]]]) -> dict[str, set[str]]:
    named: dict[str, set[str]] = {t: set() for t, _ in asked}
    for record_type, of_type in asked:
        for rule in of_type:
            named[record_type] |= _named(rule, record_type)
            for look in rule.lookups:
                named[record_type].add(look.left_on)
                named[look.frame] |= {look.right_on, *look.columns}
    return {t: names & frame_schema(t).keys() for t, names in named.items()}


def _asked(record_type: str, skip: tuple[int, Severity] | None, tiers: Collection[int]) -> tuple[Rule, ...]:
    rules = _rules(contracts_folder(), record_type)
    return tuple(r for r in rules if r.tier in tiers and (skip is None or (r.tier, r.severity) != skip))


@cache
def _named(rule: Rule, record_type: str) -> frozenset[str]:
    """Columns of its record that a rule names: a nested one's by the list that it stands in."""
    asked = [rule.violated, *([] if rule.quick is None else [rule.quick])]
    if any(e.meta.has_multiple_outputs() for e in asked):  # pl.all() and its like name nothing
        return frozenset(frame_schema(record_type))
    return frozenset({*rule.path[:1], *rule.needs, *(name for e in asked for name in e.meta.root_names())})


def _identity(frame: pl.DataFrame) -> pl.Expr:
    return pl.col("identity") if "identity" in frame.columns else pl.lit("").alias("identity")


def _counts(
    frames: Mapping[str, pl.DataFrame],
    refused: Mapping[tuple[str, str], int],
    declared: Mapping[tuple[str, str], int],
) -> pl.DataFrame:
    """dataset_id, _count_<Type> and _refused_<Type> for every type."""
    datasets = [f.select(DATASET).unique() for f in frames.values()]
    counts = pl.concat(datasets).unique() if datasets else pl.DataFrame(schema={DATASET: pl.String})
    for record_type in record_types():
        rows = frames.get(record_type)
        held = {} if rows is None else dict(rows.group_by(DATASET).len().iter_rows())
        of = counts.get_column(DATASET)
        counts = counts.with_columns(
            pl.Series(
                f"{COUNT}{record_type}",
                [declared.get((d, record_type), held.get(d, 0)) for d in of],
                dtype=pl.Int64,
            ),
            pl.Series(
                f"{REFUSED}{record_type}", [refused.get((d, record_type), 0) for d in of], dtype=pl.Int64
            ),
        )
    return counts


def _with_dataset_context(frame: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col(DATASET).str.split(".")
    context = counts.with_columns(
        parts.list.get(1).cast(pl.Int32).alias(NAM_HOC),
        parts.list.get(2).alias(PERIOD),
        pl.lit(province.here().code).alias(PROVINCE),
    )
    return frame.join(context, on=DATASET, how="left", maintain_order="left")


def _looked_up(
    scope: pl.DataFrame, wanted: Sequence[Rule], frames: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """The scope with the columns of every lookup of these rules; each distinct lookup is done once."""
    for lookup in {look.key: look for rule in wanted for look in rule.lookups}.values():
        other = frames.get(lookup.frame)
        if other is None:
            other = pl.DataFrame(schema={DATASET: pl.String(), **frame_schema(lookup.frame)})
        columns = [pl.col(there).alias(here) for there, here in lookup.columns.items()]
        marker = [pl.lit(True).alias(lookup.exists)] if lookup.exists else []
        key = pl.col(lookup.right_on).cast(pl.String).alias("_key")
        right = (
            other.lazy()
            .select(DATASET, key, *columns, *marker)
            .filter(pl.col("_key").is_not_null())
            .unique([DATASET, "_key"], keep="first", maintain_order=True)
            .collect()
        )
        scope = scope.join(
            right,
            left_on=[DATASET, lookup.left_on],
            right_on=[DATASET, "_key"],
            how="left",
            maintain_order="left",
        )
        if lookup.exists:
            scope = scope.with_columns(pl.col(lookup.exists).fill_null(False))
    return scope


@cache
def _rules(root: Path, record_type: str) -> tuple[Rule, ...]:
    contract = record(record_type)
    return (*derived(contract), *_written(contract.folder / "rules.py", record_type))


def _written(path: Path, record_type: str) -> list[Rule]:
    """RULES of a record type's own module. The folder may lie outside this package."""
    if not path.exists():
        return []
    spec = importlib.util.spec_from_file_location(f"schemas.records.{record_type}.rules", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written: list[Rule] = module.RULES
    return written
