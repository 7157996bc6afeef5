"""`csdl chains`: events that readers put aside, since they do not belong to their chain."""

from dataclasses import asdict

import click

from cli.answers import json_option, print_json, print_table, tell
from readings import chains as reading
from readings.database import database
from sinks.chains import faults

APPLICATION = "csdl chains"


@click.group()
def chains() -> None:
    """Sự kiện bị để riêng — events that do not belong to their chain, and what to do about them."""


@chains.command("list")
@click.option(
    "--all", "everything", is_flag=True, help="Cả những sự kiện đã xem — also what was acknowledged."
)
@json_option
def list_(everything: bool, as_json: bool) -> None:
    """Danh sách — which reader put what aside, why, where it lies; never what it holds."""
    with database(APPLICATION) as conn:
        found = reading.faults(conn, everything)
    if as_json:
        print_json([asdict(f) for f in found])
        return
    if not found:
        tell("Không có sự kiện nào bị để riêng — no event is put aside")
        return
    print_table(
        ("reader", "subject", "stands at", "event", "fault", "topic", "partition", "offset", "since"),
        [
            (
                f.reader,
                f.subject,
                f.stands_at,
                f.sequence,
                f.fault,
                f.topic,
                f.partition,
                f.source_offset,
                f.first_seen.isoformat(sep=" ", timespec="seconds"),
            )
            for f in found
        ],
    )


@chains.command()
@click.argument("subjects", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Tất cả — whatever is listed.")
def acknowledge(subjects: tuple[str, ...], everything: bool) -> None:
    """Đã xem — end the alert for these subjects; their events stay aside."""
    if bool(subjects) == everything:
        raise click.UsageError("SUBJECTS or --all")
    with database(APPLICATION) as conn:
        count = faults.acknowledge(conn, None if everything else subjects)
    tell(f"{count} đã xem — acknowledged")


@chains.command()
@click.argument("reader")
def reread(reader: str) -> None:
    """Đọc lại — let a reader take events anew from the first that it put aside.

    For when the cause was mended. The reader starts again at its next message.
    """
    with database(APPLICATION) as conn:
        count = faults.reread(conn, reader)
    tell(f"{count} sẽ được đọc lại — to be read again")
