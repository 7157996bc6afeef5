"""Topics are code: made, brought to what schemas/topics.py declares, and compared with it. Nothing else does.

A topic that an earlier release made gets today's settings at the next ``csdl setup``. Only settings that are
declared are touched, one by one: what an operator has set besides stays.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic
from kafka.errors import BrokerNotAvailableError, KafkaError, TopicAlreadyExistsError

from runtime import kafka, replicas
from runtime.process import Gate
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.topics import FOREVER, Topic, topics

OTHER_PARTITIONS: Final = "TOPIC-001"
FEW_REPLICAS: Final = "TOPIC-002"
OTHER_SETTING: Final = "TOPIC-003"
ABSENT: Final = "TOPIC-004"
TOO_FEW_BROKERS: Final = "TOPIC-005"
ASKS_TOO_MUCH: Final = "TOPIC-006"
NOT_CHANGED: Final = "TOPIC-007"

MIN_INSYNC: Final = "min.insync.replicas"
RETENTION: Final = "retention.ms"
FLUSH: Final = "flush.messages"
NEVER: Final = str(2**63 - 1)
"""Kafka's default: replicas keep what one machine loses."""


@dataclass(frozen=True)
class Change:
    """What ``ensure_topics`` did: a topic made, or one of its settings changed."""

    topic: str
    setting: str = ""
    was: str = ""
    now: str = ""

    def __str__(self) -> str:
        return (
            f"{self.topic}: {self.setting} {self.was} → {self.now}" if self.setting else f"{self.topic}: new"
        )


@dataclass(frozen=True)
class _Found:
    """A topic as it is. ``replicas``: of the partition that has the fewest."""

    partitions: int
    replicas: int
    config: Mapping[str, str]


def ensure_topics(settings: Settings) -> list[Change]:
    """Make the topics that are missing, and bring the others to their declared settings; what was changed.

    Raises KafkaError if Kafka is away, ProblemList before anything is changed: TOPIC-001 another number of
    partitions, TOPIC-002 fewer replicas, TOPIC-005/006 replicas that the settings cannot have; TOPIC-007 if
    Kafka did not take a change.
    """
    client = kafka.admin(settings)
    try:
        found = _look(client, settings)
        problems = [*_impossible(client, settings), *_beyond_repair(found, settings)]
        if problems:
            raise ProblemList(problems)
        changes = _settings_to_change(found, settings)
        _make([t for t in topics(settings.vendors) if t.name not in found], client, settings)
        _change(changes, client)
    finally:
        client.close()
    return [Change(t.name) for t in topics(settings.vendors) if t.name not in found] + changes


def deviations(settings: Settings) -> list[Problem]:
    """All in which the topics differ from what is declared. Raises KafkaError if Kafka is away."""
    client = kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
    try:
        found = _look(client, settings)
        problems = [*_impossible(client, settings), *_beyond_repair(found, settings)]
        problems += replicas.behind(client)
    finally:
        client.close()
    absent = [t.name for t in topics(settings.vendors) if t.name not in found]
    problems += [Problem(ABSENT, params={"topic": name}) for name in absent]
    for c in _settings_to_change(found, settings):
        params = {"topic": c.topic, "setting": c.setting, "found": c.was, "declared": c.now}
        problems.append(Problem(OTHER_SETTING, params=params))
    return problems


