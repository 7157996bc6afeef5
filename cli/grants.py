"""`csdl grants`: which vendor may push for which school."""

from typing import Final

import click

from access import client
from cli.answers import json_option, print_json, show_and_exit, tell
from runtime.settings import Settings
from streams.grants.commands import Act, Right
from streams.grants.machine import MACHINE
from streams.grants.state import Standing
from streams.machines import topic_log

HELP: Final = {
    Act.ALLOW: "Cấp quyền — allow VENDOR to push for SCHOOL.",
    Act.REVOKE: "Thu hồi quyền — VENDOR may no longer push for SCHOOL.",
}


@click.group()
def grants() -> None:
    """Quyền đẩy dữ liệu của nhà cung cấp cho từng trường — a vendor's right to push for a school."""


def _acting(act: Act) -> click.Command:
    @click.command(name=act.value, help=HELP[act])
    @click.argument("vendor")
    @click.argument("school")
    @click.option("--reason", default="", help="Reason in words.")
    @click.option(
        "--right",
        "rights",
        multiple=True,
        type=click.Choice([r.value for r in Right]),
        hidden=act is not Act.ALLOW,
        help="Right beyond pushing: remove (records leave by a tombstone). What is not named is taken back.",
    )
    @click.option("--sequence", type=int, help="Sequence that you saw. Default: the current one.")
    @json_option
    def command(
        vendor: str,
        school: str,
        reason: str,
        rights: tuple[str, ...],
        sequence: int | None,
        as_json: bool,
    ) -> None:
        asked = {"rights": list(rights), "reason": reason, "sequence": sequence}
        with client.logged_in(Settings()) as access:
            outcome = access.grant(act, vendor, school, asked)
        done_vi = f"{vendor} được đẩy dữ liệu cho trường {school}."
        done_en = f"{vendor} may push for school {school}."
        if act is Act.REVOKE:
            done_vi = f"Đã thu hồi quyền của {vendor} với trường {school}."
            done_en = f"{vendor} may no longer push for school {school}."
        show_and_exit(outcome, done_vi, done_en, as_json=as_json)

    return command


for _act in Act:
    grants.add_command(_acting(_act))


@grants.command(name="list")
@click.option("--vendor", help="Only this vendor's.")
@click.option("--all", "with_revoked", is_flag=True, help="Revoked ones too.")
@json_option
def list_grants(vendor: str | None, with_revoked: bool, as_json: bool) -> None:
    """Các quyền đang có — list the grants, as validation reads them."""
    found = sorted(topic_log.read_states(MACHINE, Settings()).items())
    rows = [
        {
            "vendor": s.vendor,
            "school": s.ma_truong_hoc,
            "state": s.state.value,
            "rights": list(s.rights),
            "sequence": s.sequence,
        }
        for _, s in found
        if (with_revoked or s.state is Standing.ALLOWED) and vendor in (None, s.vendor)
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        line = f"{row['vendor']:10} {row['school']:10} {row['state']:8} #{row['sequence']:<3}"
        tell(f"{line} {' '.join(row['rights'])}".rstrip())
    tell(f"{len(rows)} quyền — grants")
