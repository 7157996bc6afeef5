"""`csdl push`, `csdl preflight`: a vendor's files for one school, sent or only judged."""

import sys
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from cli import feedback
from cli.adapters import column_option
from cli.answers import REFUSED, json_option, print_json, say, tell
from cli.schools import schools
from producers import accounting, envelope, files
from producers.accounting import RowsRead
from producers.client import PushClient, totals
from producers.feedback.places import located
from producers.layouts import known as known_layouts
from producers.lists.answers import parsed
from producers.model import Reading, Target
from producers.preflight import Verdict, of_problem
from rehearsal.rehearse import of_reading
from runtime import terms
from runtime.clock import ask_if_reachable
from runtime.settings import Settings
from schemas.contracts.contracts import record, record_types
from schemas.days import today
from schemas.errors import Problem, ProblemList, SourceLocation

SHOWN = 50
"""Findings printed on a terminal; --json and --csv have them all."""

VERDICTS: Final[Mapping[Verdict, str]] = {
    "refused": "từ chối/refused",
    "blocking": "chặn xác nhận/blocking",
    "warning": "cảnh báo/warning",
}

UNKNOWN: Final = ("grant", "identities", "versions")
"""What no file says, and preflight therefore cannot."""
UNKNOWN_VI: Final = (
    "Chưa biết ở đây: quyền đẩy của phần mềm, mã nào đã thuộc về người khác trong tỉnh, dữ liệu đang có."
)
UNKNOWN_EN: Final = (
    "Not known here: the vendor's grant, whose codes and numbers others have, what is held already."
)


def _options(command: Any) -> Any:
    """What a push and a preflight are told alike."""
    for add in (
        click.argument("paths", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path)),
        click.option("--kind", default="1", show_default=True, help="1 start of year, 2 changes, 3 end."),
        click.option("--year", type=int, required=True, help="First calendar year of the school year."),
        click.option("--school", required=True, help="Ministry code of the school."),
        click.option("--vendor", required=True, help="Vendor whose files these are."),
        click.option(
            "--part",
            "parts",
            multiple=True,
            type=click.Choice(record_types()),
            help="Type of which the files hold a part only; else they are its whole list. Repeatable.",
        ),
        column_option,
        json_option,
    ):
        command = add(command)
    return command


@click.command()
@_options
@click.option("--push-id", help="Id of an earlier sending that is to be repeated.")
@click.option("--dry-run", is_flag=True, help="Say what would become of it and send nothing.")
def push(
    vendor: str,
    school: str,
    year: int,
    kind: str,
    paths: tuple[Path, ...],
    as_json: bool,
    push_id: str | None,
    parts: tuple[str, ...],
    columns: tuple[str, ...],
    dry_run: bool,
) -> None:
    """Gửi tệp của một trường — send a vendor's files for one school as one push.

    Files are the whole list of each type that they hold: what they lack is listed as absent, and stays.
    """
    settings, target = Settings(), Target(vendor, school, year, kind, columns=parsed(columns))
    reading = _read(settings, target, paths, push_id)
    if dry_run:
        _report(settings, target, reading, parts, as_json, paths)
        return
    with PushClient(settings, vendor) as client:
        receipt = client.push(school, year, kind, reading.tables, push_id, parts=parts)
    rows_read = accounting.told(reading.tables)
    if as_json:
        print_json(
            {
                "push_id": receipt.push_id,
                "chunks": receipt.chunks,
                "records": receipt.records,
                "whole": receipt.whole,
                "refused_before_sending": receipt.refused,
                "rows": [r.as_dict() for r in rows_read],
                "codemaps": reading.codemaps,
                "warnings": [w.as_dict() for w in [*reading.warnings, *reading.unsaid, *receipt.warnings]],
            }
        )
        return
    _say_rows(rows_read)
    say(reading.warnings[:SHOWN])
    _say_more(len(reading.warnings))
    total, left_out = sum(receipt.records.values()), sum(receipt.refused.values())
    push_id, chunks = receipt.push_id, receipt.chunks
    tell(f"Đã gửi lần đẩy {push_id}: {total} bản ghi trong {chunks} gói, {left_out} đã bị từ chối.")
    tell(f"Push {push_id} is sent: {total} records in {chunks} chunks, {left_out} refused already.")
    tell(f"Kết quả — what becomes of it: csdl push-status {push_id}")
    say([*reading.unsaid, *receipt.warnings])