class PartitionsFit(Gate):
    """A process does not work with topics to which somebody gave other partitions: what a vendor writes to
    the new ones nobody reads, and of one school a later push would overtake an earlier one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def refused(self) -> Problem | None:
        """TOPIC-001 of all such topics that it may see; SYS-001 or the like while Kafka does not answer."""
        try:
            with closing(kafka.admin(self._settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as client:
                found = {t["name"]: len(t["partitions"]) for t in client.describe_topics()}
        except KafkaError:
            return kafka.away(self._settings).problems[0]
        ours = {t.name: t.partitions for t in topics(self._settings.vendors)}
        other = sorted(name for name, number in ours.items() if found.get(name, number) != number)
        if not other:
            return None
        numbers = ", ".join(str(number) for number in sorted({found[name] for name in other}))
        declared_as = ", ".join(str(number) for number in sorted({ours[name] for name in other}))
        params = {"topic": ", ".join(other), "found": numbers, "declared": declared_as}
        return Problem(OTHER_PARTITIONS, params=params)

    def close(self) -> None:
        """It holds nothing."""


def declared(topic: Topic, settings: Settings) -> dict[str, str]:
    """Settings of a topic on these brokers. Without a replica each message is on the disk before it is
    acknowledged: what a power cut takes, readers have acted on already, and a vendor was told it is safe."""
    alone = settings.replication_factor == 1
    ours = {MIN_INSYNC: str(settings.min_insync_replicas), FLUSH: "1" if alone else NEVER}
    return topic.config() | ours


def kept_longer(settings: Settings) -> list[Change]:
    """Topics that keep their messages for longer than declared: an earlier release made them so, or an
    operator; what ``shorten`` would change. Raises KafkaError if Kafka is away."""
    client = kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
    try:
        return _longer(_look(client, settings), settings)
    finally:
        client.close()


def shorten(settings: Settings, names: Collection[str]) -> list[Change]:
    """Bring these topics to their declared retention: what is older goes for good. What was changed; raises
    ProblemList (TOPIC-007)."""
    client = kafka.admin(settings)
    try:
        changes = [c for c in _longer(_look(client, settings), settings) if c.topic in names]
        _change(changes, client)
    finally:
        client.close()
    return changes


def _longer(found: Mapping[str, _Found], settings: Settings) -> list[Change]:
    wanted = {t.name: t.config().get(RETENTION) for t in topics(settings.vendors)}
    return [
        Change(name, RETENTION, there.config[RETENTION], value)
        for name, there in sorted(found.items())
        if (value := wanted[name])
        and there.config[RETENTION] != value
        and _is_kept(RETENTION, there.config[RETENTION], value)
    ]


def _look(client: KafkaAdminClient, settings: Settings) -> dict[str, _Found]:
    """Those of our topics that exist, with the settings in force, defaults included."""
    ours = {t.name for t in topics(settings.vendors)}
    described = {t["name"]: t for t in client.describe_topics() if t["name"] in ours}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in described]
    configs = client.describe_configs(resources, config_filter="all").get("topic", {}) if resources else {}
    return {name: _found(topic, configs[name]) for name, topic in described.items()}


def _found(topic: Mapping[str, Any], config: Mapping[str, Any]) -> _Found:
    counts = [len(p["replica_nodes"]) for p in topic["partitions"]]
    return _Found(len(counts), min(counts, default=0), {k: str(v["value"]) for k, v in config.items()})


def _impossible(client: KafkaAdminClient, settings: Settings) -> Iterator[Problem]:
    wanted, insync = settings.replication_factor, settings.min_insync_replicas
    if insync > wanted:
        yield Problem(ASKS_TOO_MUCH, params={"insync": insync, "replicas": wanted})
    brokers = len(client.describe_cluster()["brokers"])
    if not brokers:  # it listens before it takes part
        raise BrokerNotAvailableError
    if brokers < wanted:
        yield Problem(TOO_FEW_BROKERS, params={"brokers": brokers, "replicas": wanted})


def _beyond_repair(found: Mapping[str, _Found], settings: Settings) -> Iterator[Problem]:
    """What no setting changes: a school's messages would move to another partition, data would be copied."""
    for topic in topics(settings.vendors):
        there = found.get(topic.name)
        if there is None:
            continue
        if there.partitions != topic.partitions:
            params = {"topic": topic.name, "found": there.partitions, "declared": topic.partitions}
            yield Problem(OTHER_PARTITIONS, params=params)
        if there.replicas < settings.replication_factor:
            params = {"topic": topic.name, "found": there.replicas, "declared": settings.replication_factor}
            yield Problem(FEW_REPLICAS, params=params)


def _settings_to_change(found: Mapping[str, _Found], settings: Settings) -> list[Change]:
    return [
        Change(topic.name, name, found[topic.name].config.get(name, ""), value)
        for topic in topics(settings.vendors)
        if topic.name in found
        for name, value in declared(topic, settings).items()
        if not _is_kept(name, found[topic.name].config.get(name, ""), value)
    ]


def _is_kept(name: str, found: str, declared: str) -> bool:
    """Whether a setting may stay. A longer retention may: to shorten it would delete what somebody keeps."""
    if name == RETENTION and found:
        return int(found) == FOREVER or FOREVER < int(declared) <= int(found)
    return found == declared


def _make(missing: list[Topic], client: KafkaAdminClient, settings: Settings) -> None:
    new = [
        NewTopic(
            name=t.name,
            num_partitions=t.partitions,
            replication_factor=settings.replication_factor,
            topic_configs=declared(t, settings),
        )
        for t in missing
    ]
    try:
        if new:
            client.create_topics(new)
    except TopicAlreadyExistsError:  # by another setup at the same time; Kafka answers for each by itself
        pass


def _change(changes: list[Change], client: KafkaAdminClient) -> None:
    """Incrementally: what is not named stays as it is."""
    wanted: dict[str, dict[str, str]] = {}
    for change in changes:
        wanted.setdefault(change.topic, {})[change.setting] = change.now
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, config) for name, config in wanted.items()]
    if not resources:
        return
    answers = client.alter_configs(resources, incremental=True)["topic"]
    refused = sorted(name for name, answer in answers.items() if answer != "OK")
    if refused:
        raise ProblemList([Problem(NOT_CHANGED, params={"topic": name}) for name in refused])
