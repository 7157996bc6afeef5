"""The letter on real servers: a school asks, its unit batches, the department grants, the school hands over;
from then on its vendor pushes, and nobody by another way."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from kafka import TopicPartition

from access import grant_acts
from access.documents import kept
from cli.main import main
from demo import papers
from producers.synthetic import province as synthetic
from producers.synthetic.province import SchoolPlan
from producers.synthetic.write import write_register
from runtime import kafka, postgres
from runtime.settings import Settings
from schemas.days import today
from schemas.encoding import codec, columnar
from schemas.errors import ProblemList
from schemas.topics import RECORDS_ACCEPTED, SOURCE_FAULT, in_topic
from streams.grants.commands import Act
from streams.grants.machine import MACHINE
from streams.machines import commands_client, topic_log
from tests import people
from tests.accounts import as_operator
from tests.conftest import empty_topics, fresh_database
from tests.integration.command_line import csdl
from tests.organisation import of_register, put_units
from tests.people import Person
from tests.support import Running, environment, run_process, wait_until
from tests.unit.documents import authorities
from tests.unit.streams.validation_chunks import chunk, closed

PLAN = synthetic.plan(1)
UNIT = "164"
OWN = [s for s in PLAN if s.managing_unit == UNIT and s.vendor == "smas"][:4]
ELSEWHERE = next(s for s in PLAN if s.managing_unit == "165")
DIRECT, SECOND, THIRD = [s for s in PLAN if s.direct and s.vendor == "smas"][:3]
ASKED, BATCHED, LATE = date(2020, 3, 2), date(2020, 3, 4), date(2020, 3, 5)
ISSUER = authorities.Issuer("Gốc Chính phủ")
_pushes, _batches = count(1), count(1)
_services: list[Running] = []


@pytest.fixture(scope="module")
def settings(stack, tmp_path_factory) -> Iterator[Settings]:
    """Grants, validation and the access service, for all tests here: each takes a school of its own."""
    folder = tmp_path_factory.mktemp("grants")
    write_register(folder / "register.csv", [*OWN, ELSEWHERE, DIRECT, SECOND, THIRD])
    empty_topics(stack)
    with fresh_database(stack, folder) as fresh:
        units = put_units(fresh.model_copy(update={"register_file": folder / "register.csv"}))
        authorities.trusted(units.trust_dir, ISSUER)
        with (
            run_process("grants", units),
            run_process("validation", units),
            people.access_service(units) as (served, access),
        ):
            _services.append(access)
            yield served


@pytest.fixture(scope="module")
def known(settings):
    return of_register(settings.register_file)


@pytest.fixture(scope="module")
def department(settings) -> Person:
    return people.department(settings)


@pytest.fixture(scope="module")
def reviewer(settings) -> Person:
    return people.reviewer(settings, UNIT)


@pytest.fixture(scope="module")
def service(settings) -> Running:
    return _services[-1]


def refused(call, *args, **more) -> list[str]:
    """Codes of what is refused before the machine is asked."""
    with pytest.raises(ProblemList) as problems:
        call(*args, **more)
    return [p.code for p in problems.value.problems]


def signed(organisation: str, form: Any = None, issuer: authorities.Issuer = ISSUER, **other: Any) -> bytes:
    """A PDF that somebody of this organisation has signed; ``form``: what it says, None: it is a scan."""
    signer = authorities.signer(issuer, organisation=organisation, **other)
    says = papers.lines(form) if form else ()
    pdf = authorities.document(says=says) if form else authorities.document("")
    return authorities.signed(pdf, signer)


def keep(who: Person, pdf: bytes) -> str:
    """As if it had been handed in; by the door it is once, in the letter's own test."""
    return kept.keep(who.settings.documents_dir, pdf)


def ask(who: Person, school: SchoolPlan, known, day=ASKED, pdf: bytes = b"", **more) -> str:
    asked = papers.request(school, known, day, **more)
    asked["sha256"] = keep(who, pdf or signed(school.name, asked["form"]))
    with who.access() as access:
        return access.act("/v1/grants/requests", {"request": asked}).code


