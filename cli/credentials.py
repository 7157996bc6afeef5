"""`csdl credentials`: what a vendor proves itself by; made and stopped by the school or the department."""

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from access import client
from access.client import AccessClient
from cli.answers import json_option, print_json, print_table, tell
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

NO_LINK: Final = "KEY-020"


@click.group()
def credentials() -> None:
    """Khóa của nhà cung cấp — a grant's API keys and Kafka users; a secret is shown once, by a link."""


@credentials.command()
@click.argument("vendor")
@click.argument("school")
@click.argument("name")
@click.option("--kind", type=click.Choice(["api", "kafka"]), default="api", show_default=True)
@click.option("--test", is_flag=True, help="A test key: worth nothing in production.")
@click.option("--address", "addresses", multiple=True, help="IP address or network of use. Repeatable.")
@click.option("--days", type=int, help="It ends then. Default: as long as the grant is in force.")
@json_option
def make(
    vendor: str,
    school: str,
    name: str,
    kind: str,
    test: bool,
    addresses: tuple[str, ...],
    days: int | None,
    as_json: bool,
) -> None:
    """Tạo khóa — a credential NAME of VENDOR's grant of SCHOOL; prints the link to its secret."""
    asked = {"vendor": vendor, "school": school, "name": name, "kind": kind, "test": test, "days": days}
    _show(_call("POST", "/v1/credentials", {**asked, "addresses": list(addresses)}), as_json)


@credentials.command(name="list")
@click.option("--vendor", default="", help="Only this vendor's.")
@click.option("--school", default="", help="Only this school's.")
@click.option("--handle", default="", help="Only those whose key or Kafka name begins so.")
@json_option
def listed(vendor: str, school: str, handle: str, as_json: bool) -> None:
    """Danh sách khóa — credentials, without secrets; the code says why one is worth nothing."""
    with client.logged_in(Settings()) as access:
        found = access.credentials(vendor=vendor, school=school, handle=handle)
    if as_json:
        print_json(found)
        return
    heads = ("number", "vendor", "school", "kind", "name", "handle", "ends_at", "used_at", "code")
    print_table(heads, [["" if row[h] is None else row[h] for h in heads] for row in found])


@credentials.command()
@click.argument("number", type=int)
@click.option(
    "--overlap-hours", type=int, help="How long the old one goes on. Default: a week; 0: it ends now."
)
@json_option
def rotate(number: int, overlap_hours: int | None, as_json: bool) -> None:
    """Thay khóa — a successor; the old one goes on for the overlap, never longer."""
    body = {} if overlap_hours is None else {"overlap_hours": overlap_hours}
    _show(_call("POST", f"/v1/credentials/{number}/rotate", body), as_json)


def _acting(act: str, help_: str) -> click.Command:
    @click.command(name=act, help=help_)
    @click.argument("number", type=int)
    @json_option
    def command(number: int, as_json: bool) -> None:
        _show(_call("POST", f"/v1/credentials/{number}/{act}", {}), as_json)

    return command


for _act, _help in {
    "deactivate": "Tạm ngừng — it is worth nothing until it is reactivated.",
    "reactivate": "Dùng lại — take up again what was deactivated; no end moves later.",
    "revoke": "Thu hồi — it ends now, everywhere, for good.",
    "link": "Liên kết khác — another link to a secret that nobody has seen; the earlier link opens nothing.",
}.items():
    credentials.add_command(_acting(_act, _help))


@credentials.command(name="open")
@click.argument("link")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="New file that gets the secret (0600); it is not printed.",
)
@json_option
def open_(link: str, out: Path, as_json: bool) -> None:
    """Mở liên kết — open a link, once, and keep its secret in a file."""
    url = urlsplit(link)
    if url.scheme not in ("http", "https") or not url.netloc or not url.path.startswith("/v1/links/"):
        raise ProblemList([Problem(NO_LINK)])
    # The file first: a secret that cannot be kept must not be shown.
    try:
        file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.BadParameter(f"{out} đã có — is there already", param_hint="--out") from None
    try:
        with os.fdopen(file, "w", encoding="utf-8") as kept:
            with AccessClient(f"{url.scheme}://{url.netloc}") as access:
                said: dict[str, Any] = access.call("POST", url.path, {"confirm": True})
            kept.write(said.pop("secret") + "\n")
    except BaseException:
        if out.stat().st_size == 0:
            out.unlink()
        raise
    if as_json:
        print_json(said)
    else:
        user = f" · {said['user']}" if said["user"] else ""
        tell(f"#{said['number']} {said['name']}{user} → {out}")


def _call(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    with client.logged_in(Settings()) as access:
        said: dict[str, Any] = access.call(method, path, body)
    return said


def _show(said: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(said)
        return
    names = ("number", "vendor", "school", "kind", "name", "handle", "code")
    tell(" ".join(str(said[name]) for name in names).rstrip())
    if "link" in said:
        tell(f"Mở một lần, đến — opens once, until {said['link_expires_at']}:", said["link"])
    if before := said.get("predecessor"):
        tell(f"#{before['number']} dùng đến — goes on until {before['ends_at']}")
