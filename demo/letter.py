"""The letter on a stack that runs: schools ask, units batch, the department grants, schools hand over.

The days are the letter's: Form 2 before 5/3/2020, the data of direct units by 10/3. One unit and one direct
school sign a day too late, and are taken. All sign with certificates of a made-up authority.
"""

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from access.accounts.account import Role
from access.client import AT_ONCE, AccessClient
from access.service.parts import DOCUMENTS_AT_ONCE
from demo import authority, papers
from demo.authority import Issuer
from demo.staff import Staff
from producers.synthetic.province import SchoolPlan
from producers.synthetic.shape import department
from runtime.settings import Settings
from schemas.organisation.organisation import Organisation
from streams.organisation import units

ASKED: Final = date(2020, 3, 2)
BATCHED: Final = date(2020, 3, 4)
BATCHED_LATE: Final = date(2020, 3, 5)
DIRECT: Final = date(2020, 3, 10)
DIRECT_LATE: Final = date(2020, 3, 15)


@dataclass(frozen=True)
class Played:
    """``late``: schools whose papers came after their last day, and were taken all the same."""

    asked: int
    units: int
    direct: int
    late: tuple[str, ...]


def play(settings: Settings, staff: Staff, schools: list[SchoolPlan]) -> Played:
    """From Form 1 to the vendor's hand, for all these schools. Raises ProblemList for whatever is refused."""
    known = units.organisation(settings)
    batches: dict[str, list[SchoolPlan]] = defaultdict(list)
    direct: list[SchoolPlan] = []
    for school in schools:
        if school.direct:
            direct.append(school)
        else:
            batches[school.managing_unit].append(school)
    days = {s.code: ASKED for s in schools} | {s.code: DIRECT for s in direct}
    days |= {s.code: DIRECT_LATE for s in direct[-1:]}
    late_unit = max(batches, default="")
    issuer = authority.Issuer("Cơ quan chứng thực thử")
    authority.trusted(settings.trust_dir, issuer)

    def ask(school: SchoolPlan) -> None:
        _ask(staff, school, known, days[school.code], issuer)

    def batch(unit: str) -> None:
        _batch(staff, unit, batches[unit], known, BATCHED_LATE if unit == late_unit else BATCHED, issuer)

    with ThreadPoolExecutor(AT_ONCE) as people, ThreadPoolExecutor(DOCUMENTS_AT_ONCE) as signing:
        list(signing.map(ask, schools))
        list(signing.map(batch, batches))
        _grant(staff, schools)
        list(people.map(lambda s: _hand_over(staff, s), schools))
    late = (*(s.code for s in batches.get(late_unit, ())), *(s.code for s in direct[-1:]))
    return Played(len(schools), len(batches), len(direct), late)


def _ask(staff: Staff, school: SchoolPlan, known: Organisation, day: date, issuer: Issuer) -> None:
    head = staff.of(school.code, Role.SCHOOL_HEAD)
    asked = papers.request(school, known, day)
    asked["sha256"] = _handed_in(head, issuer, school.name, asked["form"])
    _done(head.act("/v1/grants/requests", {"request": asked}))


def _batch(
    staff: Staff, unit: str, schools: list[SchoolPlan], known: Organisation, day: date, issuer: Issuer
) -> None:
    reviewer = staff.of(unit, Role.DISTRICT_OFFICER)
    _all_done(reviewer.call("POST", "/v1/grants/acts/check", {"grants": _named(schools)}))
    batch = papers.batch(unit, schools, known, day)
    form = batch["form"]
    batch["sha256"] = _handed_in(reviewer, issuer, form["unit_name"], form)
    _all_done(reviewer.call("POST", "/v1/grants/batches", {"batch": papers.listed(batch)}))


def _handed_in(who: AccessClient, issuer: Issuer, organisation: str, form: dict[str, Any]) -> str:
    """The SHA-256 of a form as PDF that somebody of this organisation has signed and handed in."""
    signer = authority.signer(issuer, organisation=organisation)
    pdf = authority.signed(authority.document(says=papers.lines(form)), signer)
    sha256: str = who.document(pdf)["sha256"]
    return sha256


def _grant(staff: Staff, schools: list[SchoolPlan]) -> None:
    officer = staff.of(department(), Role.DEPARTMENT_OFFICER)
    for act in ("approve", "issue"):
        _all_done(officer.call("POST", f"/v1/grants/acts/{act}", {"grants": _named(schools)}))


def _hand_over(staff: Staff, school: SchoolPlan) -> None:
    head = staff.of(school.code, Role.SCHOOL_HEAD)
    body = {"contract": papers.contract(school, ASKED)}
    _done(head.grant("hand-over", school.vendor, school.code, body))


def _named(schools: list[SchoolPlan]) -> list[str]:
    return [f"{s.vendor}/{s.code}" for s in schools]


def _done(outcome: Any) -> None:
    if outcome.code:
        raise RuntimeError(f"{outcome.code} {outcome.messages()[1]}")


def _all_done(answer: dict[str, Any]) -> None:
    refused = [one for one in answer["grants"] if one["code"]]
    if refused:
        raise RuntimeError(f"{refused[0]['grant']}: {refused[0]['code']} {refused[0]['message_en']}")