def check(who: Person, *schools: SchoolPlan) -> Any:
    with who.access() as access:
        return access.call("POST", "/v1/grants/acts/check", {"grants": [grant(s) for s in schools]})


def batch(who: Person, known, day, *schools: SchoolPlan) -> Any:
    with who.access() as access:
        number = f"{next(_batches)}/DS"
        said = papers.listed(papers.batch(who.account.unit, schools, known, day, number=number))
        said["sha256"] = access.document(signed(said["form"]["unit_name"], said["form"]))["sha256"]
        return access.call("POST", "/v1/grants/batches", {"batch": said})


def act(who: Person, school: SchoolPlan, what: str, **body) -> str:
    with who.access() as access:
        return access.grant(what, school.vendor, school.code, body).code


def grant(school: SchoolPlan) -> str:
    return f"{school.vendor}/{school.code}"


def push(settings: Settings, school: SchoolPlan, record_type: str = "", vendor: str = "") -> set[str]:
    """Push for a school; the codes under which it is refused: none, if it works."""
    vendor, number = vendor or school.vendor, f"p{next(_pushes)}"
    of = {"Vendor": vendor, "MaTruongHoc": school.code, "PushId": number}
    values = [closed(Chunks=int(bool(record_type)), Records={}, **of)]
    if record_type:
        values.insert(0, chunk_of(record_type, of))
    partition = kafka.partition_of(school.code.encode())
    tp = TopicPartition(RECORDS_ACCEPTED, partition)
    with closing(kafka.producer(settings)) as producer, closing(kafka.consumer(settings)) as consumer:
        consumer.assign([tp])
        consumer.seek_to_end(tp)
        consumer.position(tp)
        for value in values:
            producer.send(in_topic(vendor), value, key=school.code.encode(), partition=partition)
        producer.flush()
        came: list[Any] = []
        wait_until(
            lambda: len(came) == len(values),
            lambda: came.extend(m for some in consumer.poll(300).values() for m in some),
        )
    codes: set[str] = set()
    for message in came:
        codes |= {value.decode() for name, value in message.headers if name == SOURCE_FAULT}
        if codec.contract_of(message.value).name != "PushClosed":
            codes |= {r["Rule"] for r in columnar.decode_chunk(message.value).header["Refused"]}
    return codes


def chunk_of(record_type: str, of: dict[str, Any]) -> bytes:
    frame = pl.DataFrame({"ClientId": [str(uuid4())]}, schema_overrides=columnar.frame_schema(record_type))
    return chunk(frame, record_type, **of)


def shown(settings: Settings, school: SchoolPlan) -> Any:
    return csdl(settings, "grants", "show", school.code)[1]


