"""The demonstration itself, on a stack that runs: grants, campaign, pushes, officers, accounts."""

import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

from psycopg2.extensions import cursor

from access.accounts.account import Role
from demo import accounts, cast, letter, stories, workshop
from demo.director import Director
from demo.ledger import Ledger
from demo.office import FINAL, Office
from demo.report import PushLine, Report
from demo.screen import Screen
from demo.sending import START, Sent, Vendors
from demo.staff import Staff
from producers.synthetic.province import SchoolPlan
from producers.synthetic.school import YEAR, make
from producers.synthetic.shape import department
from runtime import postgres
from runtime.settings import Settings
from schemas.datasets import dataset_id
from streams.confirmation.process import MACHINE as CONFIRMATION
from streams.machines import topic_log

OFFICE_EVERY: Final = 10
"""Schools pushed between two rounds of the officers."""


class Clock:
    """Seconds by part."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        """The part that ends now."""
        now = time.monotonic()
        self._laps[name], self._last = round(now - self._last, 1), now

    def laps(self) -> dict[str, float]:
        """Part → seconds, and their total."""
        return {**self._laps, "total": round(self._last - self._start, 1)}


def play(
    settings: Settings, folder: Path, schools: list[SchoolPlan], seed: int, screen: Screen, clock: Clock
) -> Report:
    """Send the schools' files (written under ``folder``) through the pipeline and account for them."""
    parts = cast.choose(schools)
    datasets = [dataset_id(s.code, YEAR, START) for s in schools]
    with (
        Staff(settings) as staff,
        Ledger(settings) as ledger,
        Vendors(settings, folder, YEAR, ledger) as vendors,
    ):
        played = letter.play(settings, staff, schools)
        screen.line(
            f"{played.asked} schools asked by the letter ({played.direct} directly, {played.units} units"
            f" batched the others, {len(played.late)} late); all handed over to their vendors"
        )
        _open(staff, [s.code for s in schools])
        screen.line(f"campaign {YEAR} opened")
        director = Director(parts, lambda plan: make(plan, seed), vendors, staff)
        office = Office(staff, ledger, director.scripts(YEAR, _another_district(schools)))
        first: dict[str, Sent] = {}
        for school, made in zip(schools, workshop.ahead(schools, seed), strict=True):
            first[school.code] = director.first_push(school, made)
            screen.step("schools pushed", len(first), len(schools))
            if len(first) % OFFICE_EVERY == 0:  # the officers do not wait for the last school
                ledger.poll()
                office.round(datasets)
        director.incidents(first)
        clock.lap("pushing")

        def tell() -> None:
            final = sum(s.state in FINAL for s in ledger.states.values())
            screen.step("datasets settled", final, len(datasets))

        if not (office.work(datasets, tell) and vendors.wait()):
            screen.line("Nothing has moved for two minutes: the demonstration ends here.")
        clock.lap("confirming")
        with closing(postgres.connect(settings, "csdl demo")) as conn, conn.cursor() as cur:
            lines = _lines(cur, ledger, vendors.sent, screen)
            exported, receipts = _ministry(cur)
            evidence = stories.Evidence(
                cur,
                director,
                ledger,
                office,
                vendors.sent,
                {line.push.push_id: line.tally for line in lines},
                accounts.rows_held(cur, {d: s.version for d, s in ledger.states.items()}),
                exported,
                receipts,
                list(topic_log.read_events(CONFIRMATION, settings)),
            )
            told = stories.tell(evidence)
        clock.lap("accounting")
    states = Counter(ledger.states[d].state.value if d in ledger.states else "absent" for d in datasets)
    return Report(seed, len(schools), lines, told, states, exported, receipts, clock.laps())


def _open(staff: Staff, codes: list[str]) -> None:
    campaign = {"year": YEAR, "kind": START, "schools": codes}
    staff.of(department(), Role.DEPARTMENT_OFFICER).call("POST", "/v1/campaigns", campaign)


def _another_district(schools: list[SchoolPlan]) -> dict[str, str]:
    """A district → a district that it is not."""
    districts = sorted({s.managing_unit for s in schools if not s.direct})
    return dict(zip(districts, districts[1:] + districts[:1], strict=True))


def _lines(cur: cursor, ledger: Ledger, sent: list[Sent], screen: Screen) -> list[PushLine]:
    """What became of each push."""
    lines: list[PushLine] = []
    for push, tally in accounts.balance(cur, sent):
        answer = ledger.answers.get(push.push_id, {})
        state = ledger.states.get(push.dataset_id)
        ends = state.state.value if state else "absent"
        lines.append(PushLine(push, answer.get("Outcome", "none"), answer.get("Version", 0), tally, ends))
        screen.step("pushes accounted for", len(lines), len(sent))
    return lines


def _ministry(cur: cursor) -> tuple[int, int]:
    """Records exported and receipts received."""
    cur.execute(
        "SELECT (SELECT count(*) FROM ministry_export_record), (SELECT count(*) FROM ministry_receipt)"
    )
    row = cur.fetchone() or (0, 0)
    return int(row[0]), int(row[1])
