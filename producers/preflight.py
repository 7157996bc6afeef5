"""What would become of a push, without sending it: the catalogue that the stream applies, with places."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from producers.model import ROW, SourceTable, Target
from schemas.contracts.contracts import Severity
from schemas.errors import Problem, SourceLocation, catalogue
from schemas.rules.catalogue import all_rules, in_context, rules, violations

Verdict = Literal["refused", "warning"]


@dataclass(frozen=True)
class Finding:
    """One record and one rule. ``client_id`` is the vendor's own id, never a person's value."""

    verdict: Verdict
    record_type: str
    client_id: str
    place: SourceLocation
    rule: str
    message_vi: str
    message_en: str

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "verdict": self.verdict,
            "record_type": self.record_type,
            "client_id": self.client_id,
            "file": self.place.file,
            "sheet": self.place.sheet,
            "row": self.place.row,
            "fields": self.place.field,
            "rule": self.rule,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
        }


def check(tables: Sequence[SourceTable], warnings: Sequence[Problem], target: Target) -> list[Finding]:
    """All that would be refused or warned of in a push, by place."""
    found = []
    for table in tables:
        found += _already_refused(table)
        for severity in ("block", "warn"):
            found += _broken_rules(table, target, severity)
    found += [of_problem(p) for p in warnings]
    return sorted(
        found, key=lambda f: (f.verdict != "refused", f.place.file, f.place.sheet, f.place.row, f.rule)
    )


def explain(code: str) -> tuple[str, str]:
    """(Vietnamese, English) of a rule's id or an error's code; of an unknown one, the code itself.

    A refusal names no values, so the placeholders of an error's text stay open.
    """
    if code in catalogue():
        vi, en = (re.sub(r"\{\w+\}", "…", text) for text in catalogue()[code])
        return vi, en
    return next(((r.message_vi, r.message_en) for r in all_rules() if r.id == code), (code, code))


def _already_refused(table: SourceTable) -> list[Finding]:
    return [
        _finding("refused", table, client_id, row, fields, rule, *explain(rule))
        for client_id, row, rule, fields in table.refused.iter_rows()
    ]


def _broken_rules(table: SourceTable, target: Target, severity: Severity) -> list[Finding]:
    header = {"NamHoc": target.year, "LoaiDongBo": target.kind}
    frame = in_context(table.records, [header], [table.records.height])
    applied = rules(table.record_type, severities=(severity,))
    broken = violations(frame, applied)
    if broken.is_empty():
        return []
    texts = {r.id: (r.message_vi, r.message_en) for r in applied}
    has_id = "ClientId" in frame.columns
    places = frame.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("index"),
        (pl.col("ClientId") if has_id else pl.lit("")).alias("client_id"),
        ROW,
    )
    lines = broken.join(places, on="index", how="left", maintain_order="left")
    verdict: Verdict = "refused" if severity == "block" else "warning"
    return [
        _finding(verdict, table, client_id, row, fields, rule, *texts[rule])
        for rule, fields, client_id, row in lines.select("rule", "fields", "client_id", ROW).iter_rows()
    ]


def _finding(
    verdict: Verdict,
    table: SourceTable,
    client_id: str,
    row: int,
    fields: Sequence[str],
    rule: str,
    vi: str,
    en: str,
) -> Finding:
    place = SourceLocation(table.source, table.sheet, row, ", ".join(fields))
    return Finding(verdict, table.record_type, client_id, place, rule, vi, en)


def of_problem(problem: Problem) -> Finding:
    """A problem that stops nothing, as a finding."""
    return Finding("warning", "", "", problem.place, problem.code, *problem.messages())