def test_the_letter_from_the_request_to_the_first_push(settings, known, department, reviewer, tmp_path):
    one, other = OWN[:2]
    heads = {s.code: people.head(settings, s.code) for s in (one, other, DIRECT)}
    assert push(settings, one) == {"VAL-001"}

    form = tmp_path / "form1.json"
    asked_for = papers.request(one, known, ASKED)["form"]
    form.write_text(json.dumps(asked_for), encoding="utf-8")
    (tmp_path / "signed.pdf").write_bytes(signed(one.name, asked_for))
    asking = (
        "grants", "request", str(form), "--vendor", "smas", "--year", "2019",
        "--signed", str(tmp_path / "signed.pdf"),
    )  # fmt: skip
    code, said = csdl(heads[one.code].settings, *asking)
    assert (code, [p["code"] for p in said["problems"]]) == (1, ["FORM-063"])
    assert csdl(heads[one.code].settings, "forms", "send", asking[-1])[0] == 0
    code, said = csdl(heads[one.code].settings, *asking)
    assert (code, said["state"]) == (0, "requested")
    assert [w["code"] for w in said["warnings"]] == ["FORM-202"]
    assert ask(heads[other.code], other, known) == ""
    assert ask(heads[DIRECT.code], DIRECT, known, date(2020, 3, 15)) == ""
    assert {g["turn"] for s in (one, other) for g in shown(settings, s)["grants"]} == {UNIT}
    assert push(settings, one) == {"GRT-001"}
    with reviewer.access() as access, heads[DIRECT.code].access() as strange:
        waits = access.call("GET", "/v1/grants")["grants"]
        assert [w["school"] for w in waits] == [one.code, other.code]
        assert access.call("GET", f"/v1/grants/{one.code}")["grants"][0]["state"] == "requested"
        assert refused(strange.call, "GET", f"/v1/grants/{one.code}") == ["ACC-035"]

    assert csdl(reviewer.settings, "grants", "check", "smas", one.code, other.code)[1]["done"] == 2
    sent = papers.batch(UNIT, [one, other], known, LATE)
    not_listed = papers.listed(papers.batch(UNIT, [one, ELSEWHERE], known, LATE)) | {"form": sent["form"]}
    with reviewer.access() as access:
        for wrong, expected in (
            (sent, ["GRT-213"]), (not_listed, ["FORM-035", "FORM-051"]), (papers.listed(sent), ["FORM-063"])
        ):  # fmt: skip
            assert refused(access.call, "POST", "/v1/grants/batches", {"batch": wrong}) == expected
    assert batch(reviewer, known, LATE, one, other)["done"] == 2
    assert batch_refused(reviewer, known, one) == ["GRT-208"]
    for what in ("approve", "issue"):
        codes = (one.code, other.code, DIRECT.code)
        assert csdl(department.settings, "grants", what, "smas", *codes)[1]["done"] == 3
    assert push(settings, one) == {"GRT-001"}

    hand_over = ("grants", "hand-over", "smas", one.code, "--number", "HĐ-1", "--date", "2020-02-01")
    code, said = csdl(heads[one.code].settings, *hand_over)
    assert (code, [p["code"] for p in said["problems"]]) == (1, ["GRT-304"])
    assert csdl(heads[one.code].settings, *hand_over, "--clause")[0] == 0
    for school in (other, DIRECT):
        contract = papers.contract(school, ASKED)
        assert act(heads[school.code], school, "hand-over", contract=contract) == ""
    assert [push(settings, s) for s in (one, other, DIRECT)] == [set()] * 3

    wait_until(
        lambda: {g["state"] for s in (one, DIRECT) for g in shown(settings, s)["grants"]} == {"in_use"}
    )
    story = shown(settings, one)
    assert [(e["event"], e["unit"], e["late"]) for e in story["events"]] == [
        ("requested", one.code, False), ("checked", UNIT, False), ("batched", UNIT, True),
        ("approved", "19", True), ("issued", "19", True), ("handed_over", one.code, True),
        ("used", "system", True),
    ]  # fmt: skip
    assert [e["signature"] for e in story["events"]] == [
        "", "", "verified_text", "verified_text", "", "", "",
    ]  # fmt: skip
    batched, approved = (e["document"] for e in story["events"][2:4])
    assert batched == approved and batched["ListSha256"] != batched["Sha256"]
    for digest in (batched["Sha256"], batched["ListSha256"]):
        assert kept.read(settings.documents_dir, digest)
    assert all(e["account"].startswith("A") for e in story["events"][:-1])
    assert "0912" not in json.dumps(story) and papers.IN_CHARGE["name"] not in json.dumps(story)
    assert [e["late"] for e in shown(settings, DIRECT)["events"]] == [True] * 5
    audited = csdl(settings, "audit", "school", one.code)[1]
    assert [a["act"] for a in audited["acts"] if a["source"].startswith(MACHINE.events_topic)] == [
        e["event"] for e in story["events"]
    ]


