"""`csdl organisation`: units by date, from a file into the machine and out of it again."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import click

from access import organisation_imports
from access.organisation_imports import Planned
from cli.answers import json_option, print_json, print_table, say, tell
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem, ProblemList
from schemas.organisation.importing import Change
from schemas.organisation.organisation import Held, NoRoute, Organisation
from schemas.organisation.units import KIND_VI, Kind, Period
from streams.machines.commands_client import CommandOutcome
from streams.organisation import units

SHOWN: Final = 40
"""Changes that are printed; --json has all."""

on_option = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), help="Day in Vietnam. Default: today."
)  # fmt: skip


@click.group()
def organisation() -> None:
    """Tổ chức theo ngày — units, who manages whom from which day to which, who confirms a school's data."""


@organisation.command(name="import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say all errors and what would change; change nothing.")
@click.option("--whole", is_flag=True, help="Units of the file have its periods and no other.")
@click.option("--clear-ends", is_flag=True, help="A blank valid_to takes away an end that is known.")
@click.option("--unit", help="Unit that acts. Default: the department of today.")
@click.option("--account", default="cli", show_default=True, help="Account of the office that acts.")
@click.option("--reason", default="", help="Reason in words.")
@json_option
def import_(
    path: Path,
    dry_run: bool,
    whole: bool,
    clear_ends: bool,
    unit: str | None,
    account: str,
    reason: str,
    as_json: bool,
) -> None:
    """Nhập đơn vị — take over a province's FOLDER or a FILE of units; all of it or nothing.

    A row is a period of its unit, known by its first day. An absent column says nothing, a blank cell says
    that there is nothing. Exit code 1 if anything is wrong, or was refused.
    """
    settings = Settings()
    found = organisation_imports.planned(settings, path, whole=whole, clear_ends=clear_ends)
    if found.problems:
        raise ProblemList(list(found.problems))
    acting = unit or department(Organisation(found.plan.units.values()))
    outcomes: list[CommandOutcome] = []
    if not dry_run:
        asked = organisation_imports.commands(found, acting=acting, account=account, reason=reason)
        outcomes = organisation_imports.carry_out(settings, asked)
    refused = [o for o in outcomes if o.code]
    if as_json:
        print_json(_as_json(found, dry_run, refused))
    else:
        _tell(found, dry_run)
        for outcome in refused:
            vi, en = outcome.messages()
            tell(f"{outcome.code} {vi}", f"{outcome.code} {en}", err=True)
        say(outcomes[0].warnings if outcomes else ())
    sys.exit(1 if refused else 0)


def _as_json(found: Planned, dry_run: bool, refused: Sequence[CommandOutcome]) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "changes": [_change(change) for change in found.plan.changes],
        "unchanged": found.plan.known,
        "absent_columns": sorted(found.plan.absent),
        "warnings": [problem.as_dict() for problem in found.warnings],
        "refused": dict(Counter(o.code for o in refused)),
    }


def _change(change: Change) -> dict[str, Any]:
    fields = [
        {
            "since": d.since.isoformat(),
            "field": d.field,
            "before": _plain(d.before),
            "after": _plain(d.after),
            "cleared": d.cleared,
        }
        for d in change.differences()
    ]
    return {"unit": change.code, "kind": change.after.kind, "new": change.before is None, "fields": fields}


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _tell(found: Planned, dry_run: bool) -> None:
    changes = found.plan.changes
    for change in changes[:SHOWN]:
        new = "mới — new" if change.before is None else ""
        tell(f"{change.code} {KIND_VI[change.after.kind]} {new}".rstrip())
        for d in change.differences():
            before, after = _shown(d.before), _shown(d.after)
            cleared = " (ô trống xóa giá trị — the blank cell clears it)" if d.cleared else ""
            tell(f"  {d.since} {d.field}: {before} → {after}{cleared}")
    if len(changes) > SHOWN:
        tell(f"… +{len(changes) - SHOWN} (--json)")
    if found.plan.absent:
        absent = ", ".join(sorted(found.plan.absent))
        tell(
            f"Không có cột {absent}: giữ giá trị đã có.",
            f"The file has no column {absent}: what is known stays.",
        )
    say(list(found.warnings[:SHOWN]))
    added = sum(change.before is None for change in changes)
    done_vi, done_en = ("Sẽ", "would be ") if dry_run else ("Đã", "")
    tell(
        f"{done_vi} thêm {added}, sửa {len(changes) - added}, giữ nguyên {found.plan.known} đơn vị.",
        f"{added} units {done_en}added, {len(changes) - added} changed, {found.plan.known} are as they were.",
    )


