"""API keys and Kafka users on real servers: made by the school, shown once, proved, rotated, stopped."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import httpx
import psycopg2
import pytest
from click.testing import CliRunner
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ResourcePattern,
    ResourceType,
    UserScramCredentialUpsertion,
)

from access.accounts.account import Role
from access.client import AccessClient
from access.credentials import broker, kit, store
from access.credentials.limits import CONTRACT, Limits
from cli.main import main
from deploy import kafka_rights
from runtime import accounts, broker_probe, kafka, postgres
from runtime.settings import Settings
from schemas.errors import ProblemList
from schemas.topics import CREDENTIALS_ENDED, RECORDS_ACCEPTED
from streams.machines import topic_log
from tests import keys, people
from tests.conftest import empty_topics, fresh_database
from tests.integration.command_line import csdl
from tests.keys import DENIED, FORGED, as_kafka_user, opened, producer, shown, write, written_anew
from tests.organisation import put_units
from tests.people import Person
from tests.support import ANSWER_S, Running, environment, run_process, wait_until

SCHOOLS = ("19164101", "19164102", "19164103")
REGISTER = "code,name,level,district,managing_unit,valid_from,valid_to,active\n" + "".join(
    f"{code},Trường {code},primary,164,164,2010-01-01,,1\n" for code in SCHOOLS
)


@pytest.fixture(scope="module")
def served(stack, tmp_path_factory) -> Iterator[tuple[Settings, Running]]:
    """The service behind a proxy at 127.0.0.1, the machine of grants; smas may push for two schools."""
    folder = tmp_path_factory.mktemp("credentials")
    (folder / "register.csv").write_text(REGISTER, encoding="utf-8")
    empty_topics(stack)
    with fresh_database(stack, folder) as settings:
        update = {"register_file": folder / "register.csv", "trusted_proxies": ["127.0.0.1/32"]}
        settings = put_units(settings.model_copy(update=update))
        with (
            run_process("grants", settings),
            run_process("credentials", settings),
            people.access_service(settings) as found,
        ):
            department = people.department(found[0])
            with closing(postgres.connect(found[0])) as conn, conn, conn.cursor() as cur:
                cur.execute(
                    "INSERT INTO conformity (vendor, product_version, school, begun_by, passed_at)"
                    " VALUES ('smas', '5.1', %s, 'A1', now())",
                    (SCHOOLS[0],),
                )
            for school in SCHOOLS[:2]:
                assert csdl(department.settings, "grants", "allow", "smas", school)[0] == 0
            yield found


@pytest.fixture(scope="module")
def settings(served) -> Settings:
    found: Settings = served[0]
    return found


@pytest.fixture(scope="module")
def head(settings) -> Person:
    return people.head(settings, SCHOOLS[0])


@pytest.fixture(scope="module")
def technician(settings) -> Person:
    return people.person(settings, "ky.thuat", "smas", Role.VENDOR_TECHNICIAN)


def make(who: Person, name: str, *more: str, school: str = SCHOOLS[0], vendor: str = "smas") -> Any:
    code, said = csdl(who.settings, "credentials", "make", vendor, school, name, *more)
    assert code == 0, said
    return said


def prove(settings: Settings, secret: str, school: str = SCHOOLS[0], **more: Any) -> str:
    return keys.prove(settings, secret, school, **more)


def recorded(settings: Settings, where: str, *params: object) -> list[dict[str, Any]]:
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute(f"SELECT act, code, address, subject, account FROM audit_event WHERE {where}", params)
        names = ("act", "code", "address", "subject", "account")
        return [dict(zip(names, row, strict=True)) for row in cur.fetchall()]


def refused(who: Person, *args: str) -> list[str]:
    return refused_by(who, "credentials", *args)


def refused_by(who: Person, *args: str) -> list[str]:
    code, said = csdl(who.settings, *args)
    assert code != 0, said
    return [p["code"] for p in said["problems"]]


def test_of_two_who_open_a_link_at_once_one_has_the_secret(settings, head):
    made = make(head, "mot.lan")
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(opened, [made["link"]] * 2))
    first, second = sorted(both, key=lambda answer: answer.status_code)
    assert (first.status_code, second.status_code) == (200, 410)
    assert second.json()["code"] == "KEY-021"
    [row] = csdl(head.settings, "credentials", "list", "--handle", made["handle"])[1]
    assert row["issued_at"][:10].split("-")[0] in second.json()["problems"][0]["message_vi"]
    assert prove(settings, first.json()["secret"]) == ""
    assert "KEY-021" in httpx.get(made["link"], trust_env=False, timeout=ANSWER_S).text
    acts = recorded(settings, "subject = %s ORDER BY number", f"K{made['number']}:smas/{SCHOOLS[0]}")
    assert [(a["act"], a["code"]) for a in acts][:3] == [("make", ""), ("open", ""), ("open", "KEY-021")]


def test_a_page_shows_the_secret_to_who_presses_the_button(settings, head):
    made = make(head, "trang")
    page = httpx.post(made["link"], data={"confirm": "yes"}, trust_env=False, timeout=ANSWER_S)
    assert page.status_code == 200 and made["handle"] + "_" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (
        httpx.get(f"{settings.access}/v1/links/{'x' * 43}", trust_env=False, timeout=ANSWER_S).status_code
        == 404
    )


def test_another_link_opens_what_nobody_has_seen_and_the_first_opens_nothing(settings, head, tmp_path):
    made = make(head, "gui.lai")
    again = csdl(head.settings, "credentials", "link", str(made["number"]))[1]
    first = httpx.post(made["link"], json={"confirm": True}, trust_env=False, timeout=ANSWER_S)
    assert first.json()["code"] == "KEY-022"
    out = tmp_path / "key"
    code, said = csdl(settings, "credentials", "open", again["link"], "--out", str(out))
    assert code == 0 and "secret" not in said
    assert out.stat().st_mode & 0o077 == 0
    assert prove(settings, out.read_text().strip()) == ""
    assert refused(head, "link", str(made["number"])) == ["KEY-009"]


def test_a_link_that_is_over_opens_nothing(settings, head):
    made = make(head, "qua.han")
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute(
            "UPDATE credential_link SET made_at = made_at - interval '25 h',"
            " expires_at = expires_at - interval '25 h' WHERE credential = %s",
            (made["number"],),
        )
    answer = httpx.post(made["link"], json={"confirm": True}, trust_env=False, timeout=ANSWER_S)
    assert (answer.status_code, answer.json()["code"]) == (410, "KEY-022")


def test_each_end_of_a_key_has_its_own_code(settings, head):
    made = make(head, "het")
    secret, number = shown(made), str(made["number"])
    assert prove(settings, secret) == ""
    assert csdl(head.settings, "credentials", "deactivate", number)[1]["code"] == "KEY-105"
    assert prove(settings, secret) == "KEY-105"
    assert csdl(head.settings, "credentials", "reactivate", number)[1]["code"] == ""
    assert prove(settings, secret) == ""
    assert csdl(head.settings, "credentials", "revoke", number)[1]["code"] == "KEY-102"
    assert prove(settings, secret) == "KEY-102"
    assert refused(head, "reactivate", number) == ["KEY-102"]
    assert prove(settings, secret[:-1] + ("a" if secret[-1] != "a" else "b")) == "KEY-101"
    assert prove(settings, "csdl_live_nothing_at_all") == "KEY-101"
    subject = f"K{number}:smas/{SCHOOLS[0]}"
    told = recorded(settings, "subject = %s AND act = 'prove' ORDER BY number", subject)
    assert [a["code"] for a in told] == ["KEY-105", "KEY-102"]


def test_an_address_is_believed_from_our_own_proxy_alone(settings, head):
    made = make(head, "dia.chi", "--address", "203.0.113.7")
    secret = shown(made)
    assert prove(settings, secret) == "KEY-108"
    assert prove(settings, secret, headers=FORGED) == "KEY-108"
    assert prove(settings, secret, headers={"X-Forwarded-For": "203.0.113.7"}) == ""
    assert prove(settings, secret, headers={"X-Forwarded-For": "::ffff:203.0.113.7"}) == ""
    forged = {"X-Forwarded-For": "203.0.113.7, 198.51.100.9"} | FORGED
    assert prove(settings, secret, headers=forged) == "KEY-108"
    subject = f"K{made['number']}:smas/{SCHOOLS[0]}"
    told = recorded(settings, "subject = %s AND act = 'prove' ORDER BY number", subject)
    assert [a["address"] for a in told] == ["127.0.0.1", "198.51.100.9"], "the same one is there once"
    [row] = csdl(head.settings, "credentials", "list", "--handle", made["handle"])[1]
    assert row["used_from"] == "203.0.113.7" and row["used_at"]


def test_of_three_keys_in_an_hour_the_first_is_dead_and_the_second_keeps_its_end(settings, head, technician):
    first = make(head, "thay")
    one = shown(first)
    second = csdl(technician.settings, "credentials", "rotate", str(first["number"]))[1]
    two = shown(second)
    assert (prove(settings, one), prove(settings, two)) == ("", "")
    third = csdl(technician.settings, "credentials", "rotate", str(second["number"]))[1]
    three = shown(third)
    end = third["predecessor"]["ends_at"]
    assert [prove(settings, each) for each in (one, two, three)] == ["KEY-104", "", ""]
    for act in ("deactivate", "reactivate"):
        said = csdl(head.settings, "credentials", act, str(second["number"]))[1]
        assert said["ends_at"] == end
    assert csdl(head.settings, "credentials", "reactivate", str(first["number"]))[0] == 1
    assert csdl(head.settings, "credentials", "revoke", str(third["number"]))[0] == 0
    assert [prove(settings, each) for each in (one, two, three)] == ["KEY-104", "", "KEY-102"]
    with closing(postgres.connect(settings)) as conn, conn.cursor() as cur:
        for change in ("ends_at = ends_at + interval '1 s'", "ends_at = NULL", "handle = 'x'"):
            with pytest.raises(psycopg2.errors.RestrictViolation):
                cur.execute(f"UPDATE vendor_credential SET {change} WHERE number = %s", (second["number"],))
            conn.rollback()


def test_twenty_rotations_at_once_give_one_successor(settings, head):
    made = make(head, "hai.muoi")
    secret = shown(made)

    def rotate(_: int) -> str:
        with head.access() as access:
            try:
                access.call("POST", f"/v1/credentials/{made['number']}/rotate", {})
            except ProblemList as fault:
                return fault.problems[0].code
        return ""

    with ThreadPoolExecutor(20) as pool:
        said = sorted(pool.map(rotate, range(20)))
    assert said == ["", *["KEY-006"] * 19]
    assert prove(settings, secret) == ""


def test_who_may_do_what_with_whose(settings, head, technician):
    made = make(head, "cua.ai")
    other = people.head(settings, SCHOOLS[1])
    reviewer = people.reviewer(settings, "164")
    number = str(made["number"])
    assert refused(other, "revoke", number) == ["KEY-013"]
    assert refused(other, "make", "smas", SCHOOLS[0], "la") == ["KEY-013"]
    assert refused(reviewer, "revoke", number) == ["ACC-034"]
    assert refused(technician, "revoke", number) == ["ACC-034"]
    vnedu = people.person(settings, "ky.thuat.khac", "vnedu", Role.VENDOR_TECHNICIAN)
    assert refused(vnedu, "rotate", number) == ["KEY-013"]
    assert csdl(vnedu.settings, "credentials", "list")[1] == []
    assert {row["school"] for row in csdl(head.settings, "credentials", "list")[1]} == {SCHOOLS[0]}
    told = recorded(settings, "code = 'KEY-013' AND account = %s", other.account.id)
    assert len(told) == 2


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_made(settings, head):
    before = len(csdl(head.settings, "credentials", "list")[1])
    asked = ["make", "vnedu", SCHOOLS[0], "Tên", "--kind", "kafka", "--test", "--address", "x"]
    assert refused(head, *asked) == ["KEY-001", "KEY-004", "KEY-012", "KEY-107"]
    make(head, "mot.ten")
    assert refused(head, "make", "smas", SCHOOLS[0], "mot.ten") == ["KEY-002"]
    wide = ["make", "smas", SCHOOLS[0], "rong", "--kind", "kafka", "--address", "203.0.113.0/24"]
    assert refused(head, *wide) == ["KEY-011"]
    assert len(csdl(head.settings, "credentials", "list")[1]) == before + 1


def test_what_a_grant_gave_ends_with_it_and_another_grant_revives_none(settings, user):
    school = SCHOOLS[1]
    head = people.person(settings, "ht.khac", school, Role.SCHOOL_HEAD)
    secret = shown(make(head, "theo.quyen", school=school))
    assert prove(settings, secret, school=school) == ""
    made = make(head, "kafka.theo.quyen", "--kind", "kafka", school=school)
    own = user.opened(made)
    wait_until(lambda: written_anew(own) == "")
    department = people.person(settings, "so.thu.hoi", "19", Role.DEPARTMENT_OFFICER)
    with producer(own) as sender:
        assert write(sender) == ""
        assert csdl(department.settings, "grants", "revoke", "smas", school)[0] == 0
        wait_until(lambda: write(sender) == DENIED)
    wait_until(lambda: prove(settings, secret, school=school) == "KEY-102")
    assert refused(head, "make", "smas", school, "moi") == ["KEY-107"]
    assert csdl(department.settings, "grants", "allow", "smas", school)[0] == 0
    assert prove(settings, secret, school=school) == "KEY-102"
    subject = f"K{made['number']}:smas/{school}"
    assert recorded(settings, "subject = %s AND account = 'credentials' AND act = 'revoke'", subject)


LIMITS = (
    "revoked_at, ends_at, expires_at, issued_at, secret_hash, deactivated_at, reactivated_at, linked_at,"
    " addresses"
)
LINK = "opened_at, replaced_at"


def test_a_database_from_an_older_copy_allows_nothing_again(settings, head):
    """Whatever bounds a credential, and is known since; what was taken up again since is in force."""
    names = ("thu.hoi", "thay", "ngung", "dung.lai", "het.han", "dia.chi", "da.mo", "lien.ket")
    made = {name: make(head, f"ban.sao.{name}", "--days", "30") for name in names}
    unseen = ("da.mo", "lien.ket")
    secrets = {name: shown(made[name]) for name in names if name not in unseen}
    numbers = {name: str(one["number"]) for name, one in made.items()}

    def act(what: str, name: str, *more: str) -> Any:
        code, said = csdl(head.settings, "credentials", what, numbers[name], *more)
        assert code == 0
        return said

    act("deactivate", "dung.lai")
    database(settings, f"CREATE TABLE older AS SELECT number, {LIMITS} FROM vendor_credential")
    database(settings, f"CREATE TABLE older_link AS SELECT token_hash, {LINK} FROM credential_link")
    act("revoke", "thu.hoi")
    act("rotate", "thay", "--overlap-hours", "0")
    act("deactivate", "ngung")
    act("reactivate", "dung.lai")
    change = "UPDATE vendor_credential SET {} WHERE number = %s"
    database(settings, change.format("expires_at = now()"), numbers["het.han"])
    database(settings, change.format("addresses = '{203.0.113.7/32}'"), numbers["dia.chi"])
    secrets["da.mo"] = shown(made["da.mo"])
    later = act("link", "lien.ket")["link"]
    worth = {
        "thu.hoi": "KEY-102", "thay": "KEY-104", "ngung": "KEY-105", "dung.lai": "", "het.han": "KEY-103",
        "dia.chi": "KEY-108", "da.mo": "",
    }  # fmt: skip

    def found() -> dict[str, str]:
        return {name: prove(settings, secret) for name, secret in secrets.items()}

    assert found() == worth
    wait_until(lambda: kept_at_kafka(settings) >= set(_as_they_stand(settings, numbers.values())))
    try:
        _restored(settings)
        # What was shown since the copy cannot be shown again: it is revoked. Nobody knows its key any more.
        lost = worth | {"da.mo": "KEY-101"}
        acts = {
            "thu.hoi": "revoke", "thay": "end", "ngung": "deactivate", "dung.lai": "reactivate",
            "het.han": "expire", "dia.chi": "narrow", "da.mo": "revoke", "lien.ket": "link",
        }  # fmt: skip
        subjects = {f"K{numbers[name]}:smas/{SCHOOLS[0]}": name for name in names}
        query = "subject = ANY(%s) AND account = 'credentials'"

        def told() -> dict[str, str]:
            return {subjects[e["subject"]]: e["act"] for e in recorded(settings, query, list(subjects))}

        wait_until(lambda: (found(), told()) == (lost, acts), seen=lambda: (found(), told()))
    finally:
        database(settings, "DROP TABLE older, older_link")
    assert [opened(made[name]["link"]).json()["code"] for name in unseen] == ["KEY-102", "KEY-022"]
    assert opened(later).status_code in (404, 410), "the copy has never heard of it"
    assert act("link", "lien.ket")["link"]
    for name in ("ngung", "dung.lai", "dia.chi", "lien.ket"):  # a grant has twenty at most
        act("revoke", name)


def database(settings: Settings, statement: str, *params: Any) -> None:
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute(statement, params)


def _restored(settings: Settings) -> None:
    """Credentials and links as the copy has them."""
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute("ALTER TABLE vendor_credential DISABLE TRIGGER vendor_credential_keeps")
        values = ", ".join(f"{c} = older.{c}" for c in LIMITS.split(", "))
        cur.execute(f"UPDATE vendor_credential v SET {values} FROM older WHERE v.number = older.number")
        cur.execute("ALTER TABLE vendor_credential ENABLE TRIGGER vendor_credential_keeps")
        cur.execute("DELETE FROM credential_link WHERE token_hash NOT IN (SELECT token_hash FROM older_link)")
        values = ", ".join(f"{c} = older_link.{c}" for c in LINK.split(", "))
        cur.execute(
            f"UPDATE credential_link SET {values} FROM older_link"
            " WHERE older_link.token_hash = credential_link.token_hash"
        )


def _as_they_stand(settings: Settings, numbers: Iterable[str]) -> list[Limits]:
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        return [Limits.of(store.wanted(cur, int(number))) for number in numbers]


def kept_at_kafka(settings: Settings) -> set[Limits]:
    messages = topic_log.read(settings, kafka.partitions(CREDENTIALS_ENDED))
    records = filter(None, (topic_log.record(message, CONTRACT) for message in messages))
    return {Limits.from_record(CONTRACT, record) for record in records}


def test_no_secret_is_kept_logged_or_told(settings, served, head):
    made = make(head, "kin")
    secret = shown(made)
    token = made["link"].rpartition("/")[2]
    prove(settings, secret)
    log = served[1].log.read_text(encoding="utf-8")
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        cur.execute("SELECT v::text FROM vendor_credential v UNION ALL SELECT l::text FROM credential_link l")
        kept = "".join(row[0] for row in cur.fetchall())
    told = json.dumps(csdl(head.settings, "credentials", "list")[1]) + served[1].metrics()
    for text in (log, kept, told):
        assert secret.removeprefix(made["handle"]) not in text and token not in text
    with AccessClient(settings.access) as access, pytest.raises(ProblemList, match="KEY-101"):
        access.call("POST", "/v1/connection", {"school": SCHOOLS[0]})


@pytest.fixture
def user(settings, head, local_stack, tmp_path):
    """``user(name)``: a Kafka user of the grant: (what was made, settings that log in by it)."""

    def made(name: str, *more: str) -> tuple[Any, Settings]:
        told = make(head, name, "--kind", "kafka", *more)
        return told, as_user(told)

    def as_user(told: Any) -> Settings:
        return as_kafka_user(local_stack.settings(), told, tmp_path)

    made.opened = as_user  # type: ignore[attr-defined]
    return made


def test_what_is_deactivated_is_refused_on_a_connection_that_stands_and_comes_back(head, user):
    made, own = user("mo.tam.ngung")
    number = str(made["number"])
    wait_until(lambda: written_anew(own) == "")
    with producer(own) as sender:
        assert write(sender) == ""
        assert csdl(head.settings, "credentials", "deactivate", number)[0] == 0
        wait_until(lambda: write(sender) == DENIED)
    assert csdl(head.settings, "credentials", "reactivate", number)[0] == 0
    wait_until(lambda: written_anew(own) == "")


def test_the_one_before_goes_on_beside_its_successor_and_the_one_before_that_does_not(head, user):
    made, first = user("kafka.thay")
    second = csdl(head.settings, "credentials", "rotate", str(made["number"]))[1]
    two = user.opened(second)
    assert broker_probe.ask(first, ANSWER_S) is None and first.kafka_user != two.kafka_user
    third = csdl(head.settings, "credentials", "rotate", str(second["number"]))[1]
    three = user.opened(third)
    wait_until(lambda: (said := broker_probe.ask(first)) is not None and said.code == "SEC-106")
    wait_until(lambda: (written_anew(two), written_anew(three)) == ("", ""))


def test_what_a_crash_or_a_hand_left_behind_is_mended(stack, head, user):
    """A right that somebody gave by hand, a user that the table does not know; what setup declares keeps
    out of it."""
    made, own = user("kafka.do.dang")
    _, other = user("kafka.con.lai")
    kafka_rights.ensure(stack)
    assert broker_probe.ask(other, ANSWER_S) is None
    stranger = f"{accounts.KEYS}stranger"
    with closing(kafka.admin(stack)) as admin:
        pattern = ResourcePattern(ResourceType.TOPIC, RECORDS_ACCEPTED)
        by_hand = ACL(f"User:{other.kafka_user}", "*", ACLOperation.READ, ACLPermissionType.ALLOW, pattern)
        admin.create_acls([by_hand])
        admin.alter_user_scram_credentials([UserScramCredentialUpsertion(stranger, "SCRAM-SHA-512", "x")])
        wait_until(lambda: stranger in broker.users(admin) and by_hand in broker.rights(admin))
        csdl(head.settings, "credentials", "revoke", str(made["number"]))
        wait_until(lambda: not {stranger, own.kafka_user} & broker.users(admin))
        assert by_hand not in broker.rights(admin)
        assert other.kafka_user in broker.users(admin)


@pytest.mark.parametrize("kind", ["api", "kafka"])
def test_a_kit_that_is_handed_over_connects_and_says_which_step_fails(settings, head, tmp_path, kind):
    made = make(head, f"bo.ket.noi.{kind}", "--kind", kind)
    kit_file, secret = tmp_path / "kit.zip", tmp_path / "secret"
    number = str(made["number"])
    code, said = csdl(head.settings, "connect", "kit", number, "--out", str(kit_file))
    assert code == 0 and said["link"]
    held = kit.read(kit_file, said["passphrase"])
    assert held.connection.link != made["link"], "the earlier one opens nothing any more"
    assert csdl(settings, "credentials", "open", held.connection.link, "--out", str(secret))[0] == 0

    def steps() -> dict[str, list[str]]:
        args = ["connect", "test", str(kit_file), "--secret-file", str(secret), "--json"]
        run = CliRunner(env=environment(settings)).invoke(main, args, input=said["passphrase"] + "\n")
        told = json.loads(run.stdout)
        assert run.exit_code == (0 if told["connected"] else 1)
        return {s["step"]: [p["code"] for p in s["problems"]] for s in told["steps"]}

    whole: dict[str, list[str]] = {"name": [], "tls": [], "login": [], "grant": [], "record": []}
    wait_until(lambda: steps() == whole, seen=steps)
    csdl(head.settings, "credentials", "deactivate", number)
    failing = {"api": {"login": ["KEY-105"]}, "kafka": {"grant": ["KEY-034"]}}[kind]
    wait_until(lambda: failing.items() <= steps().items(), seen=steps)
    csdl(head.settings, "credentials", "revoke", number)
    failing = {"api": {"login": ["KEY-102"]}, "kafka": {"login": ["SEC-106"]}}[kind]
    wait_until(lambda: failing.items() <= steps().items(), seen=steps)
    subject = f"K{number}:smas/{SCHOOLS[0]}"
    story = csdl(settings, "audit", "school", SCHOOLS[0])[1]["acts"]
    acts = [row["reason"] for row in story if row["subject"] == subject]
    assert acts[:3] == ["make", "hand-over", "open"]


def test_a_product_shows_once_what_a_production_key_asks_for(settings):
    school = SCHOOLS[2]
    department = people.person(settings, "so.thu", "19", Role.DEPARTMENT_OFFICER)
    assert csdl(department.settings, "grants", "allow", "vnedu", school)[0] == 0
    asked = ["make", "vnedu", school, "that"]
    assert refused(department, *asked) == ["KEY-014"]
    first = make(department, "thu.nghiem", "--test", school=school, vendor="vnedu")
    again = csdl(department.settings, "credentials", "rotate", str(first["number"]), "--overlap-hours", "0")[
        1
    ]
    trial = ["conform", "vnedu", "--school", school, "--product-version", "2.0"]
    code, said = csdl(department.settings, *trial)
    assert code == 1 and [row["passed"] for row in said["scenarios"]] == [False] * 5
    assert refused_by(department, "conform", "vnedu", "--school", SCHOOLS[0], *trial[4:]) == ["KEY-041"]
    assert refused_by(department, *trial[:4], "--product-version", "") == ["KEY-040"]
    shown(again)
    with closing(postgres.connect(settings)) as conn, conn, conn.cursor() as cur:
        for minute, (outcome, accepted, wrong) in enumerate(
            [
                ("version", 5, 0),
                ("version", 5, 2),
                ("unchanged", 5, 0),
                ("incomplete", 0, 0),
                ("version", 5, 0),
            ]
        ):
            cur.execute(
                "INSERT INTO push (vendor, push_id, dataset_id, kind, outcome, accepted, refused, opened_at,"
                " first_seen)"
                " VALUES ('vnedu', %s, %s, '1', %s, %s, %s, now() + %s * interval '1 min', now())",
                (f"p{minute}", f"{school}.2019.start", outcome, accepted, wrong, minute + 1),
            )
    code, said = csdl(department.settings, *trial)
    assert code == 0 and said["passed_at"], said
    assert csdl(department.settings, *trial)[1]["passed_at"] == said["passed_at"]
    assert make(department, "that", school=school, vendor="vnedu")["handle"].startswith("csdl_live_")
    acts = recorded(settings, "subject = %s AND act LIKE 'conform%%' AND code = ''", f"vnedu/{school}")
    assert [each["act"] for each in acts] == ["conform", "conform.passed"]
