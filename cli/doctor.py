"""`csdl doctor`: looks at the servers and settings, changes nothing, and says what needs a hand."""

from collections.abc import Iterable

import click

from cli.answers import exit_code, json_option, print_json, say, tell
from doctor import table
from doctor.section import Examined, examine
from runtime.settings import Settings


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Khám hệ thống — look at servers, topics, tables, chains, clock, disk; say what needs a hand.

    Exit code 0: nothing does. 1: something does. 3: a server is away.
    """
    found = []
    for each in examine(Settings(), table.SECTIONS):
        found.append(each)
        if not as_json:
            show(each)
    if as_json:
        print_json({"checks": [line for each in found for line in each.lines()]})
    ctx.exit(ends_with(found))


def ends_with(found: Iterable[Examined]) -> int:
    """Exit code of an examination."""
    return exit_code(finding.problem for each in found for finding in each.faults)


def show(examined: Examined, err: bool = False) -> None:
    """A line a language and finding; one line if there is none."""
    name = f"{examined.name:10}"
    if examined.findings is None:
        tell(f"{name} chưa xem được — could not be looked at", err=err)
        say([examined.unseen] if examined.unseen else [])
    elif not examined.findings:
        tell(f"{name} tốt — fine", err=err)
    for finding in examined.findings or ():
        since = finding.since.isoformat(sep=" ", timespec="seconds") if finding.since else ""
        for text, word in zip(finding.messages(), ("từ", "since"), strict=True):
            when = f" ({word} {since})" if since else ""
            tell(f"{name} {finding.problem.code}{when} {text}", err=err)
