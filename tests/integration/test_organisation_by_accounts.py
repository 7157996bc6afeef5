"""Units that people import, and the letter's steps 3 and 4, by accounts on real servers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from access.accounts.account import Role
from access.client import AccessClient
from access.handing_over import hand_over
from runtime import kafka, postgres
from runtime.settings import Settings
from schemas import topics as t
from schemas.days import today
from schemas.encoding import codec
from schemas.errors import ProblemList
from streams.confirmation.commands import Act, Command
from streams.confirmation.commands import Role as CommandRole
from streams.confirmation.machine import MACHINE
from streams.confirmation.state import State
from streams.machines import topic_log, wire
from streams.organisation import handed_over, units
from streams.organisation.units_cache import UnitsCache
from tests import people
from tests.conftest import empty_topics, fresh_database
from tests.integration.command_line import csdl
from tests.people import Person
from tests.support import run_process, wait_until
from tests.unit.organisation.files import HEADER, SCHOOL, day, school
from tests.unit.streams.confirmation_steps import CLEAN

BEFORE, SINCE = "2025-06-30", "2025-07-01"
MOVED_ON = "2026-03-02"
DIRECT = ("19000701", "19000702", "19000703")
UNDER = {
    **dict.fromkeys((f"191653{n:02}" for n in range(1, 13)), ("165", "preschool")),
    **dict.fromkeys((f"191674{n:02}" for n in range(1, 9)), ("167", "primary")),
    **dict.fromkeys((f"191685{n:02}" for n in range(1, 5)), ("168", "lower_secondary")),
}
"""24 schools: the district of each until the last day of June 2025, and its level."""

COMMUNES = ("01840", "01843", "01849", "01864")
"""Since then: six schools each, in the order of the codes."""

IN_COMMUNE = {code: COMMUNES[n // 6] for n, code in enumerate(UNDER)}
MOVES, TO = "19165301", "01843"
MERGED, INTO = "01864", "01849"
OTHER = "19165302"
CLAIMED, SUBMITTED = [code for code, commune in IN_COMMUNE.items() if commune == MERGED][:2]
DIGEST = "d" * 64


def row(code: str, parent: str, since: str, until: str = "", ended: str = "", level: str = "") -> str:
    levels = {
        **{code: level for code, (_, level) in UNDER.items()},
        **dict.fromkeys(DIRECT, "upper_secondary"),
    }
    return f"{code},school,Trường {code},{parent},{level or levels[code]},,{since},{until},{ended},"


SCHOOLS = (
    *(row(code, district, "2010-01-01", SINCE, "moved") for code, (district, _) in UNDER.items()),
    *(row(code, "19", "2010-01-01") for code in DIRECT),
)


@pytest.fixture(scope="module")
def settings(stack, tmp_path_factory) -> Iterator[Settings]:
    """One service and its machines for all tests here, with the units that setup handed over."""
    folder = tmp_path_factory.mktemp("organisation")
    (folder / "units.csv").write_text("\n".join([HEADER, *SCHOOLS]) + "\n", encoding="utf-8")
    empty_topics(stack)
    with fresh_database(stack, folder) as own:
        told = {"register_file": folder / "units.csv", "school_years": [2019, 2024, 2025]}
        own = own.model_copy(update=told)
        assert hand_over(own) == 103 + len(SCHOOLS)
        with (
            run_process("organisation", own),
            run_process("confirmation", own),
            run_process("projection", own),
            people.access_service(own) as (served, _),
        ):
            wait_until(lambda: not handed_over.undecided(own))
            yield served


@pytest.fixture(scope="module")
def department(settings) -> Person:
    return people.department(settings)


def units_file(folder, *lines: str, header: str = HEADER) -> str:
    (folder / "imported.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return str(folder / "imported.csv")


def imports(who: Person, path: str, *how: str) -> tuple[int, Any]:
    """What the command says to them."""
    return csdl(who.settings, "organisation", "import", path, *how)


def said_by(settings: Settings, topic: str) -> list[dict[str, Any]]:
    """Every record of a topic."""
    log = topic_log.read(settings, kafka.partitions(topic))
    return [record for _, record in (codec.decode(message.value or b"") for message in log)]


def totals(settings: Settings, on: str) -> tuple[dict[str, int], Counter[str]]:
    """(unit → schools, level → schools)."""
    code, told = csdl(settings, "organisation", "totals", "--on", on)
    assert code == 0
    return {unit: sum(levels.values()) for unit, levels in told["units"].items()}, Counter(told["levels"])


def test_an_import_is_tried_done_and_seen_and_setup_adds_nothing_more(settings, department, tmp_path):
    auditor = people.person(settings, "kiem.toan", "19", Role.AUDITOR)
    until = school(end=SINCE, ended="moved")
    path = units_file(tmp_path, until, school(parent="05482", start=SINCE))
    cache = UnitsCache(settings)
    cache.start()
    code, tried = imports(auditor, path, "--dry-run")
    assert (code, [c["unit"] for c in tried["changes"]]) == (0, [SCHOOL])
    assert [w["code"] for w in tried["warnings"]] == ["ORG-PATTERN"]
    assert SCHOOL not in units.states(settings)
    code, done = imports(department, path, "--reason", "Trường mới")
    assert code == 0 and done["changes"] == tried["changes"]
    cache.catch_up()
    assert cache.is_school(SCHOOL, day("2020-01-01")) and not cache.is_school(SCHOOL, day("2009-12-31"))
    assert not cache.is_school("164", day("2020-01-01"))
    cache.stop()
    code, again = imports(department, path)
    assert (code, again["changes"], again["unchanged"]) == (0, [], 1)
    for on, route in (("2019-09-30", ["164", "19"]), (SINCE, ["05482", "19"])):
        code, told = csdl(settings, "organisation", "route", SCHOOL, "--on", on)
        assert [h["unit"] for h in told["route"]] == route
    code, told = csdl(settings, "organisation", "route", SCHOOL, "--on", "2009-12-31")
    assert (code, told["problems"][0]["code"]) == (1, "ORG-UNKNOWN")
    code, told = csdl(settings, "organisation", "show", SCHOOL)
    assert (told["sequence"], told["periods"][0]["parent"]) == (1, "164")
    code, told = csdl(settings, "organisation", "list", "--kind", "commune", "--on", BEFORE)
    assert told == []
    blank, short = school(start=SINCE, parent="05482"), HEADER.replace(",valid_to,ended,successors", "")
    gone = row(SCHOOL, "05482", SINCE, "2025-09-01", "closed", "primary")
    assert imports(department, units_file(tmp_path, gone))[0] == 0
    path = units_file(tmp_path, blank)
    code, told = imports(auditor, path, "--dry-run")
    assert [(p["code"], p["row"], p["field"]) for p in told["problems"]] == [("ORG-REOPEN", 2, "valid_to")]
    code, told = imports(auditor, path, "--dry-run", "--clear-ends")
    assert {f["field"]: f["cleared"] for f in told["changes"][0]["fields"]}["valid_to"]
    path = units_file(tmp_path, blank.rstrip(","), header=short)
    code, told = imports(auditor, path, "--dry-run")
    assert (code, told["absent_columns"]) == (0, ["ended", "successors", "valid_to"])
    assert not {f["field"] for c in told["changes"] for f in c["fields"]} & {"valid_to", "ended"}
    assert imports(department, units_file(tmp_path, blank), "--clear-ends")[0] == 0
    [event, *_] = [e for e in said_by(settings, t.ORGANISATION_EVENTS) if e["UnitCode"] == SCHOOL]
    proved = (event["Unit"], event["Role"], event["Account"], event["ReasonText"])
    assert proved == ("19", "department_officer", department.account.id, "Trường mới")
    assert hand_over(settings) == 0, "a person has imported: from now on the organisation is what people say"


@pytest.mark.parametrize(
    ("name", "unit", "role", "how", "code"),
    [
        ("duyet.nhap", "165", Role.DISTRICT_OFFICER, (), "ACC-034"),
        ("duyet.nhap.thu", "165", Role.DISTRICT_OFFICER, ("--dry-run",), "ACC-034"),
        ("van.hanh", "19", Role.OPERATOR, (), "ACC-034"),
        ("so.da.gop", "06", Role.DEPARTMENT_OFFICER, (), "ORG-OFFICE"),
        ("so.cua.huyen", "165", Role.DEPARTMENT_OFFICER, (), "ORG-OFFICE"),
    ],
)
def test_only_an_officer_of_a_department_that_stands_imports(settings, tmp_path, name, unit, role, how, code):
    who = people.person(settings, name, unit, role)
    path = units_file(tmp_path, school("19164996", end=SINCE, ended="moved"))
    exit_code, told = imports(who, path, *how)
    assert (exit_code, [p["code"] for p in told["problems"]]) == (1, [code])
    assert "19164996" not in units.states(settings)
    assert all(told["problems"][0][text] for text in ("message_vi", "message_en"))
    with closing(postgres.connect(settings)) as conn, conn.cursor() as cur:
        cur.execute("SELECT kind, act, code FROM audit_event WHERE account = %s", (who.account.id,))
        assert ("refused", "record", code) in cur.fetchall()


def test_everything_that_is_wrong_with_a_file_is_said_at_once_and_changes_nothing(
    settings, department, tmp_path
):
    path = units_file(
        tmp_path,
        school("19164995", end=SINCE),
        school("19164995", start="2012-01-01", end=SINCE),
        school("19164994", parent="199", end=SINCE),
        school("19164993", name="M\u0430u", end=SINCE),
        "19,department,Sở,,,,1997-01-01,2030-01-01,closed,",
    )
    before = units.states(settings)
    code, told = imports(department, path)
    assert code == 1
    found = {(p["code"], p["row"]) for p in told["problems"]}
    assert found >= {
        ("ORG-NAME", 5), ("ORG-PARENT", 4), ("ORG-OVERLAP", 3), ("ORG-PARENT-DAYS", 6), ("ORG-LAST", 6)
    }  # fmt: skip
    assert units.states(settings) == before


def test_a_request_is_as_large_as_a_file_of_units_once_it_is_proved_who_asks(settings, department):
    asked = {"name": "units.csv", "text": HEADER + "\n" * (300 * 1024), "dry_run": True}
    path = "/v1/organisation/imports"
    with department.access() as access:
        assert access.call("POST", path, asked)["changes"] == []
    for size, client in ((300 * 1024, AccessClient(settings.access, "nobody's")),
                         (9 * 1024 * 1024, department.access())):  # fmt: skip
        with client as access, pytest.raises(ProblemList) as refused:
            access.call("POST", path, asked | {"text": "x" * size})
        assert [p.code for p in refused.value.problems] == ["ACC-042"]


@dataclass
class Campaign:
    """Datasets of one period, and who of each unit acts on them."""

    settings: Settings
    year: int
    officers: dict[str, Person]
    second: Person
    heads: dict[str, Person]
    routes: dict[str, Sequence[str]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    """Sequence of each school's dataset, which its acts name."""

    def dataset(self, code: str) -> str:
        return f"{code}.{self.year}.start"

    def open(self) -> dict[str, int]:
        """Open all 27, checked; route → how many."""
        asked = {"year": self.year, "kind": "1", "schools": list(self.heads)}
        with self.officers["19"].access() as access:
            answer = access.call("POST", "/v1/campaigns", asked)
        assert (answer["opened"], answer["not_sent"]) == (len(self.heads), [])
        with closing(kafka.producer(self.settings)) as producer:
            for code in self.heads:
                ours = (str(uuid4()), self.dataset(code), code, self.year, "start", Act.VERSION_CHECKED)
                by = (datetime.now(UTC), "system", CommandRole.SYSTEM)
                checked = Command(*ours, *by, version=1, digest=DIGEST, counts=CLEAN)
                value = codec.encode("ConfirmationCommand", wire.to_record(checked))
                producer.send(t.CONFIRMATION_CHECKS, value, key=code.encode())
            producer.flush()
        wait_until(lambda: self.stages() == {"checked": len(self.heads)})
        self.routes = {s.ma_truong_hoc: s.route for s in self.states()}
        self.seen = {s.ma_truong_hoc: s.sequence for s in self.states()}
        return dict(answer["routes"])

    def states(self) -> list[State]:
        found = topic_log.read_states(MACHINE, self.settings).values()
        return [s for s in found if s.nam_hoc == self.year and s.ma_truong_hoc in self.heads]

    def stages(self) -> dict[str, int]:
        return dict(Counter(s.state.value for s in self.states()))

    def do(self, who: Person, code: str, what: str, **more: Any) -> str:
        """Its code, "" if it was done."""
        seen = {"version": 1, "digest": DIGEST, "sequence": self.seen[code]}
        with who.access() as access:
            try:
                refused = access.confirm(self.dataset(code), what, seen | more).code
            except ProblemList as refusal:
                return ",".join(p.code for p in refusal.problems)
        self.seen[code] += not refused
        return refused

    def submit(self, code: str) -> None:
        assert self.do(self.heads[code], code, "submit") == ""

    def confirm(self, code: str) -> None:
        """Each unit of its route below the department, by its own officer."""
        for unit in self.routes[code][:-1]:
            assert [self.do(self.officers[unit], code, a) for a in ("claim", "confirm")] == ["", ""]

    def approve(self, code: str) -> None:
        assert [self.do(self.second, code, a) for a in ("claim", "approve")] == ["", ""]

    def whole(self, code: str) -> None:
        """The letter's steps 3 and 4."""
        self.submit(code)
        self.confirm(code)
        self.approve(code)

    def done_by(self, event: str) -> Counter[tuple[str, str]]:
        """(unit, account) → how many of such events."""
        found = said_by(self.settings, t.CONFIRMATION_EVENTS)
        ours = (e for e in found if e["NamHoc"] == self.year and e["Event"] == event)
        return Counter((e["Unit"], e["Account"]) for e in ours)


