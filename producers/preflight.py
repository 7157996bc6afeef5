"""What is said of a push before it is sent: findings with their places, and what would be warned of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import polars as pl

from producers.model import ROW, SourceTable, Target
from schemas.contracts.contracts import Severity
from schemas.errors import Problem, SourceLocation, catalogue, shown
from schemas.rules.catalogue import all_rules, in_context, rules, violations

Verdict = Literal["refused", "blocking", "warning"]
"""``blocking``: taken, but the version that holds it cannot be confirmed."""
ORDER: Final[Sequence[Verdict]] = ("refused", "blocking", "warning")
WARNING: Final[tuple[Severity, ...]] = ("warn",)


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
            "pointer": self.place.pointer,
            "rule": self.rule,
            "message_vi": self.message_vi,
            "message_en": self.message_en,
        }


def warned(tables: Sequence[SourceTable], problems: Sequence[Problem], target: Target) -> list[Finding]:
    """Doubts of the adapters, and the rules that warn."""
    return [*(f for table in tables for f in _broken_rules(table, target)), *map(of_problem, problems)]


def by_place(found: Sequence[Finding]) -> list[Finding]:
    """What would be refused first, each in the order of the files."""
    return sorted(
        found, key=lambda f: (ORDER.index(f.verdict), f.place.file, f.place.sheet, f.place.row, f.rule)
    )


def finding(
    verdict: Verdict,
    record_type: str,
    header: Mapping[str, Any],
    client_id: str,
    row: int,
    rule: str,
    fields: Sequence[str],
) -> Finding:
    """What is said of one record of a chunk, whose ``header`` says its Source and Sheet."""
    place = SourceLocation(header.get("Source", ""), header.get("Sheet", ""), row, ", ".join(fields))
    return Finding(verdict, record_type, shown(client_id), place, rule, *explain(rule))


def pointed(found: Sequence[Finding], tables: Sequence[SourceTable]) -> list[Finding]:
    """The same, those of records in JSON with their JSON pointers."""
    within = {(table.source, table.sheet): table for table in tables if table.json}
    return [replace(f, place=_pointed(f.place, within)) for f in found] if within else list(found)


def _pointed(place: SourceLocation, within: Mapping[tuple[str, str], SourceTable]) -> SourceLocation:
    table = within.get((place.file, place.sheet))
    if table is None or not place.row or place.pointer:
        return place
    whole = place.field.split(", ") if place.field else []
    return replace(
        table.place(place.row, *(whole[:-1] if place.field.endswith("…") else whole)), field=place.field
    )


def explain(code: str) -> tuple[str, str]:
    """(Vietnamese, English) of a rule's id or an error's code; of an unknown one, the code itself.

    A refusal names no values, so the placeholders of an error's text stay open.
    """
    if code in catalogue():
        vi, en = (re.sub(r"\{\w+\}", "…", text) for text in catalogue()[code])
        return vi, en
    return next(((r.message_vi, r.message_en) for r in all_rules() if r.id == code), (code, code))


def _broken_rules(table: SourceTable, target: Target) -> list[Finding]:
    header = {"NamHoc": target.year, "LoaiDongBo": target.kind}
    frame = in_context(table.records, [header], [table.records.height])
    applied = rules(table.record_type, severities=WARNING)
    broken = violations(frame, applied)
    if broken.is_empty():
        return []
    texts = {r.id: (r.message_vi, r.message_en) for r in applied}
    ids = frame["ClientId"] if "ClientId" in frame.columns else pl.Series([""] * frame.height)
    return [
        Finding(
            "warning",
            table.record_type,
            shown(ids[index] or ""),
            table.place(frame[ROW][index], *fields),
            rule,
            *texts[rule],
        )
        for index, rule, fields in broken.select("index", "rule", "fields").iter_rows()
    ]


def of_problem(problem: Problem) -> Finding:
    """A problem that stops nothing, as a finding."""
    return Finding("warning", "", "", problem.place, problem.code, *problem.messages())
