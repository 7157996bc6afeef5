"""How the command line answers: Vietnamese, then English; JSON if asked; one table of exit codes.

0 done · 1 refused, or something is wrong with what was given · 2 called wrongly (click) · 3 a part of the
system is away or not set up: the same call may succeed later.
"""

import codecs
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, Final, NoReturn

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from access.client import Outcome
from runtime.visible import visible, visible_json
from schemas.errors import Problem

REFUSED: Final = 1
AWAY: Final = 3
AWAY_CODES: Final = frozenset(
    {
        "SYS-001",
        "SYS-002",
        "SYS-003",
        "SYS-010",
        "SEND-001",
        "CMD-SILENT",
        "REM-008",
        "ACC-036",
        "ACC-052",
        "KEY-033",
        "SIG-009",
    }
)

PIPE_WIDTH: Final = 160
"""Columns of a table that is not printed on a terminal."""

WIDEST: Final = 1000
"""Columns that no table exceeds, whatever somebody called something: above, words are folded too."""

_AS_JSON: Final = "cli.as_json"
"""Where the context keeps that JSON was asked for, for a call that fails."""


def _kept(ctx: click.Context, _: click.Parameter, as_json: bool) -> bool:
    ctx.meta[_AS_JSON] = as_json
    return as_json


json_option: Final = click.option(
    "--json", "as_json", is_flag=True, callback=_kept, help="In dạng JSON — print as JSON."
)


def fail(ctx: click.Context, problems: Sequence[Problem]) -> NoReturn:
    """End a call with its problems: JSON to stdout if asked; else to stderr, a line a language, each with its
    code and place.
    """
    try:
        if ctx.meta.get(_AS_JSON):
            print_json({"problems": [p.as_dict() for p in problems]})
        else:
            say(problems)
    except OSError:  # stdout is full
        with suppress(OSError):
            say(problems)
    ctx.exit(exit_code(problems))


def tell(*lines: object, err: bool = False) -> None:
    """Print lines, whatever others wrote in them as text: the one way to print but for JSON and tables."""
    for line in lines:
        click.echo(visible(line), err=err)


def document(text: str) -> None:
    """Print a document of our own, as it is."""
    click.echo(text, nl=False)


def say(problems: Iterable[Problem]) -> None:
    """To stderr, a line a language."""
    for problem in problems:
        place = f"{problem.place}: " if str(problem.place) else ""
        tell(*(f"{problem.code} {place}{text}" for text in problem.messages()), err=True)


def exit_code(problems: Iterable[Problem]) -> int:
    """Of a call that ends with these: 0 without any."""
    codes = {problem.code for problem in problems}
    return (AWAY if codes & AWAY_CODES else REFUSED) if codes else 0


def print_json(value: Any) -> None:
    """JSON of records: days and times in ISO form, letters as they are."""

    def plain(odd: Any) -> str:
        if isinstance(odd, date):  # a time is one too
            return odd.isoformat()
        raise TypeError(type(odd).__name__)

    # What the stream lacks is escaped as JSON has it.
    takes_all = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    click.echo(visible_json(json.dumps(value, ensure_ascii=not takes_all, indent=2, default=plain)))


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]], of: int | None = None) -> None:
    """A table and how many rows it has: all there are, or so many ``of`` all.

    A word is never cut, whatever the terminal's width: what stands in a table is what the next command needs.
    Sentences are folded. A tuple is a cell of several lines.
    """
    texts = [[_cell(value) for value in row] for row in rows]
    table = Table(box=None)
    least = 0
    for n, head in enumerate(heads):
        column = [head, *(row[n] for row in texts)]
        words = [word for text in column for word in text.split()]
        whole = not any(" " in text for text in column[1:])
        table.add_column(Text(head), no_wrap=whole, overflow="fold")
        least += max(map(cell_len, words), default=0) + 2
    for row in texts:
        table.add_row(*map(Text, row))
    screen = console(PIPE_WIDTH)
    screen.width = max(screen.width, min(least, WIDEST))
    screen.print(table)
    if of is None or of == len(texts):
        tell(f"{len(texts)} dòng, tất cả — rows, all of them")
    else:
        tell(f"{len(texts)} trong {of} dòng — of {of} rows")


def _cell(value: object) -> str:
    return "\n".join(map(visible, value)) if isinstance(value, tuple) else visible(value)


def console(pipe_width: int, *, stderr: bool = False) -> Console:
    """As wide as the terminal, or so many columns in a pipe. What it prints is text, never markup."""
    is_terminal = Console(stderr=stderr).is_terminal
    width = None if is_terminal else pipe_width
    return Console(width=width, stderr=stderr, markup=False, highlight=False, emoji=False)


def show_and_exit(outcome: Outcome, done_vi: str, done_en: str, *, as_json: bool) -> None:
    """Print what came of a command and end: 0 if it was carried out, 1 if it was refused."""
    messages = outcome.messages() if outcome.code else (done_vi, done_en)
    if as_json:
        answer = {
            "command_id": outcome.command_id,
            "code": outcome.code,
            "state": outcome.state,
            "message_vi": messages[0],
            "message_en": messages[1],
            "warnings": [w.as_dict() for w in outcome.warnings],
        }
        print_json(answer)
    else:
        tell(*(f"{outcome.code} {text}".strip() for text in messages), err=bool(outcome.code))
        say(outcome.warnings)
    sys.exit(REFUSED if outcome.code else 0)
