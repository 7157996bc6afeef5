"""What the pipeline needs of the brokers' own settings: one table, for every way to run Kafka and the check.

Topics' settings are in ``schemas.topics``. A broker is never changed from here: it reads its settings at its
own start.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from runtime import kafka
from runtime.server_settings import Deviation, Harm, ServerFits, Setting, lines
from runtime.settings import Settings
from schemas.errors import Problem
from schemas.topics import MAX_MESSAGE

UNFIT: Final = "POS-008"
FEW_REPLICAS: Final = "FIT-004"
ALONE: Final = "FIT-005"

REPLICAS: Final = 3
INSYNC: Final = 2
"""Of three replicas: one broker may be lost, and another be away meanwhile for reading."""

YEAR_MINUTES: Final = 365 * 24 * 60
LONGEST_MS: Final = 2_147_483_647
"""Kafka's greatest: 24 days."""

WEEK_MS: Final = 7 * 24 * 3600 * 1000


@dataclass(frozen=True)
class BrokerSetting(Setting):
    """``alone``: only where topics have one replica; ``several``: only where they have three or more;
    ``closed``: only where Kafka asks who we are."""

    alone: bool = False
    several: bool = False
    closed: bool = False

    def environment(self) -> str:
        """Its name as a variable of Kafka's image."""
        return "KAFKA_" + self.name.upper().replace(".", "_")

    def asked(self, replicas: int, closed: bool) -> bool:
        """Whether it is asked for where topics have so many replicas, and Kafka asks who we are or not."""
        if (self.alone and replicas > 1) or (self.several and replicas < REPLICAS):
            return False
        return closed or not self.closed


AUTHORIZER: Final = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"

_LOSES, _LEAKS, _HINDERS = Harm.LOSES, Harm.LEAKS, Harm.HINDERS

SETTINGS: Final = (
    BrokerSetting(
        "auto.create.topics.enable", "false", "is", "false", "a mistyped name must fail", _HINDERS
    ),
    BrokerSetting(
        "unclean.leader.election.enable", "false", "is", "false", "a replica that lags would cut the log",
        _LOSES,
    ),
    BrokerSetting(
        "offsets.retention.minutes", str(YEAR_MINUTES), "at least", str(YEAR_MINUTES),
        "validation's group must outlive a summer", _HINDERS,
    ),
    BrokerSetting(
        "transactional.id.expiration.ms", str(LONGEST_MS), "at least", str(WEEK_MS),
        "a writer that has been idle would have to start again", _HINDERS,
    ),
    BrokerSetting(
        "transaction.max.timeout.ms", "60000", "at most", "60000",
        "a transaction that nobody ends holds up its readers so long", _HINDERS,
    ),
    BrokerSetting(
        "message.max.bytes", str(MAX_MESSAGE), "at least", str(MAX_MESSAGE), "the largest chunk must pass",
        _HINDERS,
    ),
    BrokerSetting(
        "replica.fetch.max.bytes", str(MAX_MESSAGE), "at least", str(MAX_MESSAGE),
        "and be copied among others", _HINDERS,
    ),
    BrokerSetting(
        "log.flush.interval.messages", "1", "is", "1",
        "without a replica a power cut takes what was acknowledged and not yet written", _LOSES, alone=True,
    ),
    BrokerSetting(
        "min.insync.replicas", "2", "at least", "2",
        "two have a message before its sender is told so: consumers' offsets, too", _LOSES, several=True,
    ),
    BrokerSetting(
        "offsets.topic.replication.factor", "3", "at least", "3",
        "one broker is lost and the groups' offsets stay", _LOSES, several=True,
    ),
    BrokerSetting(
        "transaction.state.log.replication.factor", "3", "at least", "3", "and what is committed", _LOSES,
        several=True,
    ),
    BrokerSetting(
        "transaction.state.log.min.isr", "2", "at least", "2", "of which two know before it counts", _LOSES,
        several=True,
    ),
    BrokerSetting(
        "authorizer.class.name", AUTHORIZER, "is", AUTHORIZER, "without it everyone may do everything",
        _LEAKS, closed=True,
    ),
)  # fmt: skip


