"""`csdl push`, `csdl preflight`, `csdl pushes`, `csdl push-status`: the vendors' side on the command line."""

import uuid
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

import click

from cli import push_book
from cli.answers import exit_code, json_option, print_json, print_table
from cli.database import database
from producers import envelope, files
from producers.client import PushClient
from producers.model import Reading, Target
from producers.preflight import Finding, check, explain
from runtime.settings import Settings
from schemas import register
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
@click.option("--dry-run", is_flag=True, help="Say what would become of it and send nothing.")
def push(
    vendor: str,
    school: str,
    year: int,
    kind: str,
    paths: tuple[Path, ...],
    as_json: bool,
    push_id: str | None,
    dry_run: bool,
) -> None:
    """Gửi tệp của một trường — send a vendor's files for one school as one push."""
    settings, target = Settings(), Target(vendor, school, year, kind)
    reading = _read(settings, target, paths, push_id, as_json)
    if dry_run:
        _report(check(reading.tables, reading.warnings, target), as_json)
        return
    try:
        with PushClient(settings, vendor) as client:
            receipt = client.push(school, year, kind, reading.tables, push_id)
    except ProblemList as error:
        _fail(error, as_json)
    if as_json:
        print_json(
            {
                "push_id": receipt.push_id,
                "chunks": receipt.chunks,
                "records": receipt.records,
                "refused_before_sending": receipt.refused,
                "warnings": [w.as_dict() for w in reading.warnings],
            }
        )
        return
    total, refused = sum(receipt.records.values()), sum(receipt.refused.values())
    click.echo(
        f"push {receipt.push_id}: {total} records in {receipt.chunks} chunks, {refused} refused already"
    )
    click.echo(f"csdl push-status {receipt.push_id}")


@click.command()
@_options
def preflight(vendor: str, school: str, year: int, kind: str, paths: tuple[Path, ...], as_json: bool) -> None:
    """Kiểm tra tệp, không gửi — say what would be refused or warned of, with its place."""
    target = Target(vendor, school, year, kind)
    reading = _read(Settings(), target, paths, None, as_json)
    _report(check(reading.tables, reading.warnings, target), as_json)


@click.command()
@json_option
def pushes(as_json: bool) -> None:
    """Các lần gửi — list the pushes and what became of them, newest first."""
    with database("csdl push") as conn:
        found = push_book.listed(conn)
    if as_json:
        print_json(found)
        return
    print_table(
        ("push", "vendor", "dataset", "outcome", "version", "received", "accepted", "refused"),
        [
            (
                p["push_id"],
                p["vendor"],
                p["dataset_id"],
                _outcome(p),
                p["version"],
                p["received"],
                p["accepted"],
                p["refused"],
            )
            for p in found
        ],
    )


@click.command("push-status")
@click.argument("push_id")
@json_option
def push_status(push_id: str, as_json: bool) -> None:
    """Kết quả một lần gửi — what became of a push, and of each record that was refused."""
    with database("csdl push") as conn:
        found, refused = push_book.one(conn, push_id)
    if not found:
        _fail(ProblemList([Problem("SEND-002", params={"push_id": push_id})]), as_json)
    for line in refused:
        line["message_vi"], line["message_en"] = explain(line["rule"])
    if as_json:
        print_json({"pushes": found, "refused": refused})
        return
    for p in found:
        click.echo(
            f"{p['dataset_id']} ({p['vendor']}): {_outcome(p)}, version {p['version']}, "
            f"received {p['received']}, accepted {p['accepted']}, refused {p['refused']}"
        )
        if p["code"]:
            click.echo("  " + "\n  ".join(explain(p["code"])))
    for r in refused:
        fields = ", ".join(r["fields"])
        click.echo(f"{r['rule']} {r['record_type']} {r['client_id']} · {r['source']} · {r['row']} · {fields}")
        click.echo(f"  {r['message_vi']}\n  {r['message_en']}")


def _read(
    settings: Settings, target: Target, paths: tuple[Path, ...], push_id: str | None, as_json: bool
) -> Reading:
    """The files, or all that is wrong with them and with the push itself, and exit 1."""
    problems = []
    try:
        schools = register.load(settings.register_file)
    except ProblemList as error:
        _fail(error, as_json)
    if push_id is not None and not _is_uuid(push_id):
        problems.append(Problem("SEND-003"))
    problems += envelope.problems(target, schools, settings.school_years, settings.vendors)
    try:
        reading = files.read(paths, target)
    except ProblemList as error:
        problems += error.problems
    if problems:
        _fail(ProblemList(problems), as_json)
    return reading


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def _outcome(push: dict[str, Any]) -> str:
    return f"{push['outcome']} {push['code']}".strip()


def _fail(error: ProblemList, as_json: bool) -> NoReturn:
    """Problems as JSON if asked; else as the command line prints all problems."""
    if not as_json:
        raise error
    print_json({"problems": [p.as_dict() for p in error.problems]})
    raise click.exceptions.Exit(exit_code(error.problems))


def _report(found: list[Finding], as_json: bool) -> None:
    if as_json:
        print_json([f.as_dict() for f in found])
        return
    records = {
        (f.record_type, f.place.file, f.place.sheet, f.place.row) for f in found if f.verdict == "refused"
    }
    counts = Counter(f.verdict for f in found)
    for f in found[:SHOWN]:
        word = "từ chối/refused" if f.verdict == "refused" else "cảnh báo/warning"
        click.echo(f"{f.rule} {word} {f.record_type} {f.client_id} · {f.place}")
        click.echo(f"  {f.message_vi}\n  {f.message_en}")
    if len(found) > SHOWN:
        click.echo(f"… {len(found) - SHOWN} more (--json)")
    click.echo(f"{len(records)} records would be refused, {counts['warning']} warnings")
