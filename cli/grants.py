"""`csdl grants`: which vendor may push for which school, from the school's request to the end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import click

from access import client
from access.client import Outcome
from cli import grants_papers, grants_show
from cli.answers import json_option, show_and_exit
from runtime.settings import Settings
from streams.grants.commands import Act, Right

HELP: Final = {
    Act.ALLOW: "Cấp quyền không cần hồ sơ — allow VENDOR to push for SCHOOL by the department's word alone.",
    Act.CHECK: "Kiểm tra Mẫu số 1 — the managing unit has checked the requests of SCHOOLS.",
    Act.APPROVE: "Sở duyệt — the department approves the requests of SCHOOLS.",
    Act.RETURN: "Trả lại trường kèm lý do — return the request of SCHOOL with a reason.",
    Act.ISSUE: "Sở cấp cho trường — the department issues it to SCHOOLS.",
    Act.ROTATE: "Ghi việc đổi khóa hoặc phiên bản — credentials or the product's version were renewed.",
    Act.AMEND: "Sở đổi phạm vi hoặc gia hạn — the department changes what it allows, or until when.",
    Act.SUSPEND: "Tạm dừng — suspend SCHOOL's grant; without SCHOOL the vendor, or a product version.",
    Act.RESUME: "Cho chạy lại — resume SCHOOL's grant; without SCHOOL the vendor, or a product version.",
    Act.REVOKE: "Thu hồi quyền — VENDOR may no longer push for SCHOOL.",
}
DONE: Final = {
    Act.ALLOW: ("{vendor} được đẩy dữ liệu cho trường {school}.", "{vendor} may push for school {school}."),
    Act.REVOKE: (
        "Đã thu hồi quyền của {vendor} với trường {school}.",
        "{vendor} may no longer push for school {school}.",
    ),
}
OF_MANY: Final = (Act.CHECK, Act.APPROVE, Act.ISSUE)
OF_LEVELS: Final = (Act.SUSPEND, Act.RESUME)
OF_ONE: Final = ("rights", "no_rights", "types", "periods", "reason", "product_version")
SCOPED: Final = (Act.ALLOW, Act.APPROVE, Act.AMEND)


@click.group()
def grants() -> None:
    """Quyền đẩy dữ liệu của nhà cung cấp cho từng trường — a vendor's right to push for a school."""


def _acting(act: Act) -> click.Command:
    scoped, level = act in SCOPED, act in OF_LEVELS
    narrowed = act in (Act.APPROVE, Act.AMEND)

    @click.command(name=act.value.replace("_", "-"), help=HELP[act])
    @click.argument("vendor")
    @click.argument("schools", nargs=-1, required=not level, metavar=_metavar(act))
    @click.option("--reason", default="", help="Reason in words.")
    @click.option("--reason-code", default="", hidden=act is not Act.RETURN, help="Code of the reason.")
    @click.option(
        "--right",
        "rights",
        multiple=True,
        type=click.Choice([r.value for r in Right]),
        hidden=not scoped,
        help="Right beyond pushing: remove (records leave by a tombstone). What is not named is taken back.",
    )
    @click.option("--no-rights", is_flag=True, hidden=not narrowed, help="No right beyond pushing.")
    @click.option(
        "--type", "types", multiple=True, hidden=not narrowed, help="Record type. Default: as asked."
    )
    @click.option("--period", "periods", multiple=True, hidden=not narrowed, help="start, changes, end.")
    @click.option("--until", type=click.DateTime(["%Y-%m-%d"]), hidden=not narrowed, help="Its last day.")
    @click.option(
        "--product-version", default="", hidden=not (level or act is Act.ROTATE), help="Of the vendor."
    )
    @click.option("--sequence", type=int, help="Sequence that you saw. Default: the current one.")
    @json_option
    def command(
        vendor: str, schools: Sequence[str], sequence: int | None, as_json: bool, **said: Any
    ) -> None:
        if len(schools) > 1 and act not in OF_MANY:
            raise click.UsageError("Chỉ nêu một trường — name one school")
        if len(schools) > 1 and (sequence is not None or any(said[n] for n in OF_ONE)):
            raise click.UsageError("Phạm vi, --sequence chỉ nêu cho một trường — they are said of one school")
        if len(schools) > 1:
            _many(act, vendor, schools, said["until"], as_json=as_json)
        asked = _asked(act, sequence, said)
        with client.logged_in(Settings()) as access:
            if schools:
                outcome = access.grant(act, vendor, schools[0], asked)
            else:
                outcome = access.act(f"/v1/vendors/{vendor}/{act}", asked)
        _show(act, vendor, "".join(schools), outcome, as_json=as_json)

    return command


def _metavar(act: Act) -> str:
    if act in OF_LEVELS:
        return "[SCHOOL]"
    return "SCHOOLS..." if act in OF_MANY else "SCHOOL"


def _asked(act: Act, sequence: int | None, said: dict[str, Any]) -> dict[str, Any]:
    """The body of the request: what was not said is not in it."""
    until: datetime | None = said["until"]
    body: dict[str, Any] = {
        "sequence": sequence,
        "reason": said["reason"],
        "reason_code": said["reason_code"],
    }
    body["product_version"] = said["product_version"]
    body |= {name: list(said[name]) for name in ("types", "periods") if said[name]}
    if said["rights"] or said["no_rights"] or act is Act.ALLOW:
        body["rights"] = list(said["rights"])
    if until:
        body["valid_until"] = until.date().isoformat()
    return body


def _many(act: Act, vendor: str, schools: Sequence[str], until: datetime | None, *, as_json: bool) -> None:
    body: dict[str, Any] = {"grants": [f"{vendor}/{school}" for school in schools]}
    if until:
        body["valid_until"] = until.date().isoformat()
    with client.logged_in(Settings()) as access:
        done = access.call("POST", f"/v1/grants/acts/{act}", body)
    grants_show.show_many(done, as_json=as_json)


def _show(act: Act, vendor: str, school: str, outcome: Outcome, *, as_json: bool) -> None:
    vi, en = DONE.get(act, ("{vendor}/{school}: {state}", "{vendor}/{school}: {state}"))
    said = {"vendor": vendor, "school": school, "state": outcome.state}
    show_and_exit(outcome, vi.format(**said), en.format(**said), as_json=as_json)


for _act in HELP:
    grants.add_command(_acting(_act))
for _shown in (*grants_papers.COMMANDS, *grants_show.COMMANDS):
    grants.add_command(_shown)
