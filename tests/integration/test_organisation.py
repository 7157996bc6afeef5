"""Units on the way from a file into the machine, on real Kafka: handed over by setup, imported by people."""

from contextlib import closing
from datetime import timedelta

import pytest

from access.handing_over import hand_over
from runtime import kafka
from schemas import topics as t
from schemas.days import today
from schemas.encoding import codec
from streams.confirmation.state import Stage, State
from streams.machines import chain, topic_log, wire
from streams.organisation import handed_over, units
from streams.organisation.process import Organisation
from streams.organisation.units_cache import UnitsCache
from tests.integration.command_line import csdl
from tests.organisation import put_units
from tests.support import wait_until
from tests.unit.organisation.files import HEADER, SCHOOL, day, school

OLD = "code,name,level,district,managing_unit,valid_from,valid_to,active\n"
ROWS = OLD + (
    "19164301,Trường Mầm non Mẫu,preschool,164,164,2010-01-01,,1\n"
    "19000701,Trường THPT Mẫu,upper_secondary,164,19,2010-01-01,,1\n"
)


@pytest.fixture
def landed(topics, tmp_path):
    """Settings of a stack of an earlier release: a register, and no organisation."""
    (tmp_path / "register.csv").write_text(ROWS, encoding="utf-8")
    return topics.model_copy(update={"register_file": tmp_path / "register.csv"})


@pytest.fixture
def machine(landed):
    """The machine with what setup handed over, in this process."""
    assert hand_over(landed) == 105
    with Organisation(landed) as process:
        wait_until(lambda: not handed_over.undecided(landed), process.step)
        yield process


def sent_to(settings, topic):
    return list(topic_log.read(settings, kafka.partitions(topic)))


