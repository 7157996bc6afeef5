"""`csdl vendors`, `csdl years add|end`: who may push, for which school years, by date; in force at once."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import click

from cli.answers import json_option, print_json, print_table, tell
from deploy import taking_on
from runtime import terms
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.days import today
from schemas.terms import VENDOR, YEAR, Term

DAY = click.DateTime(["%Y-%m-%d"])


def _day(_: click.Context, __: click.Parameter, value: datetime | None) -> date | None:
    return value.date() if value else None


def _option(name: str, help: str) -> Callable[[Any], Any]:
    return click.option(f"--{name}", name, type=DAY, callback=_day, metavar="DAY", help=help)


_FROM = _option("from", "Ngày đầu — the first day; by default the one it has, of a new one today.")
_TO = _option("to", "Ngày cuối — the last day; by default none.")
_LAST = _option("to", "Ngày cuối — the last day; by default today.")


@click.group()
def vendors() -> None:
    """Nhà cung cấp theo ngày — vendors by date, in force in all processes within seconds.

    `add` and `end` are done by the account csdl-setup (on a server: sudo -u csdl-setup).
    """


@vendors.command("add")
@click.argument("name")
@_FROM
@_TO
def add_vendor(name: str, **days: date | None) -> None:
    """Thêm nhà cung cấp — make a vendor's topics, account and rights; take its pushes on these days."""
    _add(VENDOR, name, **days)


@click.command("add")
@click.argument("year")
@_FROM
@_TO
def add_year(year: str, **days: date | None) -> None:
    """Thêm năm học — make the tables of a school year (its first calendar year), take pushes for it."""
    _add(YEAR, year, **days)


@vendors.command("end")
@click.argument("name")
@_LAST
def end_vendor(name: str, to: date | None) -> None:
    """Kết thúc — take no push of the vendor after a day. Its topics, account and records stay."""
    _end(VENDOR, name, to)


@click.command("end")
@click.argument("year")
@_LAST
def end_year(year: str, to: date | None) -> None:
    """Kết thúc — take no push for the school year after a day. Its records stay."""
    _end(YEAR, year, to)


@vendors.command("list")
@json_option
def list_vendors(as_json: bool) -> None:
    """Danh sách — every vendor, its days, and whether its pushes are taken today."""
    settings = Settings()
    terms.bring(settings, strictly=True)
    found = [settings.terms.of(VENDOR, name) or Term(VENDOR, name) for name in sorted(settings.vendors)]
    if as_json:
        print_json(
            [
                {"name": term.name, "from": term.begins, "to": term.ends, "taken": term.holds(today())}
                for term in found
            ]
        )
        return
    print_table(
        ("name", "from", "to", "taken today"),
        [(t.name, t.begins or "", t.ends or "", "yes" if t.holds(today()) else "no") for t in found],
    )


def _add(kind: str, name: str, **days: date | None) -> None:
    term, done = taking_on.add(Settings().acting_as(SETUP), kind, name, days["from"], days["to"])
    for line in done:
        tell(line)
    tell(f"{term.key}: {_days(term)}")


def _end(kind: str, name: str, to: date | None) -> None:
    term = taking_on.end(Settings().acting_as(SETUP), kind, name, to or today())
    tell(f"{term.key}: {_days(term)}")


def _days(term: Term) -> str:
    return f"{term.begins or '…'} – {term.ends or '…'}"
