"""`csdl login`, `logout`, `whoami`: who acts on the command line."""

import sys
from typing import Any

import click

from access import client, logins
from access.accounts.account import ROLE_VI, Role
from cli.answers import json_option, print_json, tell
from runtime.settings import Settings

password_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from stdin, its first line; else it is asked for.",
)


@click.command()
@click.argument("account")
@password_option
@json_option
def login(account: str, password_stdin: bool, as_json: bool) -> None:
    """Đăng nhập — log in; what is done afterwards is done by this account, until `csdl logout`."""
    said = client.log_in(Settings(), account, password(password_stdin))
    if as_json:
        print_json(said)
    else:
        tell(f"Đã đăng nhập — logged in: {said['name']} ({said['account']})")


@click.command()
@json_option
def logout(as_json: bool) -> None:
    """Đăng xuất — end the login; a copy of it is worth nothing then."""
    settings = Settings()
    with client.logged_in(settings) as access:
        said = access.call("POST", "/v1/logout", {})
    logins.forget(settings.login_file, settings.access)
    if as_json:
        print_json(said)
    else:
        tell("Đã đăng xuất — logged out")


@click.command()
@json_option
def whoami(as_json: bool) -> None:
    """Ai đang đăng nhập — the account as it stands: unit, roles, days; what its acts are done as."""
    with client.logged_in(Settings()) as access:
        said = access.call("GET", "/v1/whoami")
    if as_json:
        print_json(said)
    else:
        show(said)


def show(said: dict[str, Any]) -> None:
    """An account in a few lines."""
    tell(f"{said['name']} ({said['account']})", f"  đơn vị — unit: {said['unit']}")
    roles = (f"{ROLE_VI[Role(role)]} — {role}" for role in said["roles"])
    tell(f"  vai trò — roles: {'; '.join(roles)}")
    days = f"{said['active_from']} → {said['active_to'] or '…'}"
    tell(f"  hiệu lực — in force: {days} {said['code']}".rstrip())
    if move := said.get("moves"):
        tell(f"  chuyển — moves {move['on']}: {move['unit']} ({', '.join(move['roles'])})")


def password(from_stdin: bool, asked: str = "Mật khẩu — password", *, confirm: bool = False) -> str:
    """A password, from a line of stdin or from a terminal without showing it; never an argument, which all
    see."""
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt(asked, hide_input=True, confirmation_prompt=confirm, err=True)
    return typed
