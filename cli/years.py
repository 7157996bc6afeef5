"""`csdl years`: school years that are held here; one that is over and done goes."""

import getpass
import sys
from dataclasses import asdict
from typing import Any

import click

from cli.answers import json_option, print_json, print_table, say, tell
from cli.backup import progress
from cli.terms import add_year, end_year
from readings.database import database
from readings.school_years import SchoolYear, listed
from retention import closing, proof
from runtime import terms
from runtime.settings import Settings
from schemas.days import today
from schemas.terms import YEAR, Term


@click.group()
def years() -> None:
    """Năm học — for which school years pushes are taken, by date, in force within seconds; an old one goes
    once it is proved that it may.

    `add` and `end` are done by the account csdl-setup (on a server: sudo -u csdl-setup).
    """


years.add_command(add_year)
years.add_command(end_year)


@years.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Liệt kê — every school year: when pushes are taken, its datasets, answers and rows, closed when."""
    settings = Settings()
    with database("csdl years") as conn:
        held = {line.year: line for line in listed(conn)}
    terms.bring(settings)
    lines = [
        _with_days(settings, held.get(year) or SchoolYear(year))
        for year in sorted({*held, *settings.school_years})
    ]
    if as_json:
        print_json(lines)
        return
    heads = ("year", "from", "to", "taken", "datasets", "answered", "rows", "closed", "backup")
    print_table(heads, [[str(line[head] or "") for head in heads] for line in lines])


def _with_days(settings: Settings, line: SchoolYear) -> dict[str, Any]:
    term = settings.terms.of(YEAR, str(line.year)) or Term(YEAR, str(line.year))
    taken = not line.closed and settings.takes_year(line.year, today())
    return {**asdict(line), "from": term.begins, "to": term.ends, "taken": taken}


@years.command()
@click.argument("year", type=int)
@click.option(
    "--forgo", "forgone", multiple=True, metavar="DATASET",
    help="Bỏ qua — let this dataset go without the Ministry's answer; it is kept on record.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Chỉ kiểm tra — only say what stands against it.")
@click.option("--reason", default="", help="Lý do, được lưu lại — why; it is kept. Needed without --dry-run.")
@click.option("--account", default=getpass.getuser, help="Ai đóng — who closes it. Default: your user.")
@json_option
def close(
    year: int, forgone: tuple[str, ...], dry_run: bool, reason: str, account: str, as_json: bool
) -> None:
    """Đóng năm học — let YEAR go: records, findings, pushes, receipts of single records.

    Proved first, all at once: no push is under way or taken any more, the Ministry has answered every record
    of every dataset, and a backup that csdl backup verify has tried holds just that (it is kept for good).
    What stays: datasets, versions with digest and counts, the chain of confirmations. Cut off, the same
    command goes on.
    """
    settings = Settings()
    terms.bring(settings)
    if dry_run:
        backup, problems = proof.asked(settings, year, forgone)
        if as_json:
            print_json({"year": year, "backup": backup, "problems": [p.as_dict() for p in problems]})
        else:
            say(problems)
            if not problems:
                tell(f"{year}: đóng được, {backup} giữ năm học này — may go, {backup} holds it")
        sys.exit(1 if problems else 0)
    if not reason.strip():
        raise click.UsageError("--reason")
    with progress(as_json) as told:
        done = closing.close(settings, year, account=account, reason=reason, forgone=forgone, told=told)
    if as_json:
        print_json(asdict(done))
        return
    said = ", ".join(f"{table} {rows}" for table, rows in done.gone.items())
    tell(f"{year}: đã đóng — closed ({done.backup}): {said or 0}")
