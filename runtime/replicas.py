"""Have the brokers all that they should? With one away nothing is lost; with one more nothing is written."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kafka import KafkaAdminClient

from schemas.errors import Problem

BEHIND: Final = "TOPIC-008"


def lacking(topics: Iterable[Mapping[str, Any]]) -> Counter[int]:
    """Broker → of how many partitions it should have a replica and has not all of it. Pure."""
    partitions = [partition for topic in topics for partition in topic["partitions"]]
    return Counter(b for p in partitions for b in set(p["replica_nodes"]) - set(p["isr_nodes"]))


def behind(client: KafkaAdminClient) -> list[Problem]:
    """TOPIC-008 of each broker that is away or copies, of the partitions that who asks may see. Raises
    KafkaError."""
    found = lacking(client.describe_topics())
    return [Problem(BEHIND, params={"broker": b, "count": count}) for b, count in sorted(found.items())]
