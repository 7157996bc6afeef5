"""How fast a user may write, as the brokers keep it: kafka-python's administrator has no call for quotas, it
speaks their protocol all the same.

Kafka bounds a user, and knows no group of them. So what a vendor may write is shared out among its users, in
equal parts: however many there are, together they write no more. Who may write is read from Kafka's rights.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import for_code
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest, DescribeClientQuotasRequest

RATE: Final = "producer_byte_rate"

_USER: Final = "user"
_NAMED: Final = 2

Writers = Iterable[tuple[str, str]]
"""(user, topic of a vendor) of each who may write to it."""


def bound(admin: KafkaAdminClient, users: Iterable[str], rate: float | None) -> None:
    """Give each user this bound of its own, bytes a second; None takes it away. Raises KafkaError."""
    operation = (RATE, rate or 0.0, rate is None)
    entries = [([(_USER, user)], [operation]) for user in users]
    if entries:
        _ask(admin, AlterClientQuotasRequest(entries=entries, validate_only=False))


def bounds(admin: KafkaAdminClient) -> dict[str, float]:
    """User → bytes a second, of all who have a bound of their own. Raises KafkaError."""
    answer = _ask(admin, DescribeClientQuotasRequest(components=[(_USER, _NAMED, None)], strict=True))
    return {
        str(entry.entity[0].entity_name): float(value.value)
        for entry in answer.entries or []
        for value in entry.values
        if value.key == RATE
    }


def writers(admin: KafkaAdminClient, begins: str) -> set[tuple[str, str]]:
    """Users whose names begin so that may write, and where, as Kafka has it. Raises KafkaError."""
    topics = ResourcePatternFilter(ResourceType.TOPIC, None, ACLResourcePatternType.LITERAL)
    found: tuple[list[ACL], object] = admin.describe_acls(
        ACLFilter(None, None, ACLOperation.WRITE, ACLPermissionType.ALLOW, topics)
    )
    named = {
        (str(a.principal).removeprefix("User:"), str(a.resource_pattern.resource_name)) for a in found[0]
    }
    return {(user, topic) for user, topic in named if user.startswith(begins)}


def shares(writers: Writers, rate: float) -> dict[str, float]:
    """User → whole bytes a second (Kafka takes no others), so that all who write to a topic together write no
    more than ``rate``. Pure."""
    each = set(writers)
    number = Counter(topic for _, topic in each)
    return {user: rate // number[topic] for user, topic in sorted(each)}


def share(admin: KafkaAdminClient, wanted: Mapping[str, float]) -> None:
    """Give each its share; only what differs is written. Raises KafkaError."""
    there = bounds(admin)
    differing = {user: rate for user, rate in wanted.items() if there.get(user) != rate}
    for rate in sorted(set(differing.values())):  # who gets less first
        bound(admin, [user for user, own in differing.items() if own == rate], rate)


def _ask(admin: KafkaAdminClient, request: Any) -> Any:
    answer = admin._manager.run(admin._manager.send, request)
    codes = [getattr(answer, "error_code", 0), *(getattr(e, "error_code", 0) for e in answer.entries or [])]
    for code in filter(None, codes):
        raise for_code(code)()
    return answer
