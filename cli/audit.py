"""`csdl audit`: are the logs what was signed; who did what to a school's data."""

import getpass
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from kafka import TopicPartition
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from access import audit_acts
from cli.answers import console, json_option, print_json, print_table, tell
from readings import school_acts
from readings.database import database
from readings.school_acts import Act
from runtime import kafka
from runtime.settings import Settings
from schemas.days import VIETNAM
from sinks.chains.chains import CHAINS, GRANTS, REFUSALS
from sinks.checkpoints import audit as auditing
from sinks.checkpoints import keys
from sinks.checkpoints.audit import Audited
from streams.grants.state import level
from streams.machines import topic_log
from streams.machines.chain import Break, breaks

SHOWN: Final = 50
"""Findings that are said one by one."""


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
    help="Khóa công khai mà bạn tin — the public key that you trust. Default: the folder's, if it is that of "
    "CSDL_CHECKPOINT_KEY_ID or of the signer's key.",
)  # fmt: skip
@json_option
def verify(checkpoints: Path | None, public_key: Path | None, as_json: bool) -> None:
    """Đối chiếu nhật ký với các điểm chốt — hold every log against the signed checkpoints.

    Finds a chain that was cut, dropped or rebuilt, a topic made anew, refusals that are gone, a checkpoint
    that is missing, forged or in another's place. Exit code 0: all as signed. 1: not. 3: Kafka is away.
    """
    settings = Settings()
    folder = checkpoints or settings.checkpoints_dir
    found, key = auditing.read_row(settings, folder, public_key)
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


@audit.command()
@click.argument("school")
@json_option
def school(school: str, as_json: bool) -> None:
    """Ai đã làm gì với dữ liệu của trường — who did what to SCHOOL's data, in the order of time.

    Granted, used, revoked, opened, submitted, confirmed, returned, exported, answered; and what was refused
    in the last month. From the events of all machines and the database. Exit code 1 if a chain is broken.
    """
    settings = Settings()
    acts, broken = _recorded(settings, school)
    with database("csdl audit school") as conn:
        acts += school_acts.of_database(conn, school)
    acts = school_acts.in_order(acts)
    if as_json:
        faults = [{"subject": b.subject, "sequence": b.sequence, "fault": b.fault} for b in broken]
        print_json({"school": school, "acts": [act.as_dict() for act in acts], "breaks": faults})
    elif not acts:
        tell(f"Chưa ai làm gì với dữ liệu của trường {school} — nobody has done anything to {school}'s data")
    else:
        heads = ("at", "act", "subject", "who", "version", "records", "code", "reason", "source")
        print_table(heads, [_cells(act) for act in acts])
    for fault in broken:
        tell(f"{fault.subject} #{fault.sequence}: {fault.fault}", err=True)
    sys.exit(1 if broken else 0)


def _recorded(settings: Settings, school: str) -> tuple[list[Act], list[Break]]:
    """What the topics say of a school, and where its chains are broken."""
    acts: list[Act] = []
    broken: list[Break] = []
    for each in CHAINS:
        chains: dict[str, list[dict[str, Any]]] = {}
        records = list(_records(settings, each.topic, each.contract, school))
        if each is GRANTS:
            records += _above(settings, records)
        for record in records:
            chains.setdefault(each.subject(record), []).append(record)
        for subject, records in chains.items():
            acts += [school_acts.of_event(each.topic, subject, record) for record in records]
            broken += breaks(subject, records)
    for topic in REFUSALS:
        for record in _records(settings, topic, "CommandRefused", school):
            acts.append(school_acts.of_refusal(topic, record))
    return acts, broken


def _above(settings: Settings, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was done to the vendors of a school, and to the product versions it had, as a whole."""
    vendors = {record["Vendor"] for record in records}
    levels = {level(), *(level(record.get("ProductVersion", "")) for record in records)}
    found = (r for about in sorted(levels) for r in _records(settings, GRANTS.topic, GRANTS.contract, about))
    return [record for record in found if record["Vendor"] in vendors]


def _records(settings: Settings, topic: str, contract: str, school: str) -> Iterator[dict[str, Any]]:
    key = school.encode()
    for message in topic_log.read(settings, [TopicPartition(topic, kafka.partition_of(key))]):
        if message.key == key and (record := topic_log.record(message, contract)) is not None:
            yield record


def _cells(act: Act) -> tuple[object, ...]:
    who = " ".join(filter(None, (act.role, act.unit, act.account)))
    at = act.at.astimezone(VIETNAM).isoformat(sep=" ", timespec="seconds")
    records = "" if act.records is None else act.records
    return at, act.words, act.subject, who, act.version or "", records, act.code, act.reason, act.source


def _line(done: Audited, folder: str, key: str) -> dict[str, object]:
    row = done.row
    return {
        "checkpoints": {
            "folder": folder, "key": key, "first": row.first, "last": row.number, "count": row.count,
            "at": row.at,
        },
        "chains": done.chains,
        "events": done.read.events,
        "refusals": done.read.refusals,
        "acts": done.read.acts_read,
        "unsealed": {"number": done.read.unsealed, "since": _since(done)},
        "findings": [finding.as_dict() for finding in done.findings],
        "accepted": [
            {"account": each.account, "reason": each.reason, "findings": len(each.findings)}
            for each in row.accepted
        ],
    }  # fmt: skip


def _since(done: Audited) -> datetime | None:
    """When the first happened that no checkpoint holds yet; none if all are sealed."""
    at = done.read.unsealed_since
    return None if at is None else datetime.fromtimestamp(at / 1000, UTC)


def _say(done: Audited, key: str) -> None:
    row = done.row
    tell(f"điểm chốt — checkpoints: {row.first}–{row.number} ({row.at}), khóa — key {key}")
    tell(f"chuỗi — chains: {done.chains}, sự kiện — events: {done.read.events}")
    tell(f"từ chối — refusals: {done.read.refusals}, việc ở cổng — acts: {done.read.acts_read}")
    if since := _since(done):
        tell(f"chưa chốt — not sealed yet: {done.read.unsealed}, từ — since {since.astimezone(VIETNAM)}")
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