def side_by_side(act: Any, codes: Sequence[str]) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(act, codes))


def test_the_letters_steps_3_and_4_under_districts_and_under_communes(settings, department, tmp_path):
    second = people.department(settings, "so.hai")
    offices = ("165", "167", "168", *COMMUNES)
    officers = {unit: people.reviewer(settings, unit) for unit in offices} | {"19": department}
    heads = {code: people.head(settings, code) for code in (*UNDER, *DIRECT)}
    under_communes = [row(code, commune, SINCE) for code, commune in IN_COMMUNE.items()]
    assert imports(department, units_file(tmp_path, *under_communes), "--reason", "Bỏ cấp huyện")[0] == 0

    (before, levels_before), (since, levels_since) = totals(settings, BEFORE), totals(settings, SINCE)
    assert before.items() >= {"165": 12, "167": 8, "168": 4, "19": 3}.items()
    assert since.items() >= {**dict.fromkeys(COMMUNES, 6), "19": 3}.items()
    assert not {"165", "167", "168"} & since.keys() and not {*COMMUNES} & before.keys()
    assert (sum(before.values()), levels_before) == (sum(since.values()), levels_since)

    districts = Campaign(settings, 2024, officers, second, heads)
    assert districts.open() == {"165 → 19": 12, "167 → 19": 8, "168 → 19": 4, "19": 3}
    communes = Campaign(settings, 2025, officers, second, heads)
    assert communes.open() == {**{f"{commune} → 19": 6 for commune in COMMUNES}, "19": 3}

    side_by_side(districts.whole, [code for code in heads if code != OTHER])
    side_by_side(communes.whole, DIRECT)
    others = [code for code in UNDER if code not in (MOVES, CLAIMED, SUBMITTED, OTHER)]
    side_by_side(communes.submit, others)
    side_by_side(communes.confirm, others)
    for campaign in (districts, communes):
        campaign.submit(OTHER)
    for campaign, unit in ((districts, "167"), (districts, "01843"), (communes, "165"), (communes, "01843")):
        with officers[unit].access() as access, pytest.raises(ProblemList) as refused:
            access.dataset(campaign.dataset(OTHER))
        assert [p.code for p in refused.value.problems] == ["ACC-035"], "who is not of its route sees nothing"
        assert campaign.do(officers[unit], OTHER, "claim") == "CONF-UNIT", "nor does it act"
    for campaign in (districts, communes):
        campaign.confirm(OTHER)
        campaign.approve(OTHER)
    assert districts.stages() == {"approved": 27}
    ours = {unit: officer.account.id for unit, officer in officers.items()}
    confirmed = {(unit, ours[unit]): before[unit] for unit in ("165", "167", "168")}
    assert districts.done_by("confirmed") == confirmed
    assert districts.done_by("approved") == {("19", second.account.id): 27}

    # One school moves while its dataset is open.
    communes.submit(MOVES)
    moved = row(MOVES, "01840", SINCE, MOVED_ON, "moved"), row(MOVES, TO, MOVED_ON)
    assert imports(department, units_file(tmp_path, *moved))[0] == 0
    assert communes.routes[MOVES] == ("01840", "19")
    assert communes.do(officers["01840"], MOVES, "claim") == "", "it keeps its route"
    assert communes.do(officers[TO], MOVES, "claim") == "CONF-UNIT"
    assert communes.do(department, MOVES, "reroute") == "CONF-REASON-TEXT"
    assert communes.do(department, MOVES, "reroute", reason="Trường chuyển xã") == ""
    assert communes.do(officers["01840"], MOVES, "confirm") == "CONF-UNIT"
    assert [communes.do(officers[TO], MOVES, a) for a in ("claim", "confirm")] == ["", ""]
    assert [communes.do(department, MOVES, a) for a in ("claim", "approve")] == ["", "ACC-031"]
    assert communes.do(second, MOVES, "approve") == "", "another person than re-routed it"

    # One commune merges into another while it holds one dataset and is about to hold another.
    communes.submit(CLAIMED)
    communes.submit(SUBMITTED)
    assert communes.do(officers[MERGED], CLAIMED, "claim") == ""
    on = today().isoformat()
    merged = [
        f"{MERGED},commune,Xã Bằng Thành,19,,,{SINCE},{on},merged,{INTO}",
        *(row(code, MERGED, SINCE, on, "moved") for code, unit in IN_COMMUNE.items() if unit == MERGED),
        *(row(code, INTO, on) for code, unit in IN_COMMUNE.items() if unit == MERGED),
    ]
    code, told = imports(department, units_file(tmp_path, *merged))
    assert (code, [p["code"] for p in told["problems"]]) == (1, ["ORG-CLAIMS"])
    later = [line.replace(on, (today() + timedelta(days=30)).isoformat()) for line in merged]
    code, told = imports(department, units_file(tmp_path, *later), "--dry-run")
    assert code == 0 and len(told["changes"]) == 7, "it has time to act until then"
    assert communes.do(officers[MERGED], CLAIMED, "confirm") == ""
    assert imports(department, units_file(tmp_path, *merged), "--reason", "Sáp nhập")[0] == 0
    after, levels = totals(settings, on)
    expected = {**since, "01840": 5, TO: 7, INTO: 12}
    del expected[MERGED]
    assert (after, levels) == (expected, levels_since)
    assert communes.do(department, SUBMITTED, "reroute", reason="Sáp nhập") == ""
    assert communes.do(officers[MERGED], SUBMITTED, "claim") == "CONF-UNIT"
    assert [communes.do(officers[INTO], SUBMITTED, a) for a in ("claim", "confirm")] == ["", ""]
    communes.approve(SUBMITTED)
    communes.approve(CLAIMED)
    assert communes.stages() == {"approved": 7, "confirmed": 20}
    confirmed = {(unit, ours[unit]): n for unit, n in (("01840", 5), (TO, 7), (MERGED, 5), (INTO, 7))}
    assert communes.done_by("confirmed") == confirmed
