"""The access service on real servers: acts by accounts, and what is refused to whom, on record."""

import json
import os
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg2
import pytest

from access import audit as events
from access import client
from access.accounts import credentials, office, store
from access.accounts.account import Role
from access.accounts.throttle import LIMIT
from access.client import AccessClient
from access.documents import kept, signed_pdf
from runtime import kafka, postgres
from runtime.settings import Settings
from schemas.days import today
from schemas.encoding import codec
from schemas.errors import ProblemList
from schemas.topics import CONFIRMATION_CHECKS
from streams.confirmation.commands import Act, Command
from streams.confirmation.commands import Role as CommandRole
from streams.confirmation.machine import MACHINE
from streams.machines import topic_log, wire
from tests import accounts, people
from tests.conftest import empty_topics, fresh_database
from tests.integration.command_line import csdl
from tests.organisation import put_units
from tests.people import PASSWORD, Person
from tests.support import ANSWER_S, Running, run_process, wait_until
from tests.unit.documents import authorities
from tests.unit.streams.confirmation_steps import CLEAN

DIGEST = "d" * 64
REGISTER = "code,name,level,district,managing_unit,valid_from,valid_to,active\n" + "".join(
    f"{code},Trường {code},primary,{unit},{unit},2010-01-01,,1\n"
    for unit, first in (("164", 19164101), ("165", 19165101), ("19", 19000001))
    for code in range(first, first + 20)
)
_schools = {"164": iter(range(19164101, 19164121)), "165": iter(range(19165101, 19165121))}


@pytest.fixture(scope="module")
def served(stack, tmp_path_factory) -> Iterator[tuple[Settings, Running]]:
    """One service, machines and read model for all tests here: each takes a school of its own."""
    folder = tmp_path_factory.mktemp("access")
    (folder / "register.csv").write_text(REGISTER, encoding="utf-8")
    empty_topics(stack)
    with fresh_database(stack, folder) as settings:
        settings = put_units(settings.model_copy(update={"register_file": folder / "register.csv"}))
        with (
            run_process("confirmation", settings),
            run_process("grants", settings),
            run_process("projection", settings),
            people.access_service(settings) as found,
        ):
            yield found


@pytest.fixture(scope="module")
def settings(served):
    return served[0]


@pytest.fixture(scope="module")
def department(settings):
    return people.department(settings)


@pytest.fixture(scope="module")
def district(settings):
    return people.reviewer(settings, "164")


@pytest.fixture
def school(settings, department) -> str:
    """A school of 164 whose dataset is open and checked, with a head who is logged in."""
    return opened(settings, department, str(next(_schools["164"])))


def opened(settings: Settings, department: Person, code: str) -> str:
    campaign = {"year": 2019, "kind": "1", "schools": [code]}
    with department.access() as access:
        assert access.call("POST", "/v1/campaigns", campaign)["opened"] == 1
    with closing(kafka.producer(settings)) as producer:
        ours = (str(uuid4()), dataset(code), code, 2019, "start", Act.VERSION_CHECKED, datetime.now(UTC))
        by = ("system", CommandRole.SYSTEM)
        checked = Command(*ours, *by, version=1, digest=DIGEST, counts=CLEAN)
        value = codec.encode("ConfirmationCommand", wire.to_record(checked))
        producer.send(CONFIRMATION_CHECKS, value, key=code.encode()).get(ANSWER_S)
    HEADS[code] = people.head(settings, code)
    with department.access() as access:
        wait_until(lambda: state_of(access, code)["State"] == "checked")
    return code


def dataset(code: str) -> str:
    return f"{code}.2019.start"


HEADS: dict[str, Person] = {}
"""Schools that are open, and the head of each."""


def of(settings: Settings, code: str) -> Person:
    """The head of a school that is open."""
    return HEADS[code]


def state_of(access: AccessClient, code: str) -> dict[str, Any]:
    """What stands now."""
    state = access.dataset(dataset(code))
    assert state is not None
    return state


def act(who: Person, code: str, what: str, **more) -> str:
    """An act on what stands now; its code, "" if it was done."""
    with who.access() as access:
        return _act(access, code, what, **more)


def _act(access: AccessClient, code: str, what: str, **more) -> str:
    state = more.pop("state", None) or state_of(access, code)
    seen = {"version": state["Version"], "digest": state["Digest"], "sequence": state["Sequence"]}
    return access.confirm(dataset(code), what, seen | more).code


def refusal(call, *args, **more) -> list[str]:
    """Codes of what is refused before a machine is asked."""
    with pytest.raises(ProblemList) as refused:
        call(*args, **more)
    return [p.code for p in refused.value.problems]


