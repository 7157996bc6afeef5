"""`csdl organisation`: units by date, from a file into the machine and out of it again."""

import sys
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import click

from access import client
from cli.answers import json_option, print_json, print_table, say, tell
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem, ProblemList
from schemas.organisation import province, unit_files
from schemas.organisation.organisation import Held, NoRoute
from schemas.organisation.units import KIND_VI, Kind, Period
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
@click.option("--reason", default="", help="Reason in words.")
@json_option
def import_(path: Path, dry_run: bool, whole: bool, clear_ends: bool, reason: str, as_json: bool) -> None:
    """Nhập đơn vị — take over a province's FOLDER or a FILE of units; all of it or nothing.

    A row is a period of its unit, known by its first day. An absent column says nothing, a blank cell says
    that there is nothing. The department's officer who is logged in acts; operators and auditors may try
    (--dry-run). Exit code 1 if anything is wrong, or was refused.
    """
    if path.is_dir():
        province.load(str(path))  # the whole folder is in order, or nothing is sent
        path = path / province.UNITS
    asked = {
        "name": path.name,
        "text": unit_files.text_of(path),
        "whole": whole,
        "clear_ends": clear_ends,
        "dry_run": dry_run,
        "reason": reason,
    }
    with client.logged_in(Settings()) as access:
        answer = access.call("POST", "/v1/organisation/imports", asked)
    messages = answer.pop("messages")
    if as_json:
        print_json(answer)
    else:
        _tell(answer)
        for code, (vi, en) in messages.items():
            tell(f"{code} {vi}", f"{code} {en}", err=True)
    sys.exit(1 if answer["refused"] else 0)


def _tell(answer: dict[str, Any]) -> None:
    changes = answer["changes"]
    for change in changes[:SHOWN]:
        new = "mới — new" if change["new"] else ""
        tell(f"{change['unit']} {KIND_VI[Kind(change['kind'])]} {new}".rstrip())
        for d in change["fields"]:
            before, after = _shown(d["before"]), _shown(d["after"])
            cleared = " (ô trống xóa giá trị — the blank cell clears it)" if d["cleared"] else ""
            tell(f"  {d['since']} {d['field']}: {before} → {after}{cleared}")
    if len(changes) > SHOWN:
        tell(f"… +{len(changes) - SHOWN} (--json)")
    if answer["absent_columns"]:
        absent = ", ".join(answer["absent_columns"])
        tell(
            f"Không có cột {absent}: giữ giá trị đã có.",
            f"The file has no column {absent}: what is known stays.",
        )
    say([client.problem(w) for w in answer["warnings"][:SHOWN]])
    added = sum(change["new"] for change in changes)
    done_vi, done_en = ("Sẽ", "would be ") if answer["dry_run"] else ("Đã", "")
    same = answer["unchanged"]
    tell(
        f"{done_vi} thêm {added}, sửa {len(changes) - added}, giữ nguyên {same} đơn vị.",
        f"{added} units {done_en}added, {len(changes) - added} changed, {same} are as they were.",
    )


def _shown(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "–"
    return " ".join(value) if isinstance(value, list) else str(value)


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


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _period(period: Period) -> dict[str, Any]:
    return {name: _plain(getattr(period, name)) for name in Period.__struct_fields__}
