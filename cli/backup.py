"""`csdl backup`, `csdl restore`: copies of all that a province keeps, and the way back from one."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from backup import lost as lost_things
from backup import manifest, restoring, sealing, shelf, status, taking, verifying
from backup import promoted as standby
from backup.manifest import Progress
from backup.place import Local, Lost, Place
from cli.answers import console, json_option, print_json, print_table, say, tell
from cli.stack import data_dir_option
from deploy.local import layout
from doctor.section import away_said
from readings.database import database
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

key_option = click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Tệp khóa sao lưu — the backup key. Default: CSDL_BACKUP_KEY_FILE.",
)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def backup(ctx: click.Context, as_json: bool) -> None:
    """Sao lưu — copy PostgreSQL, then Kafka's topics, keys, documents; sealed, into CSDL_BACKUPS_DIR.

    The pipeline goes on meanwhile. Then what CSDL_BACKUPS_KEPT does not keep is removed. Nothing is left of a
    backup that failed.
    """
    if ctx.invoked_subcommand:
        return
    settings = Settings()
    with away_said(settings), progress(as_json) as told:
        made = taking.take(settings, told)
    if as_json:
        print_json(_line(settings.backups_dir / made.id, made))
    else:
        tell(f"{settings.backups_dir / made.id}: {made.size / 1e6:.1f} MB, {made.records} records")


@backup.command("key")
@json_option
def make_key(as_json: bool) -> None:
    """Tạo khóa sao lưu — make the key that seals backups, once.

    Keep a copy where neither the backups nor this machine are: without it no backup can be opened.
    """
    path = Settings().backup_key_file
    key = sealing.make(path)
    if as_json:
        print_json({"path": str(path), "key": key.id})
        return
    tell(f"{path}: khóa — key {key.id}")
    tell(
        "Giữ một bản ở nơi khác: mất khóa là mất mọi bản sao lưu — keep a copy elsewhere, "
        "without it no backup opens"
    )


@backup.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Liệt kê các bản sao lưu — what there is, oldest first. Needs no key."""
    lines, problems = [], []
    for folder in shelf.backups(Settings().backups_dir):
        try:
            lines.append(_line(folder, manifest.read(folder)))
        except ProblemList as error:
            problems += error.problems
    if as_json:
        print_json({"backups": lines, "problems": [problem.as_dict() for problem in problems]})
    else:
        heads = ("name", "product", "province", "MB", "records", "ended", "key")
        print_table(
            heads, [[f"{line['bytes'] / 1e6:.1f}" if h == "MB" else line[h] for h in heads] for line in lines]
        )
        say(problems)
    sys.exit(1 if problems else 0)


@backup.command()
@click.argument("name", default="latest")
@key_option
@click.option(
    "--scratch", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Thư mục tạm — where it is brought to life. Default: the system's for temporary files.",
)  # fmt: skip
@json_option
def verify(name: str, key_file: Path | None, scratch: Path | None, as_json: bool) -> None:
    """Kiểm tra một bản sao lưu — bring it to life beside what runs, and look at all of it.

    Every reader's place, every chain and state, the digest of every version that was submitted, the signed
    checkpoints. Exit code 1 if anything is wrong.
    """
    settings = Settings()
    key = sealing.read(key_file or settings.backup_key_file)
    folder = shelf.found(settings.backups_dir, name)
    with progress(as_json) as told:
        done = verifying.verify(folder, key, told, scratch)
    if not done.problems:
        status.verified(settings.backups_dir, folder.name, done.years)
    if as_json:
        print_json(done.as_dict())
    else:
        rows = ", ".join(f"{table} {count}" for table, count in done.rows.items() if count)
        tell(f"{done.id}: {done.records} records, {done.events} events, {done.chains} chains, {rows}")
        tell(
            f"mã kiểm tra tính lại — digests recomputed: {done.versions}, "
            f"điểm chốt — checkpoint: {done.checkpoint}"
        )
        say(done.problems)
        if not done.problems:
            tell("Bản sao lưu dùng được — the backup is good")
    sys.exit(1 if done.problems else 0)