def audit(settings: Settings, where: str, *params: str) -> list[tuple[str, ...]]:
    """(kind, account, act, code) of events, oldest first."""
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute(f"SELECT kind, account, act, code FROM audit_event WHERE {where} ORDER BY number", params)
        return list(cur.fetchall())


def test_a_dataset_goes_from_its_school_to_the_department_by_accounts(settings, department, district, school):
    head = of(settings, school)
    steps = [(head, "submit"), (district, "claim"), (district, "confirm"), (department, "claim")]
    steps += [(department, "approve"), (department, "forward")]
    for who, what in steps:
        assert act(who, school, what) == "", what
    events = list(topic_log.read_events(MACHINE, settings, school))
    assert [e["Role"] for e in events if e["Event"] != "version_checked"] == [
        "department_officer", "school_head", *["district_officer"] * 2, *["department_officer"] * 3
    ]  # fmt: skip
    assert {e["Account"] for e in events if e["Unit"] == "164"} == {district.account.id}
    done = audit(settings, "subject = %s AND kind = 'done'", dataset(school))
    assert [what for _, _, what, _ in done] == ["open", *(what for _, what in steps)]


@pytest.mark.parametrize(
    ("forged", "codes"),
    [
        ({"Unit": "19"}, ["ACC-041"]),
        ({"unit": None, "sequence": "2"}, ["ACC-041"] * 2),
    ],
    ids=str,
)
def test_a_field_that_is_none_of_the_request_is_refused(district, forged, codes):
    body = {"version": 1, "digest": DIGEST, "sequence": 2} | forged
    with district.access() as access:
        assert refusal(access.confirm, "19164120.2019.start", "claim", body) == codes


def test_each_act_takes_its_role(settings, department, district, school):
    with department.access() as access:
        state = state_of(access, school)
    for who, what in ((district, "submit"), (department, "submit"), (district, "lock")):
        assert refusal(act, who, school, what, state=state) == ["ACC-034"], what
    assert refusal(act, of(settings, school), school, "claim", state=state) == ["ACC-034"]
    with district.access() as access:
        assert refusal(access.call, "POST", "/v1/grants/smas/19164101/allow", {}) == ["ACC-034"]
        assert refusal(access.call, "POST", "/v1/campaigns", {"year": 2019, "kind": "1"}) == ["ACC-034"]
        assert refusal(_act, access, school, "open") == ["ACC-043"]
        assert refusal(_act, access, school, "version_checked") == ["ACC-043"]


def test_of_fifty_acts_of_two_officers_in_one_moment_one_is_done(settings, department, district, school):
    colleague = people.person(settings, "dong.nghiep", "164", Role.DISTRICT_OFFICER)
    assert act(of(settings, school), school, "submit") == ""
    assert act(district, school, "claim") == ""
    with district.access() as one, colleague.access() as other, ThreadPoolExecutor(16) as pool:
        state = state_of(one, school)
        reason = {"reason_code": "OTHER", "reason": "x"}
        acts = [(one, "confirm", {}), (other, "return", reason)] * 25
        codes = list(pool.map(lambda a: _act(a[0], school, a[1], state=state, **a[2]), acts))
    assert sorted(codes)[0] == "" and "" not in sorted(codes)[1:]
    events = [
        e for e in topic_log.read_events(MACHINE, settings, school) if e["Sequence"] > state["Sequence"]
    ]
    assert len(events) == 1


@pytest.mark.parametrize(
    "name",
    ["bị.đọc", "BỊ.ĐỌC", "bị.đọc ", "bị.đọc", "ｂị.đọc"],
    ids=["same", "capital", "blank", "NFD", "wide"],
)
def test_a_login_does_not_depend_on_the_keyboard(settings, name):
    if not [a for a in office.everyone(settings) if a["name"] == "bị.đọc"]:
        people.account(settings, "bị.đọc", "19", Role.AUDITOR)
    with AccessClient(settings.access) as access:
        said = access.call("POST", "/v1/login", {"account": name, "password": PASSWORD})
    assert said["name"] == "bị.đọc"


def test_an_act_from_another_site_is_refused(settings):
    people.account(settings, "trang.khac", "19", Role.AUDITOR)
    body = {"account": "trang.khac", "password": PASSWORD}
    origin = {"Origin": "http://evil.example"}
    answer = httpx.post(
        f"{settings.access}/v1/session", json=body, headers=origin, trust_env=False, timeout=ANSWER_S
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "ACC-044")


