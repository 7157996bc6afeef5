"""`csdl push`, `csdl preflight`: a vendor's files for one school, sent or only judged."""

import sys
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import click

from cli.answers import REFUSED, json_option, print_json, say, tell
from cli.rehearsal import rehearse
from cli.schools import schools
from producers import envelope, files
from producers.client import PushClient, totals
from producers.model import Reading, Target
from producers.preflight import by_place, of_problem, warned
from runtime.clock import ask_if_reachable
from runtime.settings import Settings
from schemas.contracts.contracts import record_types
from schemas.errors import Problem, ProblemList

SHOWN = 50
"""Findings printed on a terminal; --json has them all."""


def _options(command: Any) -> Any:
    """What a push and a preflight are told alike."""
    for add in (
        click.argument("paths", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path)),
        click.option("--kind", default="1", show_default=True, help="1 start of year, 2 changes, 3 end."),
        click.option("--year", type=int, required=True, help="First calendar year of the school year."),
        click.option("--school", required=True, help="Ministry code of the school."),
        click.option("--vendor", required=True, help="Vendor whose files these are."),
        json_option,
    ):
        command = add(command)
    return command


@click.command()
@_options
@click.option("--push-id", help="Id of an earlier sending that is to be repeated.")
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(record_types()),
    help="Type of which the files hold a part only; else they are its whole list. Repeatable.",
)
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
    dry_run: bool,
) -> None:
    """Gửi tệp của một trường — send a vendor's files for one school as one push.

    Files are the whole list of each type that they hold: what they lack is listed as absent, and stays.
    """
    settings, target = Settings(), Target(vendor, school, year, kind)
    reading = _read(settings, target, paths, push_id)
    if dry_run:
        _report(settings, target, reading, as_json)
        return
    with PushClient(settings, vendor) as client:
        receipt = client.push(school, year, kind, reading.tables, push_id, parts=parts)
    if as_json:
        print_json(
            {
                "push_id": receipt.push_id,
                "chunks": receipt.chunks,
                "records": receipt.records,
                "whole": receipt.whole,
                "refused_before_sending": receipt.refused,
                "warnings": [w.as_dict() for w in [*reading.warnings, *receipt.warnings]],
            }
        )
        return
    total, left_out = sum(receipt.records.values()), sum(receipt.refused.values())
    push_id, chunks = receipt.push_id, receipt.chunks
    tell(f"Đã gửi lần đẩy {push_id}: {total} bản ghi trong {chunks} gói, {left_out} đã bị từ chối.")
    tell(f"Push {push_id} is sent: {total} records in {chunks} chunks, {left_out} refused already.")
    tell(f"Kết quả — what becomes of it: csdl push-status {push_id}")
    say(receipt.warnings)


@click.command()
@_options
def preflight(vendor: str, school: str, year: int, kind: str, paths: tuple[Path, ...], as_json: bool) -> None:
    """Kiểm tra tệp, không gửi — say what would be refused or warned of, with its place.

    Exit 1 if something would be refused.
    """
    target = Target(vendor, school, year, kind)
    settings = Settings()
    _report(settings, target, _read(settings, target, paths, None), as_json)


def _read(settings: Settings, target: Target, paths: tuple[Path, ...], push_id: str | None) -> Reading:
    """The files. Raises ProblemList: all that is wrong with them and with the push itself."""
    problems = []
    known = schools(settings, target)
    if push_id is not None and not _is_uuid(push_id):
        problems.append(Problem("SEND-003"))
    problems += envelope.problems(target, known, settings.school_years, settings.vendors)
    try:
        reading = files.read(paths, target)
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


def _report(settings: Settings, target: Target, reading: Reading, as_json: bool) -> None:
    """What was read, the findings, and what is wrong with the clock where a broker can tell; exit 1 if a
    record would be refused."""
    known = schools(settings, target)
    told = rehearse(reading.tables, target, known, settings.school_years)
    found = by_place([*told, *warned(reading.tables, reading.warnings, target)])
    clock = ask_if_reachable(settings)
    records = len(
        {(f.record_type, f.place.file, f.place.sheet, f.place.row) for f in found if f.verdict == "refused"}
    )
    counts = Counter(f.verdict for f in found)
    read = totals(reading.tables)
    if as_json:
        print_json(
            {
                "records": read,
                "refused": records,
                "findings": [f.as_dict() for f in [*found, *map(of_problem, clock)]],
            }
        )
        sys.exit(REFUSED if records else 0)
    for f in found[:SHOWN]:
        word = "từ chối/refused" if f.verdict == "refused" else "cảnh báo/warning"
        tell(f"{f.rule} {word} {f.record_type} {f.client_id} · {f.place}")
        tell(f"  {f.message_vi}", f"  {f.message_en}")
    if len(found) > SHOWN:
        tell(f"… +{len(found) - SHOWN} (--json)")
    total, warnings = sum(read.values()), counts["warning"]
    of_each = ", ".join(f"{count} {record_type}" for record_type, count in read.items())
    tell(f"Đã đọc {total} bản ghi ({of_each}); {records} sẽ bị từ chối, {warnings} cảnh báo.")
    tell(f"{total} records were read; {records} would be refused, {warnings} warnings.")
    say(clock)
    sys.exit(REFUSED if records else 0)
