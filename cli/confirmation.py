"""`csdl confirmation`: each act of the units, and what a dataset has been through."""

from datetime import datetime

import click

from access import confirmation_acts
from cli import confirmation_show
from cli.answers import json_option, show_and_exit, tell
from runtime.settings import Settings
from schemas.datasets import PERIODS, dataset_id
from schemas.days import today
from schemas.errors import ProblemList
from schemas.organisation.organisation import NoRoute
from streams.confirmation.commands import DEPARTMENTS_ACTS, OFFICERS_ACTS, Act, Role
from streams.confirmation.machine import MACHINE
from streams.confirmation.state import STAGE_VI, Stage, State, Window
from streams.machines import topic_log
from streams.machines.commands_client import send
from streams.organisation import units

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
    @click.option("--unit", help="Unit that acts. Default: the school itself for its own acts.")
    @click.option(
        "--role", type=click.Choice([r.value for r in Role]), help="Role that acts. Default: the unit's."
    )
    @click.option("--account", default="cli", show_default=True, help="Account of the office that acts.")
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
        unit: str | None,
        role: str | None,
        account: str,
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
        by_school = act in (Act.SUBMIT, Act.RECALL)
        of_department = act in DEPARTMENTS_ACTS
        if unit is None and not by_school and not of_department:
            raise click.UsageError("Thiếu --unit — say which unit acts (--unit)")
        if of_department:
            version, digest = version or 0, digest or ""
        if not seen_current and None in (version, digest, sequence):
            raise click.UsageError(
                "Nêu điều đã xem: --version, --digest và --sequence (csdl confirmation show), hoặc"
                " --seen-current — name what you saw: --version, --digest and --sequence, or --seen-current"
            )
        settings = Settings()
        dataset = dataset_id(school, year, kind)
        state = topic_log.read_states(MACHINE, settings, school).get(dataset)
        route = state.route if state else ()
        to = _route(settings, school, on) if act is Act.REROUTE else ()
        acting = unit or ("".join((to or route)[-1:]) if of_department else school)
        if seen_current:
            version, digest, sequence = _current(state, dataset)
        asked = confirmation_acts.act(
            dataset,
            act,
            acting,
            version=version or 0,
            digest=digest or "",
            sequence=-1 if sequence is None else sequence,
            account=account,
            role=role or (Role.SCHOOL_HEAD if by_school else ""),
            reason_code=reason_code,
            reason=reason,
            window=Window(closes=closes.date()) if closes else None,
            route=to or route,
            to=to,
        )
        outcome = send(MACHINE, settings, asked)
        stage = Stage(outcome.state)
        what = f"{dataset} {act}" if of_department else f"{dataset} v{version}"
        show_and_exit(outcome, f"{what}: {STAGE_VI[stage]}.", f"{what}: {stage}.", as_json=as_json)

    return command


for _act in (*OFFICERS_ACTS, *DEPARTMENTS_ACTS):
    confirmation.add_command(_acting(_act))
for _shown in confirmation_show.COMMANDS:
    confirmation.add_command(_shown)


def _route(settings: Settings, school: str, on: datetime | None) -> tuple[str, ...]:
    """The school's units on a day. Raises ProblemList (ORG-UNKNOWN, ORG-ROUTE)."""
    try:
        found = units.organisation(settings).route(school, on.date() if on else today())
    except NoRoute as fault:
        raise ProblemList([fault.problem]) from None
    return tuple(unit.code for unit in found)


def _current(state: State | None, dataset: str) -> tuple[int, str, int]:
    """Version, digest and sequence as they stand, said aloud: who acts on them should know what they are."""
    version, digest, sequence = (state.version, state.digest, state.sequence) if state else (0, "", 0)
    tell(f"Hiện tại — current: {dataset} v{version} {digest} #{sequence}", err=True)
    return version, digest, sequence
