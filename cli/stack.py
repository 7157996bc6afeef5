"""`csdl up`, `down`, `status`: the local stack, or what runs on a server. `csdl setup`: for any."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from access.credentials import keyring
from access.handing_over import hand_over
from cli import doctor
from cli.answers import document, json_option, print_json, print_table, say, tell
from deploy import taking_on
from deploy.local import layout, stack
from deploy.local.listeners import listening
from doctor import table
from doctor.section import examine
from runtime import broker_settings, database_settings, terms
from runtime.accounts import SETUP
from runtime.settings import Settings

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="CSDL_DATA_DIR",
    default=layout.DATA_DIR,
    show_default=True,
    help="Folder of the stack's data, logs and settings.",
)


@click.command()
@data_dir_option
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65000),
    envvar="CSDL_PORT_BASE",
    help="Kafka listens on this + 2, PostgreSQL on + 3, the processes from + 10. "
    f"Default: as at the last start in this folder, else {layout.PORT_BASE}.",
)
@click.option("--wait/--no-wait", default=True, help="Wait until every process is ready.")
@json_option
@click.pass_context
def up(ctx: click.Context, data_dir: Path, port_base: int | None, wait: bool, as_json: bool) -> None:
    """Khởi động — start Kafka, PostgreSQL and every process of the pipeline.

    The settings of the environment (CSDL_REGISTER_FILE …) are kept: the next start needs not say them again.
    Then it is examined (csdl doctor); what needs a hand is said, with exit code 1, and goes on running.
    """
    it = layout.asked_for(data_dir, port_base)
    say = stack.silent if as_json else lambda line: tell(f"  {line}")
    stack.up(it, wait=wait, say=say)
    _print(stack.status(it), as_json)
    if wait:
        ctx.exit(_needs_a_hand(it.settings()))


@click.command()
@data_dir_option
@click.option("--delete", is_flag=True, help="Delete the data too.")
def down(data_dir: Path, delete: bool) -> None:
    """Dừng hệ thống — stop the local stack."""
    ran = stack.down(layout.at(data_dir), delete=delete)
    tell("Đã dừng — stopped" if ran else "Không có gì đang chạy — nothing was running")


@click.command()
@data_dir_option
@click.option("--listeners", is_flag=True, help="What listens, where, and how it knows who asks.")
@json_option
@click.pass_context
def status(ctx: click.Context, data_dir: Path, listeners: bool, as_json: bool) -> None:
    """Tình trạng hệ thống — say what runs in the local stack; without one, what runs on this server."""
    if listeners:
        _listeners(ctx, layout.at(data_dir), as_json)
        return
    if layout.known(data_dir) or not (settings := Settings()).bootstrap_servers:
        _print(stack.status(layout.at(data_dir)), as_json)
        return
    from deploy import server_status

    rows = server_status.rows(settings)
    _print(rows, as_json)
    if not as_json:
        tell(*(f"{row['name']}: {row['why']}" for row in rows if row["why"]), err=True)


@click.command()
def setup() -> None:
    """Tạo chủ đề, bảng và quyền — make the topics, the tables and the rights on servers that run already.

    Those of an earlier release are brought to what this one declares; what is changed is said.
    """
    from sinks.provincial.migrate import migrate

    settings = Settings().acting_as(SETUP)
    with taking_on.alone(settings):
        terms.bring(settings, strictly=True)
        for right in migrate(settings):
            tell(right)
        topics, rights = taking_on.provide(settings)
    tell(*map(str, topics), *rights)
    keyring.of(settings)
    if handed_over := hand_over(settings):
        tell(f"{handed_over} đơn vị được chuyển sang tổ chức — units handed over to the organisation")
    say([*broker_settings.deviations(settings), *broker_settings.remarks(settings)])
    say(database_settings.problems(settings))


@click.command()
def compose() -> None:
    """In tệp Docker Compose — print compose.yml with as many of each process as CSDL_INSTANCES says.

    Keep it in the folder of deploy/compose.yml: its paths start there.
    """
    from deploy.compose import render

    document(render(layout.instances_asked()))


def _listeners(ctx: click.Context, it: layout.Stack, as_json: bool) -> None:
    """Exit 1 if one of them asks nobody."""
    found = listening(it)
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        rows = [(one.name, one.address, one.port, one.authentication) for one in found]
        print_table(("what", "address", "port", "authentication"), rows)
    problems = [one.problem for one in found if one.problem]
    say(problems)
    ctx.exit(1 if problems else 0)


def _needs_a_hand(settings: Settings) -> int:
    """Say what does, to stderr; the exit code."""
    found = [each for each in examine(settings, table.SECTIONS) if each.faults]
    for each in found:
        doctor.show(each, err=True)
    return doctor.ends_with(found)


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    print_table(
        ("process", "state", "ready", "pid", "port", "serves at", "up for"),
        [
            (
                row["name"],
                row["state"],
                "yes" if row["ready"] else "no",
                row["pid"] or "",
                row["port"],
                row["serves"] or "",
                f"{row['uptime_s']} s",
            )
            for row in rows
        ],
    )
