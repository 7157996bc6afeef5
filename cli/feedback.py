"""`csdl push-report`, and what preflight shares with it: a report by cell, csv, and the file with marks."""

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from access import audit
from access.documents import whole_file
from cli.adapters import column_option
from cli.answers import json_option, print_json, say, tell
from producers import files
from producers.feedback import back, own, stored, told
from producers.feedback.places import Located, by_cell, located
from producers.layouts import known as known_layouts
from producers.lists.answers import parsed
from producers.model import SourceTable, Target
from producers.preflight import of_problem
from readings import reports
from readings.database import database
from runtime.settings import Settings
from schemas import datasets
from schemas.datasets import PERIODS
from schemas.errors import Problem, ProblemList, SourceLocation

NOT_OVER_IT: Final = "BACK-002"
SEVERAL_PUSHES: Final = "BACK-004"
ONE_AT_A_TIME: Final = "BACK-005"
UNWRITABLE: Final = "BACK-006"
UNCHECKED: Final = "BACK-202"
NOT_NAMED: Final = "BACK-203"
ROW_UNKNOWN: Final = "BACK-204"

SHOWN: Final = 50
"""Findings printed on a terminal; --json and --csv have them all."""

KINDS: Final = {period: kind for kind, period in PERIODS.items()}

_OUT: Final = click.Path(path_type=Path, dir_okay=False)


def outputs(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where a report and a marked copy are written to."""
    report = click.option(
        "--csv", "report", type=_OUT, help="Ghi báo cáo ra tệp CSV — write the report as csv."
    )
    marked = click.option(
        "--marked",
        type=_OUT,
        help="Ghi bản sao của tệp, ô sai được tô màu và ghi chú — write a copy of the file with marks.",
    )
    return report(marked(command))


def write(
    found: Sequence[Located],
    tables: Sequence[SourceTable],
    paths: Sequence[Path],
    report: Path | None,
    marked: Path | None,
) -> list[Problem]:
    """Write what was asked for; what is to be told of it. Raises ProblemList: then a copy was not written."""
    found = by_cell(found)
    if report is not None:
        _write(report, as_csv(found), paths)
    if marked is None:
        return []
    if len(paths) != 1:
        raise ProblemList([Problem(ONE_AT_A_TIME)])
    (path,) = paths
    copy = back.copy(path.name, files.content(path), found, tables, marked.suffix)
    _write(marked, copy.data, paths)
    return copy.warnings


def write_problems(
    problems: Sequence[Problem], paths: Sequence[Path], report: Path | None, marked: Path | None
) -> None:
    """The same for files that cannot be read as lists: their captions are marked where that can be."""
    refused = [replace(of_problem(p), verdict="refused") for p in problems]
    with suppress(ProblemList):  # what is wrong with the file is told already
        write(located(refused, []), [], paths, report, marked)


def as_csv(found: Sequence[Located]) -> bytes:
    """The report as csv, a line a finding; nothing in it is taken for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("Tệp", *told.HEAD))
    for f in found:
        writer.writerow([own.guard(text) for text in (f.finding.place.file, *told.line(f))])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _write(path: Path, data: bytes, given: Sequence[Path]) -> None:
    if any(path.exists() and g.exists() and path.samefile(g) for g in given):
        raise ProblemList([Problem(NOT_OVER_IT, params={"path": str(path)})])
    try:
        whole_file.write(path, data)
    except OSError:
        raise ProblemList([Problem(UNWRITABLE, params={"path": str(path)})]) from None


@click.command("push-report")
@click.argument("push_id")
@click.option(
    "--file",
    "paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Tệp đã gửi, để biết ô — a file that was sent, to learn cells. Repeatable.",
)
@column_option
@outputs
@json_option
def push_report(
    push_id: str,
    paths: tuple[Path, ...],
    columns: tuple[str, ...],
    report: Path | None,
    marked: Path | None,
    as_json: bool,
) -> None:
    """Báo cáo một lần đẩy theo dòng của tệp — what was refused and found, by row of the file it came from."""
    with database("csdl push-report") as conn:
        pushes, refused, checked = reports.of_push(conn, push_id)
        if refused or checked:
            audit.record_operators(conn, audit.Kind.LOOKED, act="push-report", subject=push_id)
    if not pushes:
        raise ProblemList([Problem("SEND-002", params={"push_id": push_id})])
    tables, doubts = _read(pushes, paths, columns)
    findings = [*stored.findings(refused, checked, tables), *map(of_problem, doubts)]
    found = by_cell(located(findings, tables))
    warnings = _warnings(pushes, found, paths)
    warnings += write(found, tables, paths, report, marked)
    if as_json:
        print_json({"findings": [f.as_dict() for f in found], "warnings": [w.as_dict() for w in warnings]})
        return
    print_found(found)
    say(warnings)


def print_found(found: Sequence[Located]) -> None:
    """Findings, two lines each and one for the other language."""
    for f in found[:SHOWN]:
        place, verdict = f.finding.place, told.VERDICT_VI[f.finding.verdict]
        at = SourceLocation(place.file, place.sheet, place.row, f.captions)
        tell(f"{f.finding.rule} {verdict} {f.finding.client_id} · {f.address or '–'} · {at}")
        tell(f"  {f.finding.message_vi}", f"  {f.finding.message_en}")
    if len(found) > SHOWN:
        tell(f"… +{len(found) - SHOWN} (--json, --csv)")
    errors, records = told.refusals(found)
    tell(
        f"{records} bản ghi bị từ chối vì {errors} lỗi, {len(found) - errors} điều cần xem lại",
        f"{records} records are refused for {errors} errors; {len(found) - errors} other findings",
    )


def _read(
    pushes: Sequence[reports.Row], paths: Sequence[Path], columns: Sequence[str]
) -> tuple[list[SourceTable], list[Problem]]:
    """The files as they were read for the push, with the same word on their columns: tables and what its
    reader doubted."""
    if not paths:
        return [], []
    if len(pushes) > 1:
        raise ProblemList([Problem(SEVERAL_PUSHES)])
    school, year, period = datasets.split(pushes[0]["dataset_id"])
    target = Target(pushes[0]["vendor"], school, year, KINDS[period], columns=parsed(columns))
    reading = files.read(paths, target, known_layouts(Settings()))
    return reading.tables, reading.warnings


def _warnings(
    pushes: Sequence[reports.Row], found: Sequence[Located], paths: Sequence[Path]
) -> list[Problem]:
    out = [
        Problem(UNCHECKED, SourceLocation(field=p["dataset_id"]))
        for p in pushes
        if p["version"] and not p["checked_at"]
    ]
    named = {f.finding.place.file for f in found}
    out += [Problem(NOT_NAMED, params={"file": p.name}) for p in paths if found and p.name not in named]
    unknown = sum(not f.finding.place.row and f.finding.client_id != "" for f in found)
    if unknown and not paths:
        out.append(Problem(ROW_UNKNOWN, params={"count": unknown}))
    return out
