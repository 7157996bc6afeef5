"""`csdl accounts`: the operator makes and changes accounts, at the machine itself."""

from datetime import datetime, timedelta
from typing import Any

import click

from access import client
from access.accounts import office
from access.accounts.account import Account, Role
from access.accounts.store import New
from cli.answers import json_option, print_json, print_table, tell
from cli.login import password, password_option, show
from runtime.settings import Settings
from schemas.days import today

_day = click.DateTime(["%Y-%m-%d"])
_role = click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice([role.value for role in Role]),
    help="May be repeated.",
)


@click.group()
def accounts() -> None:
    """Tài khoản — accounts of people. Every change ends all logins and tokens of the account."""


@accounts.command()
@click.argument("name")
@click.option(
    "--person", required=True, help="Code of the person (staff code, no name): persons are compared."
)
@click.option("--unit", required=True, help="Code of the unit: a school, district, commune, the department.")
@_role
@click.option("--from", "since", type=_day, help="First day in force. Default: today.")
@click.option("--until", type=_day, help="Last day in force. Default: without end.")
@click.option("--issuer", default="", help="OpenID provider; with --subject, instead of a password.")
@click.option("--subject", default="", help="The person's id at that provider (sub).")
@password_option
@json_option
def create(
    name: str,
    person: str,
    unit: str,
    roles: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    issuer: str,
    subject: str,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Tạo tài khoản — make an account. A name is never used again."""
    if not roles:
        raise click.UsageError("Thiếu --role — name at least one role (--role)")
    if bool(issuer) != bool(subject):
        raise click.UsageError("--issuer và --subject đi cùng nhau — --issuer and --subject go together")
    new = New(
        name,
        person,
        unit,
        frozenset(map(Role, roles)),
        since.date() if since else today(),
        _day_after(until),
        issuer=issuer,
        subject=subject,
    )
    typed = "" if issuer and not password_stdin else password(password_stdin, confirm=True)
    _print(office.create(Settings(), new, typed, needs_password=not issuer), as_json)


@accounts.command()
@click.argument("name")
@click.option("--after", type=_day, help="Last day in force. Default: it ends now.")
@json_option
def end(name: str, after: datetime | None, as_json: bool) -> None:
    """Kết thúc — the account ends; whatever proved it is worth nothing at once."""
    _print(office.end(Settings(), name, _day_after(after) or today()), as_json)


@accounts.command()
@click.argument("name")
@click.option("--until", type=_day, help="Last day in force. Default: without end.")
@json_option
def reinstate(name: str, until: datetime | None, as_json: bool) -> None:
    """Mở lại — in force again; earlier logins and tokens stay ended."""
    _print(office.reinstate(Settings(), name, _day_after(until)), as_json)


@accounts.command()
@click.argument("name")
@click.option("--unit", required=True, help="Code of the unit that it acts for from now on.")
@_role
@click.option("--from", "since", type=_day, help="First day of the new unit, today or later. Default: now.")
@json_option
def move(name: str, unit: str, roles: tuple[str, ...], since: datetime | None, as_json: bool) -> None:
    """Chuyển đơn vị — to another unit; with other roles if some are named.

    With --from a later day: logins and tokens of before that day end with it.
    """
    day = since.date() if since else None
    _print(office.move(Settings(), name, unit, frozenset(map(Role, roles)), day), as_json)


@accounts.command()
@click.argument("name")
@_role
@json_option
def roles(name: str, roles: tuple[str, ...], as_json: bool) -> None:
    """Đổi vai trò — these roles, and no other, from now on."""
    if not roles:
        raise click.UsageError("Thiếu --role — name at least one role (--role)")
    _print(office.move(Settings(), name, "", frozenset(map(Role, roles))), as_json)


@accounts.command(name="password")
@click.argument("name", required=False)
@password_option
@json_option
def set_password(name: str | None, password_stdin: bool, as_json: bool) -> None:
    """Đặt mật khẩu mới — your own password, the old one is asked for; with NAME, the operator sets another's.

    With --password-stdin: the old one in the first line, the new one in the second.
    """
    if name is not None:
        _print(office.set_password(Settings(), name, password(password_stdin, confirm=True)), as_json)
        return
    with client.logged_in(Settings()) as access:
        old = password(password_stdin, "Mật khẩu cũ — old password")
        new = password(password_stdin, "Mật khẩu mới — new password", confirm=True)
        said = access.call("POST", "/v1/password", {"old": old, "new": new})
    if as_json:
        print_json(said)
    else:
        tell(f"Đã đổi mật khẩu; {said['ended']} lần đăng nhập hoặc mã khác đã kết thúc")
        tell(f"the password is changed; {said['ended']} other logins or tokens have ended")


@accounts.command(name="list")
@json_option
def list_accounts(as_json: bool) -> None:
    """Mọi tài khoản — all accounts; the code says why one is not in force today."""
    found = office.everyone(Settings())
    if as_json:
        print_json(found)
        return
    heads = ("account", "name", "person", "unit", "roles", "active_from", "active_to", "code")
    print_table(heads, [_cells(row, heads) for row in found])


def _cells(row: dict[str, Any], heads: tuple[str, ...]) -> list[object]:
    return [",".join(row[h]) if h == "roles" else "" if row[h] is None else row[h] for h in heads]


def _day_after(day: datetime | None) -> Any:
    """The first day after a last one: periods are half open."""
    return None if day is None else day.date() + timedelta(days=1)


def _print(account: Account, as_json: bool) -> None:
    told = office.told(account)
    if as_json:
        print_json(told)
    else:
        show(told)
