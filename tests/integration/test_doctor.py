"""`csdl doctor` on a real Kafka and PostgreSQL."""

import time
from pathlib import Path

import pytest

from runtime import kafka
from schemas.topics import CLOCK
from tests.conftest import empty_topics
from tests.integration.command_line import csdl
from tests.support import wait_until
from tests.unit.cli.conftest import REGISTER


@pytest.fixture
def province(settings, tmp_path: Path):
    (tmp_path / "register.csv").write_text(REGISTER, encoding="utf-8")
    return settings.model_copy(update={"register_file": tmp_path / "register.csv"})


def examined(settings):
    code, said = csdl(settings, "doctor")
    return code, {line["name"]: (line["ok"], line["code"]) for line in said["checks"]}


def test_all_is_well_on_a_stack_that_was_just_made(province):
    code, said = examined(province)
    assert (code, set(said.values())) == (0, {(True, "")})


def test_a_wrong_clock_needs_a_hand(province, monkeypatch):
    true_time = time.time
    monkeypatch.setattr(time, "time", lambda: true_time() + 1800)
    code, said = examined(province)
    assert (code, said["clock"]) == (1, (False, "CLOCK-001"))


def test_a_topic_that_is_missing_needs_a_hand(province):
    admin = kafka.admin(province)
    admin.delete_topics([CLOCK])
    wait_until(lambda: CLOCK not in admin.list_topics())
    admin.close()
    code, said = examined(province)
    assert (code, said["topics"], said["clock"]) == (1, (False, "TOPIC-004"), (None, ""))
    empty_topics(province)


def test_a_province_whose_key_is_not_the_ledgers_needs_a_hand(province, tmp_path):
    lost = province.model_copy(update={"identity_key_file": tmp_path / "lost.key"})
    code, said = examined(lost)
    assert (code, said["identity"]) == (1, (False, "IDN-003"))
    (tmp_path / "lost.key").write_text("ab" * 32)
    code, said = examined(lost)
    assert (code, said["identity"]) == (1, (False, "IDN-003"))
