"""`csdl confirmation`: each act of the units, and what a dataset has been through."""

from datetime import datetime

import click

from access import client
from cli import confirmation_show
from cli.answers import json_option, show_and_exit, tell
from runtime.settings import Settings
from schemas.datasets import PERIODS, dataset_id
from streams.confirmation.commands import DEPARTMENTS_ACTS, OFFICERS_ACTS, Act
from streams.confirmation.state import STAGE_VI, Stage

HELP = {
    Act.SUBMIT: "Trường gửi phiên bản đã kiểm tra — the school submits the checked version.",
    Act.RECALL: "Trường rút lại khi chưa ai xem xét — the school recalls it until it is claimed.",
    Act.CLAIM: "Nhận xem xét — the unit whose turn it is takes it up.",
    Act.CONFIRM: "Xác nhận, chuyển đơn vị kế tiếp — confirm it for the next unit.",
    Act.UNCONFIRM: "Rút xác nhận khi đơn vị kế tiếp chưa nhận — take it back until the next unit claims.",
    Act.RETURN: "Trả lại trường kèm lý do — return it to the school with a reason.",
    Act.APPROVE: "Sở duyệt — the last unit approves.",
    Act.FORWARD: "Chuyển lên Bộ — forward it to the Ministry.",
    Act.LOCK: "Sở khóa, kèm lý do — the department locks it, with a reason.",
    Act.UNLOCK: "Sở mở khóa, kèm lý do — the department unlocks it, with a reason.",
    Act.REROUTE: "Sở chuyển tuyến theo tổ chức, kèm lý do — the department re-routes it, with a reason.",
    Act.ADMIT_LATE: "Sở cho nộp muộn, kèm lý do — the department admits it after its window, with a reason.",
}


@click.group()
def confirmation() -> None:
    """Xác nhận dữ liệu qua các cấp — confirmation of datasets, level by level."""


def _acting(act: Act) -> click.Command:
    @click.command(name=act.value.replace("_", "-"), help=HELP[act])
    @click.argument("school")
    @click.option("--year", type=int, required=True, help="School year, by its first calendar year.")
    @click.option("--kind", type=click.Choice(sorted(PERIODS)), required=True, help="LoaiDongBo: the period.")
    @click.option(
        "--unit", default="", help="Your own unit, to be sure: another than the account's is refused."
    )
    @click.option("--version", type=int, help="Version that you saw.")
    @click.option("--digest", help="Digest that you saw.")
    @click.option("--sequence", type=int, help="Sequence that you saw (csdl confirmation show).")
    @click.option(
        "--seen-current", is_flag=True, help="Name the current version, digest and sequence; says which."
    )
    @click.option("--reason-code", default="", help="Code of the reason (csdl confirmation reasons).")
    @click.option("--reason", default="", help="Reason, acknowledgement or answer in words.")
    @click.option(
        "--closes",
        type=click.DateTime(["%Y-%m-%d"]),
        hidden=act is not Act.ADMIT_LATE,
        help="New last day to submit. Default: no bound.",
    )
    @click.option(
        "--on",
        type=click.DateTime(["%Y-%m-%d"]),
        hidden=act is not Act.REROUTE,
        help="Day whose organisation confirms from now on. Default: today.",
    )
    @json_option
    def command(
        school: str,
        year: int,
        kind: str,
        unit: str,
        version: int | None,
        digest: str | None,
        sequence: int | None,
        seen_current: bool,
        reason_code: str,
        reason: str,
        closes: datetime | None,
        on: datetime | None,
        as_json: bool,
    ) -> None:
        of_department = act in DEPARTMENTS_ACTS
        dataset = dataset_id(school, year, kind)
        if of_department:
            version, digest = version or 0, digest or ""
        if not seen_current and (version is None or digest is None or sequence is None):
            raise click.UsageError(
                "Nêu điều đã xem: --version, --digest và --sequence (csdl confirmation show), hoặc"
                " --seen-current — name what you saw: --version, --digest and --sequence, or --seen-current"
            )
        with client.logged_in(Settings()) as access:
            if seen_current:
                version, digest, sequence = _current(access, dataset)
            asked = {"version": version, "digest": digest, "sequence": sequence, "unit": unit}
            asked |= {"reason_code": reason_code, "reason": reason}
            asked["closes"] = closes.date().isoformat() if closes else None
            asked["on"] = on.date().isoformat() if on else None
            outcome = access.confirm(dataset, act, asked)
        state = Stage(outcome.state)
        what = f"{dataset} {act}" if of_department else f"{dataset} v{version}"
        show_and_exit(outcome, f"{what}: {STAGE_VI[state]}.", f"{what}: {state}.", as_json=as_json)

    return command


for _act in (*OFFICERS_ACTS, *DEPARTMENTS_ACTS):
    confirmation.add_command(_acting(_act))
for _shown in confirmation_show.COMMANDS:
    confirmation.add_command(_shown)


def _current(access: client.AccessClient, dataset: str) -> tuple[int, str, int]:
    """Version, digest and sequence as they stand, said aloud: who acts on them should know what they are."""
    state = access.dataset(dataset)
    version, digest, sequence = (
        (state["Version"], state["Digest"], state["Sequence"]) if state else (0, "", 0)
    )
    tell(f"Hiện tại — current: {dataset} v{version} {digest} #{sequence}", err=True)
    return version, digest, sequence
