"""A vendor's or an officer's clock that is off: everything works, and it is said with a code."""

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from runtime import clock, kafka
from schemas.topics import GRANTS_EVENTS, in_topic
from tests import people
from tests.integration.command_line import csdl
from tests.organisation import put_units
from tests.support import environment
from tests.unit.cli.conftest import REGISTER
from tests.unit.producers.made import SCHOOL, YEAR, pupils

HALF_AN_HOUR, THREE_DAYS = 1800, 3 * 86_400
TARGET = ("--vendor", "smas", "--school", SCHOOL, "--year", str(YEAR))
true_time = time.time


@pytest.fixture
def vendor(settings, tmp_path: Path):
    """Settings and a packet of one school."""
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    (tmp_path / "packet.json").write_bytes(pupils({}))
    return put_units(settings.model_copy(update={"register_file": tmp_path / "register.csv"}))


@pytest.fixture
def clock_is_off(monkeypatch: pytest.MonkeyPatch):
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: true_time() + seconds)


def stamps(settings, topic):
    consumer = kafka.consumer(settings)
    found = [message.timestamp / 1000 for message in kafka.to_end(consumer, kafka.partitions(topic))]
    consumer.close()
    return found


@pytest.mark.parametrize("seconds", [THREE_DAYS, HALF_AN_HOUR, -THREE_DAYS])
def test_a_push_under_a_wrong_clock_arrives_at_the_right_time_and_is_warned_of(vendor, clock_is_off, seconds):
    packet = str(vendor.register_file.with_name("packet.json"))
    clock_is_off(seconds)
    code, said = csdl(vendor, "push", *TARGET, packet)
    assert code == 0
    (warning,) = [w for w in said["warnings"] if w["code"] == "CLOCK-001"]
    assert warning["message_vi"] and warning["message_en"]
    assert [abs(at - true_time()) < HALF_AN_HOUR / 2 for at in stamps(vendor, in_topic("smas"))] == [
        True,
        True,
    ]


def test_an_officers_clock_is_warned_of_and_the_act_is_done(vendor, clock_is_off, run_process):
    with run_process("grants", vendor), people.access_service(vendor) as (served, _):
        officer = people.department(served).settings
        clock_is_off(-THREE_DAYS)
        code, said = csdl(officer, "grants", "allow", "smas", SCHOOL)
        plain = CliRunner(env=environment(officer)).invoke(main, ["grants", "revoke", "smas", SCHOOL])
    assert (code, said["code"], [w["code"] for w in said["warnings"]]) == (0, "", ["CLOCK-001"])
    assert (plain.exit_code, [line.split(" ")[0] for line in plain.stderr.splitlines()]) == (
        0,
        ["CLOCK-001"] * 2,
    )
    assert [abs(at - true_time()) < HALF_AN_HOUR / 2 for at in stamps(vendor, GRANTS_EVENTS)] == [True, True]


def test_preflight_says_it_where_a_broker_can_tell(vendor, clock_is_off):
    packet = str(vendor.register_file.with_name("packet.json"))
    before = [f["rule"] for f in csdl(vendor, "preflight", *TARGET, packet)[1]["findings"]]
    clock_is_off(HALF_AN_HOUR)
    code, found = csdl(vendor, "preflight", *TARGET, packet)
    assert (code, [f["rule"] for f in found["findings"]]) == (0, [*before, "CLOCK-001"])
    plain = CliRunner(env=environment(vendor)).invoke(main, ["preflight", *TARGET, packet])
    assert [line.split(" ")[0] for line in plain.stderr.splitlines()] == ["CLOCK-001"] * 2


def test_a_right_clock_is_not_spoken_of(vendor):
    assert clock.ask(vendor).warnings() == []