def test_the_story_is_told_in_words_and_says_where_people_looked_at_the_papers(settings, known):
    """What a service writes where the province has said so: CSDL_SIGNATURES."""
    head = people.head(settings, SECOND.code)
    assert ask(head, SECOND, known, date(2020, 3, 15)) == ""
    waits = told(settings, "grants", "show", SECOND.code)
    assert "thủ công" not in waits
    assert f"đến lượt — turn: 19; từ — since {today().year}" in waits
    state = topic_log.read_states(MACHINE, settings)[grant(SECOND)]
    approval = grant_acts.grant(
        Act.APPROVE, SECOND.vendor, SECOND.code, unit="19", account="A-so", sequence=state.sequence,
        types=state.pending.types, periods=state.pending.periods, document=state.paper, signature="by_hand",
    )  # fmt: skip
    assert commands_client.send(MACHINE, settings, approval).code == ""
    said = told(settings, "grants", "show", SECOND.code)
    assert f"smas/{SECOND.code}: Sở đã duyệt — approved; đến lượt — turn: 19" in said
    assert "push CanBo, HocSinh, LopHoc, TruongHoc; periods" in said and "remove no records" in said
    assert all(word in said for word in (papers.number(SECOND), "2020-03-15", "muộn", "thủ công"))
    assert papers.IN_CHARGE["name"] not in said


def told(settings: Settings, *args: str) -> str:
    """What a command says to people."""
    wide = environment(as_operator(settings)) | {"COLUMNS": "400"}
    result = CliRunner(env=wide).invoke(main, args)
    assert result.exit_code == 0
    return result.stdout


def test_the_officer_in_charge_is_of_the_schools_staff_where_it_is_known(settings, known):
    school = OWN[2]
    head, year = people.head(settings, school.code), max(settings.school_years)
    pdf = signed(school.name)

    def asked() -> Any:
        request = papers.request(school, known, ASKED) | {"sha256": keep(head, pdf)}
        with head.access() as access:
            return access.act("/v1/grants/requests", {"request": request})

    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute(
            "INSERT INTO dataset (dataset_id, school, school_year, period) VALUES ('staff', %s, %s, 'start')",
            (school.code, year),
        )
        cur.execute(
            "INSERT INTO can_bo (school_year, school, dataset_id, identity, valid_from, row_hash, vendor,"
            " ten_can_bo) VALUES (%s, %s, 'staff', '1', 1, '', 'smas', 'Đỗ Thị Khác')",
            (year, school.code),
        )
    assert refused(asked) == ["FORM-016"]
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute("UPDATE can_bo SET ten_can_bo = 'NGUYỄN  thị Mâu' WHERE dataset_id = 'staff'")
    assert asked().code == ""


def batch_refused(who: Person, known, *schools: SchoolPlan) -> list[str]:
    return refused(batch, who, known, BATCHED, *schools)


def test_a_push_goes_no_further_than_the_grant_and_not_after_its_end(settings, known, department, reviewer):
    school = OWN[3]
    head = people.head(settings, school.code)
    assert ask(head, school, known, record_types=["LopHoc"], periods=["start"]) == ""
    assert (check(reviewer, school)["done"], batch(reviewer, known, BATCHED, school)["done"]) == (1, 1)
    soon = (today() + timedelta(days=15)).isoformat()
    assert act(department, school, "approve", valid_until=soon) == ""
    assert act(department, school, "issue") == ""
    signed = papers.contract(school, ASKED)
    assert act(head, school, "hand-over", contract=signed, product_version="5.2") == ""
    # Its end is near: the machine's own process says so.
    wait_until(lambda: [e["event"] for e in shown(settings, school)["events"]][-1] == "reminded")
    assert "GRT-007" not in push(settings, school, "LopHoc")
    assert push(settings, school, "CanBo") == {"GRT-007"}
    assert push(settings, school, vendor="vnedu") == {"VAL-001"}

    def level(what: str, **more) -> str:
        with department.access() as access:
            return str(access.act(f"/v1/vendors/smas/{what}", {"reason": "Sự cố", **more}).code)

    for more, code in (({}, "GRT-003"), ({"product_version": "5.2"}, "GRT-004")):
        assert level("suspend", **more) == ""
        assert push(settings, school) == {code}
        assert level("resume", **more) == ""
        wait_until(lambda: push(settings, school) == set())
    assert act(department, school, "suspend", reason="Sự cố") == ""
    assert push(settings, school) == {"GRT-002"}
    assert act(head, school, "hand-over", contract=signed) == "GRANT-STATE"
    assert act(department, school, "resume", reason="Đã xử lý") == ""
    assert act(department, school, "revoke", reason="Chấm dứt") == ""
    wait_until(lambda: push(settings, school) == {"GRT-006"})
    assert [g["state"] for g in shown(settings, school)["grants"]] == ["revoked"]