@click.command()
@_options
@feedback.outputs
def preflight(
    vendor: str,
    school: str,
    year: int,
    kind: str,
    paths: tuple[Path, ...],
    as_json: bool,
    parts: tuple[str, ...],
    columns: tuple[str, ...],
    report: Path | None,
    marked: Path | None,
) -> None:
    """Kiểm tra tệp, không gửi — say what would be refused or warned of, with its place.

    Exit 1 if something would be refused.
    """
    target = Target(vendor, school, year, kind, columns=parsed(columns))
    settings = Settings()
    try:
        reading = _read(settings, target, paths, None)
    except ProblemList as error:
        feedback.write_problems(error.problems, paths, report, marked)
        raise
    _report(settings, target, reading, parts, as_json, paths, report, marked)


def _read(settings: Settings, target: Target, paths: tuple[Path, ...], push_id: str | None) -> Reading:
    """The files. Raises ProblemList: all that is wrong with them and with the push itself."""
    problems = []
    known = schools(settings, target)
    if push_id is not None and not _is_uuid(push_id):
        problems.append(Problem("SEND-003"))
    day = today()
    if not (settings.takes_vendor(target.vendor, day) and settings.takes_year(target.year, day)):
        terms.bring(settings)
    problems += envelope.problems(target, known, settings.years_on(day), settings.vendors_on(day))
    try:
        reading = files.read(paths, envelope.of_level(known, target), known_layouts(settings))
    except ProblemList as error:
        problems += error.problems
    if problems:
        raise ProblemList(problems)
    return reading


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _report(
    settings: Settings,
    target: Target,
    reading: Reading,
    parts: tuple[str, ...],
    as_json: bool,
    paths: Sequence[Path],
    report: Path | None = None,
    marked: Path | None = None,
) -> None:
    """What was read, every row accounted for, what would become of it, and what is wrong with the clock where
    a broker can tell; exit 1 if a record or the push would be refused."""
    told = of_reading(reading, target, schools(settings, target), settings, parts)
    found = told.findings
    cells = located(found, reading.tables)
    of_copy = feedback.write(cells, reading.tables, paths, report, marked)
    clock, rows_read = ask_if_reachable(settings), accounting.told(reading.tables)
    counts, push = Counter(f.verdict for f in found), told.push
    if as_json:
        print_json(
            {
                "records": totals(reading.tables),
                "accepted": push.accepted,
                "refused": push.refused,
                "outcome": push.outcome,
                "rows": [r.as_dict() for r in rows_read],
                "codemaps": reading.codemaps,
                "unknown": list(UNKNOWN),
                "findings": [
                    *(f.as_dict() for f in cells),
                    *(of_problem(p).as_dict() for p in [*of_copy, *clock]),
                ],
            }
        )
        sys.exit(REFUSED if told.refuses else 0)
    _say_rows(rows_read)
    tell(f"Bảng ánh xạ — code maps: {', '.join(reading.codemaps)}")
    for f, cell in zip(found[:SHOWN], cells, strict=False):
        at = f" [{cell.address}]" if cell.address else ""
        tell(f"{f.rule} {VERDICTS[f.verdict]} {f.record_type} {f.client_id} · {f.place}{at}")
        tell(f"  {f.message_vi}", f"  {f.message_en}")
    _say_more(len(found))
    blocking, warnings = counts["blocking"], counts["warning"]
    tell(
        f"Đã đọc {push.received} bản ghi = {push.accepted} sẽ được nhận + {push.refused} sẽ bị từ chối;"
        f" {blocking} lỗi chặn xác nhận, {warnings} cảnh báo.",
        f"{push.received} records were read = {push.accepted} would be taken + {push.refused} refused;"
        f" {blocking} findings would keep the version from being confirmed, {warnings} warnings.",
        UNKNOWN_VI,
        UNKNOWN_EN,
    )
    say([*of_copy, *clock])
    sys.exit(REFUSED if told.refuses else 0)


def _say_rows(rows_read: Sequence[RowsRead]) -> None:
    """Of each sheet and list: so many rows, so many records, the others are named below."""
    for r in rows_read:
        of = record(r.record_type)
        many = of.label_en + ("es" if of.label_en.endswith("s") else "s")
        place = SourceLocation(r.source, r.sheet)
        vi = f"{place}: đã đọc {r.rows} dòng: {r.records} {of.label_vi}"
        en = f"{place}: {r.rows} rows read: {r.records} {many}"
        if r.named:
            vi, en = f"{vi}, {r.named} dòng nêu dưới đây", f"{en}, {r.named} named below"
        tell(vi, en)


def _say_more(found: int) -> None:
    if found > SHOWN:
        tell(f"… +{found - SHOWN} (--json, --csv)")