def _shown(value: Any) -> str:
    if value is None or value == "" or value == ():
        return "–"
    return " ".join(value) if isinstance(value, tuple) else str(value)


@organisation.command()
@click.argument("school")
@on_option
@json_option
def route(school: str, on: datetime | None, as_json: bool) -> None:
    """Tuyến xác nhận — the units that confirm a school's data, for a campaign whose day this is."""
    day = on.date() if on else today()
    try:
        found = units.organisation(Settings()).route(school, day)
    except NoRoute as fault:
        raise ProblemList([fault.problem]) from None
    if as_json:
        print_json({"school": school, "on": day.isoformat(), "route": [_held(h) for h in found]})
        return
    tell(f"{school} → {' → '.join(h.code for h in found)}  ({day})")
    for held in found:
        tell(f"  {held.code:10} {KIND_VI[held.kind]:8} {held.period.name}")


@organisation.command()
@click.argument("unit")
@json_option
def show(unit: str, as_json: bool) -> None:
    """Một đơn vị qua các giai đoạn — a unit with all its periods."""
    state = units.states(Settings()).get(unit)
    if state is None:
        raise ProblemList([Problem("ORG-UNKNOWN", params={"unit": unit, "day": today().isoformat()})])
    if as_json:
        print_json(
            {
                "unit": state.unit_code,
                "kind": state.kind,
                "state": state.state,
                "sequence": state.sequence,
                "periods": [_period(p) for p in state.periods],
            }
        )
        return
    tell(f"{state.unit_code} {KIND_VI[state.kind]} — {state.kind}, {state.state} #{state.sequence}")
    print_table(
        ("from", "to", "name", "parent", "level", "located", "ended", "successors"),
        [
            (p.valid_from, p.valid_to or "–", p.name, p.parent, p.level, p.located, p.ended,
             " ".join(p.successors))
            for p in state.periods
        ],
    )  # fmt: skip


@organisation.command(name="list")
@on_option
@click.option("--kind", type=click.Choice([k.value for k in Kind]), help="Only units of this kind.")
@click.option("--under", help="Only units that this one manages on that day.")
@json_option
def list_(on: datetime | None, kind: str | None, under: str | None, as_json: bool) -> None:
    """Các đơn vị của một ngày — the units that there are on a day; none that is not."""
    day = on.date() if on else today()
    held = units.organisation(Settings()).held(day, Kind(kind) if kind else None)
    found = [h for h in held if under in (None, h.period.parent)]
    if as_json:
        print_json([_held(h) for h in found])
        return
    print_table(
        ("code", "kind", "name", "parent", "from", "to"),
        [
            (h.code, h.kind, h.period.name, h.period.parent, h.period.valid_from, h.period.valid_to or "–")
            for h in found
        ],
    )
    tell(f"{len(found)} đơn vị vào ngày {day} — units on that day")


@organisation.command()
@on_option
@json_option
def totals(on: datetime | None, as_json: bool) -> None:
    """Số trường theo đơn vị quản lý — schools by managing unit and level on a day."""
    day = on.date() if on else today()
    found = units.organisation(Settings()).totals(day)
    every = sum((Counter(levels) for levels in found.values()), Counter[str]())
    if as_json:
        total = {"schools": every.total(), "levels": dict(sorted(every.items()))}
        print_json({"on": day.isoformat(), "units": found, **total})
        return
    print_table(
        ("unit", "schools", "by level"),
        [
            (unit, sum(levels.values()), ", ".join(f"{level or '–'} {n}" for level, n in levels.items()))
            for unit, levels in found.items()
        ],
    )
    tell(f"{every.total()} trường vào ngày {day} — schools on that day, under {len(found)} units")


def _held(held: Held) -> dict[str, Any]:
    return {"unit": held.code, "kind": held.kind, **_period(held.period)}


def _period(period: Period) -> dict[str, Any]:
    return {name: _plain(getattr(period, name)) for name in Period.__struct_fields__}


def department(known: Organisation) -> str:
    """The department of today. Raises ProblemList (ORG-DEPARTMENT) unless there is exactly one."""
    if not (found := known.department(today())):
        raise ProblemList([Problem("ORG-DEPARTMENT")])
    return found