def properties(*, closed: bool = True, replicas: int = 1) -> str:
    """Lines of server.properties, each with its reason."""
    return "".join(lines([setting for setting in SETTINGS if setting.asked(replicas, closed)]))


def document(replicas: int) -> str:
    """``deploy/systemd/kafka.properties``, ``kafka.three.properties``: for a server's own Kafka."""
    which = "one broker alone" if replicas == 1 else f"each of {replicas} brokers or more"
    say = f"CSDL_REPLICATION_FACTOR={replicas}, CSDL_MIN_INSYNC_REPLICAS={1 if replicas == 1 else 2}"
    return _HEAD.format(which=which, say=say) + properties(replicas=replicas) + _TAIL


_HEAD: Final = """\
# What the pipeline needs of the server's own Kafka, of {which}
# ({say}): add it to server.properties, restart the broker.
# Made by csdl docs from runtime/broker_settings.py; csdl setup and csdl doctor compare (POS-008), and a
# process that meets brokers which would lose data waits (FIT-010).
"""
_TAIL: Final = """\
# Who may do what: csdl setup (docs/rights.md). Clients log in over TLS (SCRAM-SHA-512); csdl-setup is made
# with kafka-storage format --add-scram or kafka-configs, the others by csdl setup from the folder of
# CSDL_KAFKA_PASSWORD_FILE. Add the brokers' own principal to the super users.
super.users=User:csdl-setup
"""


@dataclass(frozen=True)
class Cluster:
    """How many brokers there are, and each one's settings that will not do."""

    brokers: int
    unfit: Mapping[str, Sequence[Deviation]]


def look(settings: Settings) -> Cluster:
    """Of the running brokers. Raises KafkaError if Kafka is away. To whom may not see them it shows none
    (``deploy.own_rights`` says so)."""
    with closing(kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as client:
        numbers = sorted(str(broker["broker_id"]) for broker in client.describe_cluster()["brokers"])
        return Cluster(len(numbers), {number: _unfit(client, number, settings) for number in numbers})


def _unfit(client: KafkaAdminClient, number: str, settings: Settings) -> list[Deviation]:
    resource = ConfigResource(ConfigResourceType.BROKER, number)
    found = client.describe_configs([resource], config_filter="all")["broker"][number]
    if not found:
        return []
    values = {name: str(each.get("value", "")) for name, each in found.items()}
    asked = [s for s in SETTINGS if s.asked(settings.replication_factor, bool(settings.kafka_user))]
    return [Deviation(s, values.get(s.name, "")) for s in asked if not s.holds(values.get(s.name, ""))]


def deviations(settings: Settings) -> list[Problem]:
    """What will not do: POS-008 a setting and broker, FIT-004 replicas that could be and are not. Raises
    KafkaError if Kafka is away."""
    cluster = look(settings)
    replicas, insync = settings.replication_factor, settings.min_insync_replicas
    found: list[Problem] = []
    if cluster.brokers >= REPLICAS and (replicas < REPLICAS or insync < INSYNC):
        counts = {"brokers": cluster.brokers, "replicas": replicas, "insync": insync}
        found.append(Problem(FEW_REPLICAS, params=counts))
    for number, unfit in cluster.unfit.items():
        for each in unfit:
            params = {"broker": number, "setting": each.setting.name, "found": each.found}
            params |= {"bound": each.setting.bound, "wanted": each.setting.value}
            found.append(Problem(UNFIT, params=params))
    return found


def remarks(settings: Settings) -> list[Problem]:
    """FIT-005 where what a broker loses is lost: said plainly, as nothing is wrong with it."""
    return [Problem(ALONE)] if settings.replication_factor == 1 else []


class BrokersFit(ServerFits):
    """A process does not work with brokers that would lose messages or take them from anybody."""

    server = "Kafka"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def refused(self) -> Problem | None:
        """FIT-010 while they would; SYS-001 or the like while Kafka does not answer."""
        try:
            unfit = look(self._settings).unfit.values()
        except KafkaError:
            return kafka.away(self._settings).problems[0]
        return self.judged(list(dict.fromkeys(each for one in unfit for each in one)))