def test_a_logout_at_the_command_line_ends_what_proved_it(settings):
    who = people.person(settings, "da.ra", "19", Role.AUDITOR)
    stolen = json.loads(who.settings.login_file.read_text())[settings.access]["secret"]
    assert who.settings.login_file.stat().st_mode & 0o077 == 0
    assert csdl(who.settings, "whoami")[1]["account"] == who.account.id
    assert csdl(who.settings, "logout")[0] == 0
    assert _whoami(settings, stolen) == ["ACC-024"]
    assert csdl(who.settings, "whoami")[1]["problems"][0]["code"] == "ACC-051"
    assert audit(settings, "account = %s AND code = 'ACC-024'", who.account.id)


def test_of_two_look_alikes_made_in_one_moment_one_is_made(settings):
    """The first is not committed when the second, who cannot see it, comes to the table's key."""
    with ThreadPoolExecutor(1) as pool, closing(postgres.connect(settings, "first")) as conn:
        with conn, conn.cursor() as cur:
            new = store.New("hoà.le", "cb.1", "19", frozenset({Role.AUDITOR}), date(2019, 1, 1))
            first = store.create(cur, new)
            twin = replace(new, name="hoạ.1e", person="cb.2", issuer="https://i.example", subject="s")
            second = pool.submit(office.create, settings, twin, PASSWORD)
            wait_until(lambda: _waits_for(settings, "csdl accounts"))
        with pytest.raises(ProblemList) as refused:
            second.result()
    assert [(p.code, p.params) for p in refused.value.problems] == [("ACC-002", {"account": first.id})]
    assert [a["account"] for a in office.everyone(settings) if a["name"].startswith("ho")] == [first.id]


def _waits_for(settings: Settings, application: str) -> bool:
    with closing(postgres.connect(settings)) as conn, conn.cursor() as cur:
        cur.execute(
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted"
            " AND datname = current_database() AND application_name = %s",
            (application,),
        )
        return cur.fetchone() is not None


def test_a_person_changes_their_own_password(settings, tmp_path):
    who = people.person(settings, "tu.doi", "19", Role.AUDITOR)
    assert csdl(who.settings, "tokens", "create", "--out", str(tmp_path / "token.json"))[0] == 0
    by_token = who.settings.model_copy(update={"login_file": tmp_path / "token.json"})
    body = {"account": "tu.doi", "password": PASSWORD}
    session = httpx.post(
        f"{settings.access}/v1/session", json=body, trust_env=False, timeout=ANSWER_S
    ).cookies["csdl_session"]
    new = "mật khẩu hoàn toàn khác"

    def change(by: Settings, old: str, to: str = new) -> tuple[int, list[str]]:
        typed = f"{old}\n{to}\n"
        code, said = csdl(by, "accounts", "password", "--password-stdin", stdin=typed)
        return code, [p["code"] for p in said.get("problems", ())]

    assert change(by_token, PASSWORD) == (1, ["ACC-070"])
    assert change(who.settings, PASSWORD, "ngắn") == (1, ["ACC-003"])
    assert change(who.settings, "không phải thế") == (1, ["ACC-071"])
    assert change(who.settings, unicodedata.normalize("NFD", PASSWORD)) == (0, [])
    assert csdl(who.settings, "whoami")[0] == 0
    assert csdl(by_token, "whoami")[1]["problems"][0]["code"] == "ACC-024"
    assert _whoami(settings, session) == ["ACC-024"]
    with AccessClient(settings.access) as access:
        assert refusal(access.call, "POST", "/v1/login", body) == ["ACC-028"]
        access.call("POST", "/v1/login", body | {"password": new})
    events = audit(settings, "account = %s AND act = 'password'", who.account.id)
    assert [(kind, code) for kind, _, _, code in events] == [
        ("refused", "ACC-070"), ("refused", "ACC-003"), ("refused", "ACC-071"), ("account", ""),
    ]  # fmt: skip


def test_an_old_password_is_not_guessed_by_a_stolen_session(settings):
    who = people.person(settings, "bi.do", "19", Role.AUDITOR)

    def guess(access: AccessClient, old: str) -> list[str]:
        return refusal(access.call, "POST", "/v1/password", {"old": old, "new": "mật khẩu của kẻ gian"})

    with who.access() as access, ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda n: guess(access, f"sai mật khẩu {n}"), range(20)))
        assert sorted(codes) == [["ACC-029"]] * (20 - LIMIT) + [["ACC-071"]] * LIMIT
        assert guess(access, PASSWORD) == ["ACC-029"]


