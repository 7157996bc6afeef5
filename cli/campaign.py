"""`csdl campaign`: the department opens datasets for schools to fill."""

import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

import click

from access.campaigns import opening
from cli.answers import json_option, print_json, say, tell
from runtime.settings import Settings
from schemas.datasets import PERIODS, reference_day
from schemas.errors import Problem, ProblemList
from schemas.organisation import province
from streams.confirmation.machine import MACHINE
from streams.confirmation.state import Window
from streams.machines.commands_client import CommandsClient
from streams.organisation import units


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
@click.option("--account", default="cli", show_default=True, help="Account of the office that acts.")
@json_option
def open_campaign(
    year: int,
    kind: str,
    which: str,
    on: datetime | None,
    opens: datetime | None,
    closes: datetime | None,
    calendar: bool,
    account: str,
    as_json: bool,
) -> None:
    """Mở bộ dữ liệu cho từng trường — open a dataset for each school.

    The units that must confirm it are fixed now. One that cannot be opened stops no other. Exit code 1 if
    any was refused for another reason than being open already.
    """
    settings = Settings()
    if year not in settings.school_years:
        years = ", ".join(map(str, settings.school_years))
        raise ProblemList([Problem("CAMP-YEAR", params={"year": year, "years": years})])
    day = on.date() if on else reference_day(year, PERIODS[kind])
    named = None if which == "all" else _codes(Path(which))
    window = Window(opens.date() if opens else None, closes.date() if closes else None)
    given = window if window != Window() else _in_calendar(settings, year, kind) if calendar else None
    known = units.organisation(settings)
    codes = known.schools(day) if named is None else named
    commands, problems = opening(known, codes, year, kind, day, account=account, window=given)
    with CommandsClient(MACHINE, settings) as client:
        outcomes = client.send_many(commands)
    counts = Counter(o.code or "opened" for o in outcomes)
    routes = Counter(" → ".join(c.route) for c in commands)
    already = counts.pop("CONF-ALREADY", 0)
    warnings = outcomes[0].warnings if outcomes else ()  # of one clock: the same for all
    if as_json:
        answer = {
            "opened": counts["opened"],
            "open_already": already,
            "refused": {code: n for code, n in counts.items() if code != "opened"},
            "not_sent": [p.as_dict() for p in problems],
            "on": day.isoformat(),
            "routes": dict(routes),
            "warnings": [w.as_dict() for w in warnings],
        }
        print_json(answer)
    else:
        tell(f"Đã mở {counts['opened']}, đã mở từ trước {already} — opened, open already (on {day})")
        for route, n in sorted(routes.items()):
            tell(f"  {n:5}  {route}")
        refused = [o for o in outcomes if o.code not in ("", "CONF-ALREADY")]
        lines = [(p.code, *p.messages()) for p in problems] + [(o.code, *o.messages()) for o in refused]
        for code, vi, en in lines:
            tell(f"{code} {vi}", f"{code} {en}", err=True)
        say(warnings)
    sys.exit(1 if problems or set(counts) - {"opened"} else 0)


def _in_calendar(settings: Settings, year: int, kind: str) -> Window:
    """Raises ProblemList (CAMP-CALENDAR) if the province's calendar says nothing of that period."""
    its_province = province.load(settings.province)
    days = its_province.window(year, PERIODS[kind])
    if days is None:
        params = {"year": year, "period": PERIODS[kind], "path": str(its_province.folder / province.CALENDAR)}
        raise ProblemList([Problem("CAMP-CALENDAR", params=params)])
    return Window(*days)


def _codes(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ProblemList([Problem("CAMP-FILE", params={"path": path.name})]) from None
    return list(dict.fromkeys(line.strip() for line in lines if line.strip()))