@backup.command("lost")
@click.option("--done", is_flag=True, help="Đã xem xong — somebody has looked: tell it no longer.")
@click.option(
    "--promoted",
    is_flag=True,
    help="Máy dự phòng vừa thay máy chính — a standby was promoted: ask Kafka what it lacks (root).",
)
@json_option
def lost_(done: bool, promoted: bool, as_json: bool) -> None:
    """Những gì lần khôi phục làm mất — what the last restore has lost and nobody has done again.

    By push, dataset, grant, export, account. csdl doctor tells it, too, until it is done. Exit code 1 if
    there is any.
    """
    settings = Settings()
    if promoted:
        with away_said(settings):
            standby.tell(settings)
    known = lost_things.of(settings)
    problems: list[Problem] = []
    if known is not None:
        with database("csdl backup lost") as conn:
            problems = list(lost_things.problems(known, lost_things.missing(conn, known)))
    if done:
        lost_things.done(lost_things.home(settings))
    if as_json:
        print_json({"backup": known and known.backup, "lost": [problem.as_dict() for problem in problems]})
    else:
        say(problems)
    sys.exit(1 if problems and not done else 0)


@click.command()
@click.argument("name", default="latest")
@data_dir_option
@key_option
@click.option(
    "--lost",
    type=click.Choice([what.value for what in Lost]),
    default=Lost.BOTH.value,
    show_default=True,
    help="Phần bị mất — what was lost. With Kafka a younger PostgreSQL goes back, too, and is kept aside.",
)
@click.option(
    "--aside", is_flag=True,
    help="Đổi tên những gì đang ở chỗ đó và giữ lại — what lies there gets another name and stays.",
)  # fmt: skip
@click.option("--reason", required=True, help="Lý do, được ký và lưu lại — why; it is signed and kept.")
@click.option("--account", default=getpass.getuser, help="Ai khôi phục — who restores. Default: your user.")
@json_option
@click.pass_context
def restore(
    ctx: click.Context,
    name: str,
    data_dir: Path,
    key_file: Path | None,
    lost: str,
    aside: bool,
    reason: str,
    account: str,
    as_json: bool,
) -> None:
    """Khôi phục — put backup NAME (a name, a folder, or latest) in the place of what was lost.

    All is looked at before anything is changed. Nothing is put over what is there. On a server, by root: its
    units are stopped meanwhile and started afterwards. A stack stands still: csdl down before, csdl up then.
    Cut off, the same command goes on. What was lost says csdl doctor.
    """
    settings = Settings()
    here = ctx.get_parameter_source("data_dir") is ParameterSource.DEFAULT and not layout.known(data_dir)
    place: Place
    if here and settings.bootstrap_servers:
        from backup.on_server import Server

        place = Server(settings)
    else:
        place = Local(layout.asked_for(data_dir, None))
    key = sealing.read(key_file or settings.backup_key_file)
    folder = shelf.found(settings.backups_dir, name)
    with progress(as_json) as told:
        done = restoring.restore(
            place,
            folder,
            key,
            what=Lost(lost),
            aside=aside,
            progress=told,
            finish=restoring.accepting(account, reason),
        )
    if as_json:
        print_json(_line(folder, done) | {"lost": lost})
    else:
        tell(f"{done.id}: đã khôi phục — restored ({lost} lost). {place.then}")


@contextmanager
def progress(as_json: bool) -> Iterator[Progress]:
    """A bar on a terminal, nothing in a pipe."""
    quiet = as_json or not sys.stderr.isatty()
    with Bar(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        console=console(80, stderr=True), transient=True, disable=quiet,
    ) as bar:  # fmt: skip
        task = bar.add_task("…", total=None)

        def told(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield told


def _line(folder: Path, found: manifest.Manifest) -> dict[str, Any]:
    kept = ("begun", "ended", "product", "revision", "province", "cluster", "system", "key")
    line: dict[str, Any] = {
        "name": found.id,
        "path": str(folder),
        "bytes": found.size,
        "records": found.records,
    }
    return line | {name: getattr(found, name) for name in kept}