def test_an_account_without_a_password_has_none_to_change(settings, district):
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        new = store.New("chi.oidc", "cb.9", "19", frozenset({Role.AUDITOR}), date(2019, 1, 1))
        made = store.create(cur, replace(new, issuer="https://i.example", subject="9"))
        secret = credentials.issue(cur, made, credentials.Kind.SESSION).secret
    with AccessClient(settings.access, secret) as access:
        body = {"old": "", "new": "mật khẩu thứ nhất"}
        assert refusal(access.call, "POST", "/v1/password", body) == ["ACC-072"]


def test_an_account_moves_on_the_day_that_was_said(settings):
    """From the new unit's first day it acts for that, and what was issued before is worth nothing."""
    who = people.person(settings, "chuyen.di", "19164101", Role.SCHOOL_OFFICER)
    tomorrow = today() + timedelta(days=1)
    for day, code in ((today() - timedelta(days=1), ["ACC-073"]), (date(1999, 1, 1), ["ACC-073", "ACC-008"])):
        assert refusal(office.move, settings, "chuyen.di", "19164102", frozenset(), day) == code
    office.move(settings, "chuyen.di", "19164102", frozenset(), tomorrow)
    assert csdl(who.settings, "whoami")[1]["problems"][0]["code"] == "ACC-024", "as with every change"
    client.log_in(who.settings, "chuyen.di", PASSWORD)
    said = csdl(who.settings, "whoami")[1]
    assert (said["unit"], said["moves"]["unit"], said["moves"]["on"]) == (
        "19164101", "19164102", tomorrow.isoformat(),
    )  # fmt: skip
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:  # the days go by
        cur.execute("UPDATE credential SET made_at = made_at - interval '2 days'")
        cur.execute("UPDATE account SET next_from = %s WHERE name = 'chuyen.di'", (today(),))
    assert csdl(who.settings, "whoami")[1]["problems"][0]["code"] == "ACC-024"
    client.log_in(who.settings, "chuyen.di", PASSWORD)
    said = csdl(who.settings, "whoami")[1]
    assert (said["unit"], said["moves"]) == ("19164102", None)
    assert office.move(settings, "chuyen.di", "19164103", frozenset()).unit == "19164103"
    assert [a["unit"] for a in office.everyone(settings) if a["name"] == "chuyen.di"] == ["19164103"]


def test_days_are_asked_at_each_act(settings):
    who = people.person(settings, "het.han", "19", Role.AUDITOR)
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute("UPDATE account SET active_to = %s WHERE name = 'het.han'", (today(),))
    assert csdl(who.settings, "whoami")[1]["problems"][0]["code"] == "ACC-022"


def _whoami(settings: Settings, secret: str) -> list[str]:
    with AccessClient(settings.access, secret) as access:
        try:
            access.call("GET", "/v1/whoami")
        except ProblemList as refused:
            return [p.code for p in refused.problems]
    return []


def test_a_token_makes_no_token(settings, tmp_path):
    who = people.person(settings, "ma.ca.nhan", "19", Role.AUDITOR)
    out = tmp_path / "token.json"
    assert csdl(who.settings, "tokens", "create", "--out", str(out))[0] == 0
    by_token = who.settings.model_copy(update={"login_file": out})
    code, said = csdl(by_token, "tokens", "create", "--out", str(tmp_path / "other.json"))
    assert (code, said["problems"][0]["code"]) == (1, "ACC-030")
    [token] = csdl(who.settings, "tokens", "list")[1]
    assert csdl(who.settings, "tokens", "revoke", str(token["number"]))[0] == 0
    assert csdl(by_token, "whoami")[1]["problems"][0]["code"] == "ACC-024"


def test_who_corrected_a_version_does_not_approve_it_under_any_account(
    settings, department, district, school
):
    first = people.department(settings, "so.mot", person="CB-07")
    same = people.department(settings, "so.hai", person="cb-07 ")
    for who, what in ((of(settings, school), "submit"), (district, "claim"), (district, "confirm")):
        assert act(who, school, what) == ""
    assert act(first, school, "lock", reason="Đang tra soát") == ""
    assert act(first, school, "unlock", reason="Đã tra soát") == ""
    assert act(first, school, "claim") == ""
    assert refusal(act, first, school, "approve") == ["ACC-031"]
    assert refusal(act, same, school, "approve") == ["ACC-031"]
    assert act(department, school, "approve") == ""


def test_a_grant_is_given_by_the_departments_account(settings, department):
    code, said = csdl(department.settings, "grants", "allow", "smas", "19164101")
    assert (code, said["code"]) == (0, "")
    code, said = csdl(department.settings, "grants", "allow", "smas", "19164101")
    assert (code, said["code"]) == (1, "GRANT-ALREADY")
    code, said = csdl(department.settings, "grants", "allow", "nobody", "19999999")
    assert (code, [p["code"] for p in said["problems"]]) == (1, ["GRANT-VENDOR", "GRANT-SCHOOL"])


