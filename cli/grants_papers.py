"""`csdl grants request`, `batch`, `hand-over`: Form 1, Form 2, the contract."""

import hashlib
import json
from base64 import b64encode
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from access import client
from access.documents import data_files, foreign_files, packages
from cli import grants_show
from cli.answers import json_option, show_and_exit
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList, SourceLocation

_FORM: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
_signed: Final = click.option(
    "--signed", type=_FORM, help="Tệp đã ký — the signed file, handed in before by csdl forms send."
)

_year: Final = click.option(
    "--year", type=int, default=0, help="Năm học của đợt — the campaign's school year. Default: the newest."
)


@click.command()
@click.argument("form", type=_FORM)
@click.option("--vendor", required=True, help="Nhà cung cấp — whom the grant is for (CSDL_VENDORS).")
@_signed
@click.option("--product-version", default="", help="Phiên bản phần mềm — version of the product.")
@click.option("--remove", is_flag=True, help="Được xóa hồ sơ — records leave by a push, too.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Ngày cuối — its last day. Default: none.")
@_year
@json_option
def request(
    form: Path,
    vendor: str,
    signed: Path | None,
    product_version: str,
    remove: bool,
    until: datetime | None,
    year: int,
    as_json: bool,
) -> None:
    """Trường đề nghị theo Mẫu số 1 — the school asks; FORM is Form 1 as JSON (csdl forms blank 1).

    What names a person is checked and kept nowhere.
    """
    said = {"form": _read(form), "vendor": vendor, "sha256": _sha256(signed), "year": year}
    said |= {"product_version": product_version, "remove": remove}
    said["valid_until"] = until.date().isoformat() if until else None
    with client.logged_in(Settings()) as access:
        outcome = access.act("/v1/grants/requests", {"request": said})
    show_and_exit(outcome, "Đã gửi đề nghị.", "The request is on its way.", as_json=as_json)


@click.command()
@click.argument("form", type=_FORM)
@_signed
@click.option("--list", "listed", type=_FORM, help="Danh sách kèm theo — the list with it, .docx or .xlsx.")
@_year
@json_option
def batch(form: Path, signed: Path | None, listed: Path | None, year: int, as_json: bool) -> None:
    """Phòng hoặc xã lập danh sách — the unit batches; FORM is Form 2 as JSON (csdl forms blank 2)."""
    said = {"form": _read(form), "sha256": _sha256(signed), "year": year}
    if listed:
        content = foreign_files.read(listed, packages.MAX_BYTES)
        said |= {"list_file": b64encode(content).decode("ascii"), "list_name": listed.name}
    with client.logged_in(Settings()) as access:
        done = access.call("POST", "/v1/grants/batches", {"batch": said})
    grants_show.show_many(done, as_json=as_json)


@click.command(name="hand-over")
@click.argument("vendor")
@click.argument("school")
@click.option("--number", default="", help="Số hợp đồng — the contract's number.")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Ngày ký — when it was signed.")
@click.option("--begins", type=click.DateTime(["%Y-%m-%d"]), help="First day. Default: when it was signed.")
@click.option("--ends", type=click.DateTime(["%Y-%m-%d"]), help="Last day. Default: none.")
@click.option(
    "--clause", is_flag=True, help="Hợp đồng có điều khoản bảo mật — it holds the clause on secrecy."
)
@click.option("--contract", type=_FORM, help="The signed contract; only its SHA-256 leaves this machine.")
@click.option("--product-version", default="", help="Version of the vendor's product.")
@click.option("--sequence", type=int, help="Sequence that you saw. Default: the current one.")
@json_option
def hand_over(
    vendor: str,
    school: str,
    number: str,
    day: datetime | None,
    begins: datetime | None,
    ends: datetime | None,
    clause: bool,
    contract: Path | None,
    product_version: str,
    sequence: int | None,
    as_json: bool,
) -> None:
    """Trường giao cho nhà cung cấp theo hợp đồng — the school hands it to VENDOR on their contract."""
    said = {"number": number, "parties": [school, vendor], "clause": clause}
    said["sha256"] = _sha256(contract)
    said |= {n: d.date().isoformat() for n, d in (("date", day), ("begins", begins), ("ends", ends)) if d}
    body = {"contract": said, "product_version": product_version, "sequence": sequence}
    with client.logged_in(Settings()) as access:
        outcome = access.grant("hand-over", vendor, school, body)
    show_and_exit(outcome, "Đã giao cho nhà cung cấp.", "The vendor may push now.", as_json=as_json)


def _read(form: Path) -> Any:
    """The form as JSON. Raises ProblemList (FORM-061, 062, 071)."""
    try:
        return json.loads(foreign_files.read(form, data_files.MAX_BYTES))
    except (ValueError, RecursionError):
        raise ProblemList([Problem(data_files.NOT_JSON, SourceLocation(form.name))]) from None


def _sha256(path: Path | None) -> str:
    if path is None:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


COMMANDS: Final = (request, batch, hand_over)
