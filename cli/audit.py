"""`csdl audit`: are the logs what was signed; who did what to a school's data."""

import getpass
import sys
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from access import audit_acts
from cli.answers import console, json_option, print_json, tell
from runtime.settings import Settings
from sinks.checkpoints import audit as auditing
from sinks.checkpoints import keys
from sinks.checkpoints.audit import Audited

SHOWN = 50


@click.group()
def audit() -> None:
    """Kiểm toán — are the logs what was signed; who did what."""


@audit.command()
@click.option(
    "--checkpoints",
    type=click.Path(path_type=Path, file_okay=False),
    help="Thư mục điểm chốt, ví dụ bản sao ở máy khác — the folder, such as another machine's copy.",
)
@click.option(
    "--public-key", type=click.Path(path_type=Path, dir_okay=False),
    help="Khóa công khai mà bạn tin — the public key that you trust. Default: the one in the folder.",
)  # fmt: skip
@json_option
def verify(checkpoints: Path | None, public_key: Path | None, as_json: bool) -> None:
    """Đối chiếu nhật ký với các điểm chốt — hold every log against the signed checkpoints.

    Finds a chain that was cut, dropped or rebuilt, a topic made anew, refusals that are gone, a checkpoint
    that is missing, forged or in another's place. Exit code 0: all as signed. 1: not. 3: Kafka is away.
    """
    settings = Settings()
    folder = checkpoints or settings.checkpoints_dir
    found, key = auditing.read_row(folder, public_key)
    if checkpoints is None:
        found.problems += auditing.forgotten(settings, found)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
        console=console(80, stderr=True), transient=True, disable=as_json or not sys.stderr.isatty(),
    ) as bar:  # fmt: skip
        task = bar.add_task("đọc — reading", total=None)
        done = auditing.whole(settings, found, lambda n, of: bar.update(task, completed=n, total=of))
    if as_json:
        print_json(_line(done, str(folder), keys.key_id(key)))
    else:
        _say(done, keys.key_id(key))
    sys.exit(1 if done.findings else 0)


@audit.command()
@click.option("--reason", required=True, help="Lý do, được ký và lưu lại — why; it is signed and kept.")
@click.option("--account", default=getpass.getuser, help="Ai chấp nhận — who accepts. Default: your user.")
@json_option
def accept(reason: str, account: str, as_json: bool) -> None:
    """Chấp nhận những gì kiểm toán thấy — go on from the logs as they are now.

    For when a log was restored from an older copy, or a finding was looked into. What was found, who accepts
    it and why are signed into the next checkpoint, and shown by every later audit.
    """
    checkpoint, findings = audit_acts.accept(Settings(), account=account, reason=reason)
    if as_json:
        print_json({"checkpoint": checkpoint.number, "accepted": [f.as_dict() for f in findings]})
    else:
        for finding in findings[:SHOWN]:
            tell(finding.problem)
        tell(f"{len(findings)} được chấp nhận ở điểm chốt {checkpoint.number} — accepted in that checkpoint")


def _line(done: Audited, folder: str, key: str) -> dict[str, object]:
    row = done.row
    return {
        "checkpoints": {
            "folder": folder, "key": key, "first": row.first, "last": row.number, "count": row.count,
            "at": row.at,
        },
        "chains": done.chains,
        "events": done.events,
        "refusals": done.refusals,
        "findings": [finding.as_dict() for finding in done.findings],
        "accepted": [
            {"account": each.account, "reason": each.reason, "findings": len(each.findings)}
            for each in row.accepted
        ],
    }  # fmt: skip


def _say(done: Audited, key: str) -> None:
    row = done.row
    tell(f"điểm chốt — checkpoints: {row.first}–{row.number} ({row.at}), khóa — key {key[:16]}")
    tell(
        f"chuỗi — chains: {done.chains}, sự kiện — events: {done.events}, từ chối — refusals: {done.refusals}"
    )
    for each in row.accepted:
        tell(f"đã chấp nhận — accepted: {len(each.findings)} ({each.account}: {each.reason})")
    for finding in done.findings[:SHOWN]:
        tell(finding.problem, err=True)
    if not done.findings:
        tell("Nhật ký đúng như đã chốt — the logs are what was signed")
    else:
        tell(
            f"{len(done.findings)} điểm bất thường, tất cả bằng --json — findings, all of them by --json",
            err=True,
        )
