"""What the pipeline needs of the brokers' own settings: one table, for every way to run Kafka and the check.

Topics' settings are in ``schemas.topics``. A broker is never changed from here: it reads its settings at its
own start.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from kafka.admin import ConfigResource, ConfigResourceType

from runtime import kafka
from runtime.settings import Settings
from schemas.errors import Problem
from schemas.topics import MAX_MESSAGE

UNFIT: Final = "POS-008"

YEAR_MINUTES: Final = 365 * 24 * 60
LONGEST_MS: Final = 2_147_483_647
"""Kafka's greatest: 24 days."""

WEEK_MS: Final = 7 * 24 * 3600 * 1000


@dataclass(frozen=True)
class BrokerSetting:
    """``value`` is set, ``bound`` asked for; ``alone``: only where topics have one replica;
    ``closed``: only where Kafka asks who we are."""

    name: str
    value: str
    fits: Literal["is", "at least", "at most"]
    bound: str
    why: str
    alone: bool = False
    closed: bool = False

    def holds(self, found: str) -> bool:
        """Whether a broker's value will do."""
        if self.fits == "is":
            return found == self.bound
        if not found.lstrip("-").isdigit():
            return False
        return int(found) >= int(self.bound) if self.fits == "at least" else int(found) <= int(self.bound)

    def environment(self) -> str:
        """Its name as a variable of Kafka's image."""
        return "KAFKA_" + self.name.upper().replace(".", "_")


AUTHORIZER: Final = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"

SETTINGS: Final = (
    BrokerSetting("auto.create.topics.enable", "false", "is", "false", "a mistyped name must fail"),
    BrokerSetting(
        "unclean.leader.election.enable", "false", "is", "false", "a replica that lags would cut the log"
    ),
    BrokerSetting(
        "offsets.retention.minutes", str(YEAR_MINUTES), "at least", str(YEAR_MINUTES),
        "validation's group must outlive a summer",
    ),
    BrokerSetting(
        "transactional.id.expiration.ms", str(LONGEST_MS), "at least", str(WEEK_MS),
        "a writer that has been idle would have to start again",
    ),
    BrokerSetting(
        "transaction.max.timeout.ms", "60000", "at most", "60000",
        "a transaction that nobody ends holds up its readers so long",
    ),
    BrokerSetting(
        "message.max.bytes", str(MAX_MESSAGE), "at least", str(MAX_MESSAGE), "the largest chunk must pass"
    ),
    BrokerSetting(
        "log.flush.interval.messages", "1", "is", "1",
        "without a replica a power cut takes what was acknowledged and not yet written", alone=True,
    ),
    BrokerSetting(
        "authorizer.class.name", AUTHORIZER, "is", AUTHORIZER, "without it everyone may do everything",
        closed=True,
    ),
)  # fmt: skip


def properties(*, closed: bool = True, alone: bool = True) -> str:
    """Lines of server.properties, each with its reason. ``alone``: topics have one replica."""
    due = [s for s in SETTINGS if (closed or not s.closed) and (alone or not s.alone)]
    return "".join(f"# {setting.why}\n{setting.name}={setting.value}\n" for setting in due)


def deviations(settings: Settings) -> list[Problem]:
    """Settings of the running brokers that will not do. Raises KafkaError if Kafka is away."""
    return list(_unfit(settings))


def _unfit(settings: Settings) -> Iterator[Problem]:
    client = kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)
    try:
        for broker in client.describe_cluster()["brokers"]:
            number = str(broker["broker_id"])
            resource = ConfigResource(ConfigResourceType.BROKER, number)
            found = client.describe_configs([resource], config_filter="all")["broker"][number]
            for setting in SETTINGS:
                value = str(found.get(setting.name, {}).get("value", ""))
                needless = setting.alone and settings.replication_factor > 1
                needless |= setting.closed and not settings.kafka_user
                if setting.holds(value) or needless:
                    continue
                params = {"broker": number, "setting": setting.name, "found": value}
                yield Problem(UNFIT, params=params | {"bound": setting.bound, "wanted": setting.value})
    finally:
        client.close()