def test_what_is_recorded_stays(settings, department):
    for statement in ("UPDATE audit_event SET code = ''", "DELETE FROM audit_event", "TRUNCATE audit_event"):
        stays = pytest.raises(psycopg2.errors.RestrictViolation)
        with closing(postgres.connect(settings)) as conn, conn.cursor() as cur, stays:
            cur.execute(statement)


def test_the_operator_records_what_operators_do_and_nobody_elses_acts(settings):
    own = accounts.as_operator(settings)
    with closing(postgres.connect(own)) as conn:
        events.record_operators(conn, events.Kind.LOOKED, act="records absent", subject="19164101.2019.start")
        forged = [("audit_event", "looked", "operator:0"), ("operator_event", "looked", "A1")]
        forged += [("operator_event", kind, "operator:0") for kind in ("done", "login", "refused")]
        forged += [("operator_event", "looked", "operator:0 A1")]
        for table, kind, account in forged:
            event = events.AuditEvent(events.Kind(kind), account)
            with pytest.raises(psycopg2.Error) as refused:
                events.record(conn, [event], table)
            conn.rollback()
            assert refused.value.pgcode in ("42501", "44000"), (table, kind, account)
        for column in ("at", "number"):
            with pytest.raises(psycopg2.errors.UndefinedColumn), conn.cursor() as cur:
                cur.execute(f"INSERT INTO operator_event ({column}) VALUES (NULL)")
            conn.rollback()
    looks = audit(settings, "kind = 'looked' AND subject = '19164101.2019.start'")
    assert looks == [("looked", f"operator:{os.getuid()}", "records absent", "")]


def test_what_is_too_large_or_no_json_is_refused(settings, department):
    with department.access() as access:
        assert refusal(access.call, "POST", "/v1/campaigns", {"schools": ["x" * 300_000]}) == ["ACC-042"]
        assert refusal(access.call, "GET", "/v1/nowhere") == ["ACC-043"]
        assert refusal(access.call, "POST", "/v1/datasets/x/acts/claim", {"sequence": 1}) == ["ACC-041"]


def test_nobody_is_logged_in_by_himself(settings):
    nobody = settings.model_copy(update={"login_file": settings.data_dir / "none.json"})
    code, said = csdl(nobody, "grants", "revoke", "smas", "19164101")
    assert (code, said["problems"][0]["code"]) == (1, "ACC-051")
    assert _whoami(settings, "") == ["ACC-023"]


def trusting(settings: Settings) -> bytes:
    """The province trusts an authority; a document that a signer of it has signed."""
    root = authorities.Issuer("Gốc Chính phủ")
    for name, content in (("government/goc.cer", root.der), ("lists/goc.crl", root.crl())):
        path = settings.trust_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    pdf: bytes = authorities.signed(authorities.document(), authorities.signer(root))
    return pdf


def test_a_signed_document_is_kept_and_whoever_handed_it_in_is_on_record(settings, district):
    pdf = trusting(settings)
    with district.access() as access:
        said = access.document(pdf)
        broken = refusal(access.document, pdf.replace(b"Trang 1", b"Trang 9"))
        none = refusal(access.document, b"no pdf")
    assert kept.read(settings.documents_dir, said["sha256"]) == pdf
    assert [s["authority"] for s in said["signatures"]] == ["government"]
    assert (broken, none) == (["SIG-011"], ["SIG-001"])
    assert [path.name for path in settings.documents_dir.iterdir()] == [said["sha256"]]
    done = audit(settings, "subject = %s", said["sha256"])
    assert done == [("done", district.account.id, "document", "")]
    refused = audit(settings, "act = 'document' AND kind = 'refused'")
    assert [(account, code) for _, account, _, code in refused] == [
        (district.account.id, "SIG-011"),
        (district.account.id, "SIG-001"),
    ]


def test_a_document_that_is_too_large_and_whoever_may_hand_in_none_are_told_so(settings, district):
    large = bytes(signed_pdf.MAX_BYTES + 1)
    with district.access() as access:
        assert refusal(access.document, large) == ["ACC-042"]
    with AccessClient(settings.access) as access:
        assert refusal(access.document, b"%PDF-") == ["ACC-023"]
    auditor = people.person(settings, "kiem.toan.van.ban", "19", Role.AUDITOR)
    with auditor.access() as access:
        assert refusal(access.document, b"%PDF-") == ["ACC-034"]
