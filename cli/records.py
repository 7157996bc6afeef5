"""`csdl records`: what a school's last whole lists lacked, and which of those records leave."""

import sys
from typing import Any, Final

import click

from access import audit, client
from cli.answers import REFUSED, json_option, print_json, print_table, tell
from readings import records as readings
from readings import versions
from readings.database import database
from runtime.settings import Settings
from schemas.contracts.contracts import record_types
from schemas.datasets import PERIODS, dataset_id

WAITING: Final = "PUSH-012"


@click.group()
def records() -> None:
    """Bản ghi của trường — records of a school: who is absent from its lists, who leaves."""


def _dataset(command: Any) -> Any:
    for add in (
        click.argument("school"),
        click.option("--year", type=int, required=True, help="School year, by its first calendar year."),
        click.option("--kind", type=click.Choice(sorted(PERIODS)), required=True, help="LoaiDongBo."),
        json_option,
    ):
        command = add(command)
    return command


@records.command()
@_dataset
def absent(school: str, year: int, kind: str, as_json: bool) -> None:
    """Bản ghi mà danh sách đầy đủ gần nhất không có — what the last whole lists lacked; it is kept.

    Prints identities and the vendor's own ids, never a person's name; and the removals that wait for the
    head. That somebody looked is on record.
    """
    dataset = dataset_id(school, year, kind)
    with database("csdl records") as conn:
        found, waiting = readings.absent(conn, dataset), readings.waiting(conn, dataset)
        version = readings.version(conn, dataset)
        if found:
            audit.record_operators(conn, audit.Kind.LOOKED, act="records absent", subject=dataset)
    if as_json:
        print_json({"dataset": dataset, "version": version, "absent": found, "waiting": waiting})
        return
    tell(f"{dataset} v{version}: {len(found)} bản ghi vắng — records absent")
    heads = ("record_type", "identity", "client_id", "since_version", "vendor", "push_id")
    if found:
        print_table(heads, [[row[name] for name in heads] for row in found])
    if waiting:
        tell("Chờ hiệu trưởng đồng ý — waiting for the head (csdl records remove --consent):")
        heads = ("removal_id", "record_type", "records", "vendor", "account", "asked_at")
        print_table(heads, [[row[name] for name in heads] for row in waiting])


@records.command()
@json_option
def digests(as_json: bool) -> None:
    """Phiên bản có mã kiểm tra đổi theo cách tính 2 — versions whose digest changes by rule 2.

    Some of their rows hold line ends that rule 1 took for blanks. What was approved stands, and is exported
    by the rule of its time; the next version of the dataset is digested by rule 2.
    """
    with database("csdl records") as conn:
        found = versions.rehashed(conn)
    if as_json:
        print_json(found)
        return
    tell(f"{len(found)} phiên bản — versions")
    if found:
        print_table(tuple(found[0]), [list(row.values()) for row in found])


@records.command()
@_dataset
@click.option("--type", "record_type", type=click.Choice(record_types()), help="Type of the records.")
@click.option("--identity", "identities", multiple=True, help="Record that leaves. Default: all absent ones.")
@click.option("--reason", default="", help="Reason in words.")
@click.option("--version", type=int, help="Version that you saw. Default: the current one; says which.")
@click.option("--consent", metavar="REMOVAL_ID", help="The head consents to a removal that waits.")
def remove(
    school: str,
    year: int,
    kind: str,
    record_type: str | None,
    identities: tuple[str, ...],
    reason: str,
    version: int | None,
    consent: str | None,
    as_json: bool,
) -> None:
    """Cho bản ghi rời bộ dữ liệu — records that the last whole list lacked leave; history stays.

    Above a share of the school it waits for the head, who consents with --consent.
    """
    if consent is None and not (record_type and reason):
        raise click.UsageError(
            "Nêu --type và --reason, hoặc --consent — name --type and --reason, or --consent"
        )
    dataset = dataset_id(school, year, kind)
    path = f"/v1/datasets/{dataset}/removals"
    with client.logged_in(Settings()) as access:
        if consent:
            said = access.call("POST", f"{path}/{consent}/consent", {})
        else:
            asked = {
                "record_type": record_type,
                "reason": reason,
                "identities": identities,
                "version": version,
            }
            said = access.call("POST", path, asked)
    if version is None:
        tell(f"Đã xem — seen: {dataset} v{said['seen']}", err=True)
    _show(said, as_json)


def _show(said: dict[str, Any], as_json: bool) -> None:
    """What came of it; exit code 1 if it was refused."""
    if as_json:
        print_json(said)
    else:
        if said["removed"]:
            n = sum(said["removed"].values())
            tell(f"{said['dataset']} v{said['version']}: {n} bản ghi đã rời đi — records have left.")
        for text in filter(None, (said["message_vi"], said["message_en"])):
            tell(f"{said['code']} {text}", err=True)
        if said["code"] == WAITING:
            tell(f"  {said['removal_id']}")
        for warning in said["warnings"]:
            tell(*(f"{warning['code']} {warning[text]}" for text in ("message_vi", "message_en")), err=True)
    sys.exit(REFUSED if said["outcome"] == "refused" else 0)