def forged() -> bytes:
    """Another key's signature, with the school's certificate beside it."""
    own, theirs = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    certificate = ISSUER.issue("Hiệu trưởng", own.public_key(), organisation=THIRD.name)
    return authorities.signed(authorities.document(), authorities.of_key(certificate, theirs, ISSUER))


def test_what_was_signed_wrongly_or_changed_after_signing_is_not_approved(
    settings, known, department, service
):
    head = people.head(settings, THIRD.code)
    good = signed(THIRD.name, papers.request(THIRD, known, ASKED, number="7/ĐN-KS")["form"])
    revoked = authorities.signer(ISSUER, organisation=THIRD.name)
    documents = {
        "forged": (forged(), "SIG-013"),
        "expired": (signed(THIRD.name, until=-authorities.DAY), "SIG-023"),
        "revoked since": (authorities.signed(authorities.document(), revoked), "SIG-025"),
        "of another issuer": (signed(THIRD.name, issuer=authorities.Issuer("Gốc lạ")), "SIG-021"),
        "changed": (good.replace(b"Trang 1", b"Trang 9"), "SIG-011"),
        "a page replaced": (authorities.revised(good, authorities.replace_page), "SIG-012"),
        "another file under its name": (good, "FORM-064"),
    }
    codes = [code for _, code in documents.values()]
    before = refusals(service, codes)
    for number, (pdf, code) in enumerate(documents.values(), 1):
        assert ask(head, THIRD, known, pdf=pdf, number=f"{number}/ĐN-KS") == ""
        if code == "FORM-064":
            (settings.documents_dir / sha256(pdf).hexdigest()).write_bytes(b"%PDF-")
        if code == "SIG-025":
            ISSUER.revoked.append(authorities.serial(revoked))
            authorities.trusted(settings.trust_dir, ISSUER)
        assert refused(act, department, THIRD, "approve") == [code]
    missing = papers.request(THIRD, known, ASKED, number="9/ĐN-KS")
    with head.access() as access:
        assert refused(access.act, "/v1/grants/requests", {"request": missing}) == ["FORM-063"]
    assert refusals(service, codes) == {code: n + 1 for code, n in before.items()}
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute(
            "SELECT code FROM audit_event WHERE kind = 'refused' AND act = 'approve' AND account = %s"
            " AND subject = %s ORDER BY number",
            (department.account.id, grant(THIRD)),
        )
        assert [code for (code,) in cur.fetchall()] == codes
    story = shown(settings, THIRD)
    assert {e["event"] for e in story["events"] if e["grant"] == grant(THIRD)} == {"requested"}
    assert [g["state"] for g in story["grants"]] == ["requested"]
    keep(head, good)
    assert act(department, THIRD, "approve") == ""


def refusals(service: Running, codes: list[str]) -> dict[str, float]:
    """Code → how often it was refused, as the service counts it."""
    text = service.metrics()
    found = dict(re.findall(r'^csdl_access_refused_total{rule="([^"]+)"} ([\d.e+]+)$', text, re.MULTILINE))
    return {code: float(found.get(code, 0)) for code in codes}
