"""`csdl grants`: which vendor may push for which school."""

from typing import Final

import click

from access import grant_acts
from cli.answers import json_option, print_json, show_and_exit, tell
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem, ProblemList
from schemas.organisation.organisation import Organisation
from streams.grants.commands import ROLE, Act, Right
from streams.grants.machine import MACHINE
from streams.grants.state import Standing
from streams.machines import topic_log
from streams.machines.commands_client import send
from streams.organisation import units

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
    @click.option("--unit", help="Unit that acts. Default: the department of today.")
    @click.option("--role", default=ROLE, show_default=True, help="Role that acts.")
    @click.option("--account", default="cli", show_default=True, help="Account of the office that acts.")
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
        unit: str | None,
        role: str,
        account: str,
        reason: str,
        rights: tuple[str, ...],
        sequence: int | None,
        as_json: bool,
    ) -> None:
        settings = Settings()
        check_vendor(settings, vendor)
        known = units.organisation(settings)
        if act is Act.ALLOW:
            check_school(known, school)
        asked = grant_acts.grant(
            act,
            vendor,
            school,
            account=account,
            sequence=_current(settings, vendor, school) if sequence is None else sequence,
            rights=rights,
            unit=unit or department(known),
            role=role,
            reason=reason,
        )
        outcome = send(MACHINE, settings, asked)
        done_vi = f"{vendor} được đẩy dữ liệu cho trường {school}."
        done_en = f"{vendor} may push for school {school}."
        if act is Act.REVOKE:
            done_vi = f"Đã thu hồi quyền của {vendor} với trường {school}."
            done_en = f"{vendor} may no longer push for school {school}."
        show_and_exit(outcome, done_vi, done_en, as_json=as_json)

    return command


def _current(settings: Settings, vendor: str, school: str) -> int:
    state = topic_log.read_states(MACHINE, settings, school).get(f"{vendor}/{school}")
    return state.sequence if state else 0


for _act in Act:
    grants.add_command(_acting(_act))


def department(known: Organisation) -> str:
    """The department of today. Raises ProblemList (ORG-DEPARTMENT) unless there is exactly one."""
    if not (found := known.department(today())):
        raise ProblemList([Problem("ORG-DEPARTMENT")])
    return found


def check_vendor(settings: Settings, vendor: str) -> None:
    """Raises ProblemList (GRANT-VENDOR) for what is none."""
    if vendor not in settings.vendors:
        params = {"vendor": vendor, "vendors": ", ".join(settings.vendors)}
        raise ProblemList([Problem("GRANT-VENDOR", params=params)])


def check_school(known: Organisation, school: str) -> None:
    """Raises ProblemList (GRANT-SCHOOL) for what is none today.

    A revocation asks for no school: one that has closed must be revocable.
    """
    day = today()
    if known.school(school, day) is None:
        raise ProblemList([Problem("GRANT-SCHOOL", params={"school": school, "day": day.isoformat()})])


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
