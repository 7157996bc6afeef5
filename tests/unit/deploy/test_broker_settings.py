"""What the pipeline needs of a broker stands in one table; every way to run Kafka sets it."""

from pathlib import Path

import pytest

from deploy.local.kafka import CLOSED, PROPERTIES
from runtime.broker_settings import SETTINGS, properties
from runtime.settings import Settings
from runtime.topic_admin import declared
from schemas.topics import topics

DEPLOY = Path(__file__).parents[3] / "deploy"


def lines(text):
    return dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))


LOCAL = lines(
    PROPERTIES.replace("{listeners}", CLOSED).replace("{settings}", "").replace("{quorum}", "voters=")
)
ALONE = [setting for setting in SETTINGS if not setting.several]


@pytest.mark.parametrize("setting", ALONE, ids=lambda setting: setting.name)
def test_every_broker_alone_that_we_describe_has_it(setting):
    assert "{settings}" in PROPERTIES and setting.name not in LOCAL
    compose = (DEPLOY / "compose.yml").read_text(encoding="utf-8").replace('"', "")
    assert setting.closed or f"      {setting.environment()}: {setting.value}\n" in compose
    assert lines(properties())[setting.name] == setting.value


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_three_brokers_have_what_is_for_three_and_not_what_is_for_one(setting):
    one, three = lines(properties()), lines(properties(replicas=3))
    assert (setting.name in one, setting.name in three) == (not setting.several, not setting.alone)
    assert setting.holds(setting.value) and setting.why
    for name, of in (("kafka", one), ("kafka.three", three)):
        assert of.items() <= lines((DEPLOY / "systemd" / f"{name}.properties").read_text()).items()


def test_what_is_for_three_brokers_is_not_asked_of_two_or_one():
    [several] = [s for s in SETTINGS if s.name == "offsets.topic.replication.factor"]
    assert [several.asked(replicas, closed=True) for replicas in (1, 2, 3)] == [False, False, True]


@pytest.mark.parametrize(
    ("name", "found", "holds"),
    [
        ("auto.create.topics.enable", "true", False),
        ("offsets.retention.minutes", "10080", False),  # as Kafka comes
        ("offsets.retention.minutes", "5256000", True),
        ("transaction.max.timeout.ms", "900000", False),  # as Kafka comes
        ("transaction.max.timeout.ms", "30000", True),
        ("log.flush.interval.messages", "9223372036854775807", False),
        ("message.max.bytes", "", False),
    ],
)
def test_what_a_broker_has_will_do_or_not(name, found, holds):
    (setting,) = [s for s in SETTINGS if s.name == name]
    assert setting.holds(found) == holds


@pytest.mark.parametrize("topic", topics(["smas"]), ids=lambda topic: topic.name)
def test_what_one_broker_has_acknowledged_a_power_cut_does_not_take(topic):
    """Of any topic: readers act on it, and a vendor was told that it is safe."""
    assert declared(topic, Settings(replication_factor=1))["flush.messages"] == "1"
    three = Settings(replication_factor=3, min_insync_replicas=2)
    assert int(declared(topic, three)["flush.messages"]) > 2**62, "its replicas have it"