def units_file(folder, *lines):
    (folder / "units.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return str(folder / "units.csv")


def test_a_register_of_an_earlier_release_is_handed_over_once_and_leads_where_it_led(landed, machine):
    org = units.organisation(landed)
    for code, on, route in (
        ("19164301", "2019-09-30", ["164", "19"]),
        ("19164301", "2026-09-30", ["19"]),
        ("19000701", "2019-09-30", ["19"]),
    ):
        assert [h.code for h in org.route(code, day(on))] == route
    assert hand_over(landed) == 0
    landed.register_file.write_text(
        ROWS + "19164302,Trường Mới,preschool,164,164,2010-01-01,,1\n", encoding="utf-8"
    )
    assert hand_over(landed) == 1, "what nobody has spoken of"
    wait_until(lambda: not handed_over.undecided(landed), machine.step)
    assert len(units.states(landed)) == 106 and not sent_to(landed, t.ORGANISATION_REFUSALS)
    records = [codec.decode(m.value)[1] for m in sent_to(landed, t.ORGANISATION_EVENTS)]
    assert not [b for r in records for b in chain.breaks(r["UnitCode"], [r])]


def test_what_was_handed_over_counts_as_undecided_until_the_machine_has_come_past_it(landed):
    assert handed_over.undecided(landed) == 0
    with closing(kafka.producer(landed)) as producer:
        producer.send(t.ORGANISATION_SETUP, b"garbage", key=b"19")
    assert handed_over.undecided(landed) == 1
    with Organisation(landed) as process:
        wait_until(lambda: not handed_over.undecided(landed), process.step)


def test_an_import_is_tried_done_and_seen_and_setup_adds_nothing_more(landed, run_process, tmp_path):
    hand_over(landed)
    until = school(end="2025-07-01", ended="moved")
    path = units_file(tmp_path, until, school(parent="05482", start="2025-07-01"))
    cache = UnitsCache(landed)
    cache.start()
    with run_process("organisation", landed):
        wait_until(lambda: not handed_over.undecided(landed))
        code, tried = csdl(landed, "organisation", "import", path, "--dry-run")
        assert (code, [c["unit"] for c in tried["changes"]]) == (0, [SCHOOL])
        assert [w["code"] for w in tried["warnings"]] == ["ORG-PATTERN"]
        assert not sent_to(landed, t.ORGANISATION_COMMANDS)
        code, done = csdl(landed, "organisation", "import", path, "--reason", "Trường mới")
        assert code == 0 and done["changes"] == tried["changes"]
        cache.catch_up()
        assert cache.is_school(SCHOOL, day("2020-01-01")) and not cache.is_school(SCHOOL, day("2009-12-31"))
        assert not cache.is_school("164", day("2020-01-01"))
        code, again = csdl(landed, "organisation", "import", path)
        assert (code, again["changes"], again["unchanged"]) == (0, [], 1)
        code, told = csdl(landed, "organisation", "route", SCHOOL, "--on", "2019-09-30")
        assert [h["unit"] for h in told["route"]] == ["164", "19"]
        code, told = csdl(landed, "organisation", "route", SCHOOL, "--on", "2025-07-01")
        assert [h["unit"] for h in told["route"]] == ["05482", "19"]
        code, told = csdl(landed, "organisation", "route", SCHOOL, "--on", "2009-12-31")
        assert (code, told["problems"][0]["code"]) == (1, "ORG-UNKNOWN")
        code, told = csdl(landed, "organisation", "show", SCHOOL)
        assert (told["sequence"], told["periods"][0]["parent"]) == (1, "164")
        code, told = csdl(landed, "organisation", "totals", "--on", "2019-09-30")
        assert told["units"] == {"164": {"preschool": 1, "primary": 1}, "19": {"upper_secondary": 1}}
        code, told = csdl(landed, "organisation", "list", "--kind", "commune", "--on", "2025-06-30")
        assert told == []
    cache.stop()
    said = [codec.decode(m.value)[1] for m in sent_to(landed, t.ORGANISATION_EVENTS)]
    assert [e["ReasonText"] for e in said if e["UnitCode"] == SCHOOL] == ["Trường mới"]
    landed.register_file.write_text(ROWS + "19164309,Mới,preschool,164,164,2010-01-01,,1\n", encoding="utf-8")
    assert hand_over(landed) == 0, "a person has imported: from now on the organisation is what people say"


def test_everything_that_is_wrong_with_a_file_is_said_at_once_and_changes_nothing(landed, machine, tmp_path):
    path = units_file(
        tmp_path,
        school(end="2025-07-01"),
        school(start="2012-01-01", end="2025-07-01"),
        school("19164998", parent="199", end="2025-07-01"),
        school("19164997", name="M\u0430u", end="2025-07-01"),
    )
    code, told = csdl(landed, "organisation", "import", path)
    assert code == 1
    found = [(p["code"], p["row"]) for p in told["problems"]]
    assert found == [("ORG-NAME", 5), ("ORG-PARENT", 4), ("ORG-OVERLAP", 3)]
    assert not sent_to(landed, t.ORGANISATION_COMMANDS)


def test_a_unit_does_not_end_today_while_it_holds_a_dataset_that_it_has_claimed(landed, tmp_path):
    put_units(landed)
    claimed = State(
        f"{SCHOOL}.2019.start", SCHOOL, 2019, "start", 5, "", Stage.CLAIMED, route=("05482", "19"), version=1
    )
    with closing(kafka.producer(landed)) as producer:
        value = codec.encode("ConfirmationState", wire.to_record(claimed))
        producer.send(t.CONFIRMATION_STATE, value, key=claimed.dataset_id.encode())
    line = "05482,commune,Phường Quan Triều,19,,,2025-07-01,{},closed,"
    code, told = csdl(landed, "organisation", "import", units_file(tmp_path, line.format(today())))
    assert (code, [p["code"] for p in told["problems"]]) == (1, ["ORG-CLAIMS"])
    later = units_file(tmp_path, line.format(today() + timedelta(days=30)))
    code, told = csdl(landed, "organisation", "import", later, "--dry-run")
    assert (code, [c["unit"] for c in told["changes"]]) == (0, ["05482"]), "it has time to act until then"
