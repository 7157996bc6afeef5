"""`csdl positions`: where every reader stands against its log; accepting a loss, so that one goes on."""

import getpass
from typing import Any

import click
from kafka import TopicPartition

from access import accepted_losses
from cli.answers import json_option, print_json, print_table, tell
from doctor.positions import MACHINES, Standing, standings
from doctor.section import away_said
from readings.database import database
from runtime.positions import Position
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.topics import VALIDATION_POSITIONS
from streams.machines import standing
from streams.validation.positions import GROUP as VALIDATION


@click.group()
def positions() -> None:
    """Vị trí đọc — where each reader stands, and what to do when the log is another."""


@positions.command()
@click.option("--all", "everything", is_flag=True, help="Cả phân vùng trống — also empty partitions.")
@json_option
def show(everything: bool, as_json: bool) -> None:
    """Vị trí và hàng đợi — next offset, begin and end of the log, what does not agree.

    Exit code 1 if a reader does not agree with its log.
    """
    settings = Settings()
    with away_said(settings):
        found = standings(settings)
    wrong = [one for one in found if one.problem is not None]
    if as_json:
        print_json([_line(one) for one in found])
    else:
        shown = [one for one in found if everything or one.problem is not None or one.log.end]
        heads = ("reader", "topic", "partition", "next", "begin", "end", "code")
        print_table(heads, [_row(one) for one in shown])
        for text in (text for one in wrong if one.problem for text in one.problem.messages()):
            tell(text)
    raise SystemExit(1 if wrong else 0)


@positions.command()
@click.argument("reader")
@click.argument("topic")
@click.argument("partition", type=click.IntRange(min=0))
@click.option(
    "--to", required=True, help="begin, end, hoặc số — begin, end or an offset: read on from there."
)
@click.option("--reason", required=True, help="Lý do, được lưu lại — why; it is kept.")
@click.option("--account", default=getpass.getuser, help="Ai chấp nhận — who accepts. Default: your user.")
@json_option
def accept(
    reader: str, topic: str, partition: int, to: str, reason: str, account: str, as_json: bool
) -> None:
    """Chấp nhận mất mát — let READER go on although its log is another; what is given up is on record.

    Only for a reader that does not agree with its log (csdl positions show). It goes on by itself.
    """
    settings = Settings()
    with away_said(settings):
        done = _accept(settings, reader, TopicPartition(topic, partition), to, account, reason)
    if as_json:
        print_json(_line(done))
    else:
        tell(f"{reader} {topic}/{partition}: {done.position.next if done.position else ''}")


def _accept(
    settings: Settings, reader: str, tp: TopicPartition, to: str, account: str, reason: str
) -> Standing:
    """Move a reader that does not agree with its log; how it stands then. Raises ProblemList."""
    found = next((one for one in standings(settings) if (one.reader, one.tp) == (reader, tp)), None)
    if found is None or found.problem is None:
        params = {"reader": reader, "topic": tp.topic, "partition": tp.partition}
        raise ProblemList([Problem(accepted_losses.NOTHING_TO_ACCEPT, params=params)])
    following = accepted_losses.chosen(to, found.log)
    with database("csdl positions") as conn:
        accepted_losses.record(conn, found.problem, found.log, following, account=account, reason=reason)
    kept_in = {standing.reader(machine): machine.state_topic for machine in MACHINES}
    kept_in[VALIDATION] = VALIDATION_POSITIONS
    if reader == VALIDATION:
        accepted_losses.commit(settings, reader, tp, following)
    if reader in kept_in:
        accepted_losses.keep(settings, reader, kept_in[reader], tp, Position(following))
    return Standing(reader, tp, Position(following), found.log, None)


def _row(one: Standing) -> tuple[object, ...]:
    following = "?" if one.position is None else one.position.next
    code = one.problem.code if one.problem else ""
    return (one.reader, one.tp.topic, one.tp.partition, following, one.log.begin, one.log.end, code)


def _line(one: Standing) -> dict[str, Any]:
    vi, en = one.problem.messages() if one.problem else ("", "")
    return {
        "reader": one.reader,
        "topic": one.tp.topic,
        "partition": one.tp.partition,
        "next": one.position.next if one.position else None,
        "begin": one.log.begin,
        "end": one.log.end,
        "code": one.problem.code if one.problem else "",
        "message_vi": vi,
        "message_en": en,
    }
