"""`csdl sandbox`: a local stack of one made-up school, to try the doors with a test key."""

from pathlib import Path
from typing import Any, Final

import click

from cli.answers import json_option, print_json, print_table, tell
from demo.sandbox import acts, life
from demo.sandbox.school import Given
from deploy.local import stack
from deploy.local.layout import SERVERS
from streams.confirmation.state import STAGE_VI, State

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="CSDL_SANDBOX_DIR",
    default=life.DATA_DIR,
    show_default=True,
    help="Folder of the sandbox.",
)
PATHS: Final = ("environment", "key_file", "kafka_properties")


@click.group()
def sandbox() -> None:
    """Hệ thống thử — a local stack of one made-up school, with a test key and files to push."""


@sandbox.command()
@data_dir_option
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65000),
    envvar="CSDL_SANDBOX_PORT_BASE",
    help=f"As of csdl up. Default: as at the last start in this folder, else {life.PORT_BASE}.",
)
@json_option
def up(data_dir: Path, port_base: int | None, as_json: bool) -> None:
    """Khởi động — start it; print where the doors are. The key is printed when it is made, and kept."""
    say = stack.silent if as_json else lambda line: tell(f"  {line}")
    _, given, made = life.up(data_dir, port_base, say)
    key = given.key_file.read_text(encoding="utf-8").strip() if made else ""
    if as_json:
        print_json(_told(given) | ({"key": key} if made else {}))
        return
    _show(given, key)


@sandbox.command()
@data_dir_option
@click.option("--delete", is_flag=True, help="Delete all that is in it too.")
def down(data_dir: Path, delete: bool) -> None:
    """Dừng — stop it."""
    ran = life.down(data_dir, delete=delete)
    tell("Đã dừng — stopped" if ran else "Không có gì đang chạy — nothing was running")


@sandbox.command()
@data_dir_option
@json_option
def status(data_dir: Path, as_json: bool) -> None:
    """Tình trạng — what runs of it, and where its doors are."""
    it, given = life.at(data_dir)
    named = {*SERVERS, *life.processes()}
    rows = [row for row in stack.status(it) if row["name"] in named]
    if as_json:
        print_json(_told(given) | {"processes": rows})
        return
    print_table(
        ("process", "state", "ready", "port"),
        [(row["name"], row["state"], "yes" if row["ready"] else "no", row["port"]) for row in rows],
    )
    _show(given, "")


@sandbox.command()
@click.argument("push_id", metavar="[PUSH]", default="")
@data_dir_option
@click.option(
    "--refuse-percent",
    type=click.FloatRange(0, 100),
    default=0.0,
    show_default=True,
    help="Share of the records that the Ministry's stand-in refuses.",
)
@json_option
def accept(push_id: str, data_dir: Path, refuse_percent: float, as_json: bool) -> None:
    """Đi hết các bước — play what follows a push: the school submits, its district confirms, the department
    approves and forwards, the Ministry answers. Without PUSH: the newest."""
    it, _ = life.at(data_dir)
    ends = acts.accept(it, push_id, (lambda _: None) if as_json else _step, refuse_percent)
    if as_json:
        print_json({"dataset_id": ends.dataset_id, "version": ends.version, "state": ends.state})


def _step(state: State) -> None:
    tell(f"  {state.state:<16} {STAGE_VI[state.state]} ({state.turn})")


def _told(given: Given) -> dict[str, Any]:
    return given.model_dump(mode="json")


def _show(given: Given, key: str) -> None:
    if key:
        tell(f"Khóa thử, chỉ in lần này — test key, printed this once: {key}")
    tell(
        f"Trường — school: {given.school} {given.school_name}",
        f"Cổng HTTP — gateway: {given.url}",
        f"Kafka: {given.kafka_servers}, {given.kafka_user}, {given.kafka_topic}",
        *(f"{getattr(given, name)}" for name in PATHS),
        *(f"{path}" for path in given.samples.values()),
        f"Tiếp theo — next: docs/guide.md; . {given.environment}",
    )
