"""`csdl tokens`: personal tokens for scripts of somebody's own."""

from pathlib import Path

import click

from access import client, logins
from access.accounts.credentials import TOKEN_DAYS
from cli.answers import json_option, print_json, print_table, tell
from runtime.settings import Settings


@click.group()
def tokens() -> None:
    """Mã cá nhân — personal tokens: they expire, and end with every change of the account."""


@tokens.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File that gets the token (0600): CSDL_LOGIN_FILE=FILE csdl … acts by it.",
)
@click.option("--label", default="", help="What it is for.")
@click.option(
    "--days", type=click.IntRange(1, TOKEN_DAYS), default=30, show_default=True, help="It ends then."
)
@json_option
def create(out: Path, label: str, days: int, as_json: bool) -> None:
    """Tạo mã cá nhân — make a token; its secret is written to the file alone."""
    settings = Settings()
    with client.logged_in(settings) as access:
        said = access.call("POST", "/v1/tokens", {"label": label, "days": days})
    logins.keep(out, settings.access, logins.Login(said.pop("secret")))
    if as_json:
        print_json(said)
    else:
        tell(f"#{said['number']} → {out} ({said['expires_at']})")


@tokens.command(name="list")
@json_option
def in_force(as_json: bool) -> None:
    """Mã đang dùng — the account's tokens in force."""
    with client.logged_in(Settings()) as access:
        found = access.call("GET", "/v1/tokens")
    if as_json:
        print_json(found)
        return
    heads = ("number", "label", "made_at", "expires_at")
    print_table(heads, [[row[name] for name in heads] for row in found])


@tokens.command()
@click.argument("number", type=int)
@json_option
def revoke(number: int, as_json: bool) -> None:
    """Thu hồi — a token ends now."""
    with client.logged_in(Settings()) as access:
        said = access.call("DELETE", f"/v1/tokens/{number}", {})
    if as_json:
        print_json(said)
    else:
        tell(f"Đã thu hồi — revoked: #{number}")
