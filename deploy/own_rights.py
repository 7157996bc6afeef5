"""What a process may do at Kafka, asked by itself before it opens.

Without a right to its topic a consumer is silent, and so is Faust without that to its group: nothing would be
read, nobody told. So a process asks, says what is missing, and waits until it is there.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    GroupAuthorizationFailedError,
    GroupIdNotFoundError,
    KafkaError,
    TransactionalIdAuthorizationFailedError,
    TransactionalIdNotFoundError,
)

from deploy.broker_rights import Act, Kind, Right
from runtime import kafka
from runtime.process import Gate
from runtime.settings import Settings
from schemas.errors import Problem

MISSING: Final = "SEC-108"

NO_SUCH_TOPIC: Final = 3


class OwnRights(Gate):
    """Lets pass once Kafka grants all that the table says. ``needed`` are of one principal, the settings'."""

    def __init__(self, settings: Settings, needed: Sequence[Right]) -> None:
        self._settings, self._needed = settings, needed

    def refused(self) -> Problem | None:
        """SEC-108 with what is missing; SYS-001 or the like while Kafka does not answer."""
        if not self._settings.kafka_user or not self._needed:
            return None
        try:
            with closing(kafka.admin(self._settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as admin:
                missing = sorted(lacking(admin, self._needed))
        except KafkaError:
            return kafka.away(self._settings).problems[0]
        if not missing:
            return None
        said = ", ".join(f"{right.act} {right.kind} {right.name}" for right in missing)
        return Problem(MISSING, params={"user": self._settings.kafka_user, "rights": said})

    def close(self) -> None:
        """Holds nothing."""


def lacking(admin: KafkaAdminClient, needed: Sequence[Right]) -> Iterator[Right]:
    """Those that Kafka does not grant to whoever asks. Raises KafkaError."""
    allowed = _of_topics(admin, [right.name for right in needed if right.kind is Kind.TOPIC])
    for right in needed:
        match right.kind:
            case Kind.TOPIC:
                granted = right.act.upper() in allowed.get(right.name, [right.act.upper()])
            case Kind.GROUP:
                granted = right.act.upper() in _of_group(admin, right.name, right.act)
            case Kind.TRANSACTIONAL_ID:
                granted = _knows(admin, right.name)
            case Kind.CLUSTER if right.act is Act.DESCRIBE_CONFIGS:
                granted = _sees_settings(admin)
            case Kind.CLUSTER:
                granted = right.act.upper() in admin.describe_cluster()["authorized_operations"]
        if not granted:
            yield right


def _of_topics(admin: KafkaAdminClient, names: Sequence[str]) -> dict[str, list[str]]:
    """What we may do with each; one that was not made is missing here: that is another fault."""
    described: list[dict[str, Any]] = admin.describe_topics(sorted(set(names))) if names else []
    return {topic["name"]: _operations(topic) for topic in described if topic["error_code"] != NO_SUCH_TOPIC}


def _of_group(admin: KafkaAdminClient, name: str, act: Act) -> list[str]:
    """What we may do with it. Of one that was never there Kafka says so to whoever may ask, and no more."""
    try:
        described = admin.describe_groups([name])[name]
    except GroupAuthorizationFailedError:
        return []
    if GroupIdNotFoundError.__name__ in str(described["error"]):
        return [act.upper()]
    return _operations(described)


def _operations(described: dict[str, Any]) -> list[str]:
    found = described.get("authorized_operations")
    return list(found) if isinstance(found, list) else []


def _sees_settings(admin: KafkaAdminClient) -> bool:
    """Whether we may look at a broker's settings. Of the cluster's rights itself only who may describe it is
    told."""
    number = str(admin.describe_cluster()["brokers"][0]["broker_id"])
    resource = ConfigResource(ConfigResourceType.BROKER, number)
    return bool(admin.describe_configs([resource], config_filter="all")["broker"][number])


def _knows(admin: KafkaAdminClient, name: str) -> bool:
    """Whether we may ask about it, which whoever may write under it may; nobody may do but that."""
    try:
        admin.describe_transactions([name])
    except TransactionalIdAuthorizationFailedError:
        return False
    except TransactionalIdNotFoundError:
        return True
    return True
