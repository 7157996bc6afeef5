"""`csdl campaign`: the department opens datasets for schools to fill."""

import sys
from datetime import datetime
from pathlib import Path

import click

from access import client
from cli.answers import json_option, print_json, tell
from runtime.settings import Settings
from schemas.datasets import PERIODS
from schemas.errors import Problem, ProblemList


@click.group()
def campaign() -> None:
    """Đợt báo cáo — reporting campaigns."""


@campaign.command(name="open")
@click.option("--year", type=int, required=True, help="School year, by its first calendar year.")
@click.option("--kind", type=click.Choice(sorted(PERIODS)), required=True, help="LoaiDongBo: the period.")
@click.option(
    "--schools", "which", default="all", show_default=True, help="File with one school code a line, or all."
)
@click.option(
    "--on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day whose organisation confirms. Default: the reference day of the period.",
)
@click.option("--opens", type=click.DateTime(["%Y-%m-%d"]), help="First day to submit. Default: no bound.")
@click.option("--closes", type=click.DateTime(["%Y-%m-%d"]), help="Last day to submit. Default: no bound.")
@click.option(
    "--calendar", is_flag=True, help="Days to submit as the province's calendar has them, if none is named."
)
@json_option
def open_campaign(
    year: int,
    kind: str,
    which: str,
    on: datetime | None,
    opens: datetime | None,
    closes: datetime | None,
    calendar: bool,
    as_json: bool,
) -> None:
    """Mở bộ dữ liệu cho từng trường — open a dataset for each school.

    The units that must confirm it are fixed now. One that cannot be opened stops no other. Exit code 1 if
    any was refused for another reason than being open already.
    """
    asked = {
        "year": year,
        "kind": kind,
        "calendar": calendar,
        "schools": None if which == "all" else _codes(Path(which)),
        **{
            name: day.date().isoformat()
            for name, day in (("on", on), ("opens", opens), ("closes", closes))
            if day
        },
    }
    with client.logged_in(Settings()) as access:
        answer = access.call("POST", "/v1/campaigns", asked)
    messages = answer.pop("messages")
    warnings = answer["warnings"]
    if as_json:
        print_json(answer)
    else:
        opened, already = answer["opened"], answer["open_already"]
        tell(f"Đã mở {opened}, đã mở từ trước {already} — opened, open already (on {answer['on']})")
        for route, n in sorted(answer["routes"].items()):
            tell(f"  {n:5}  {route}")
        said = [(p["code"], p["message_vi"], p["message_en"]) for p in [*answer["not_sent"], *warnings]]
        for code, vi, en in said + [(code, *texts) for code, texts in messages.items()]:
            tell(f"{code} {vi}", f"{code} {en}", err=True)
    sys.exit(1 if answer["not_sent"] or answer["refused"] else 0)


def _codes(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ProblemList([Problem("CAMP-FILE", params={"path": path.name})]) from None
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))
