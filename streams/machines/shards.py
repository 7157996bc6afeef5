"""Which partitions a shard of a machine holds, and how it ends those that hold the same by another number.

A shard's transactional id names its partitions, so the same shard started twice is fenced by Kafka itself. Of
another number of shards the ids differ and nothing would fence them. So a shard that starts, **after** it has
taken its own id, lists the machine's transactional ids and takes those that share a partition with it, which
ends their transactions and their right to write. Of two that start at once at least one sees the other.
"""

import logging
from collections.abc import Collection, Iterable
from contextlib import closing

from runtime import kafka
from runtime.settings import Settings

log = logging.getLogger("csdl")


def transactional_id(machine: str, partitions: Iterable[int]) -> str:
    """Of the shard of a machine that holds these partitions: ``csdl.confirmation.0.2.4``."""
    return f"csdl.{machine}.{'.'.join(map(str, sorted(partitions)))}"


def overlapping(machine: str, partitions: Collection[int], known: Iterable[str]) -> list[str]:
    """Those of ``known`` that are another shard of the machine with one of these partitions. Pure.

    An id that names no partitions is an earlier release's, which knew one shard: it had all.
    """
    own, prefix = transactional_id(machine, partitions), f"csdl.{machine}."
    others = (name for name in known if name.startswith(prefix) and name != own)
    return sorted(name for name in others if _held(name.removeprefix(prefix), partitions) & set(partitions))


def fence_others(settings: Settings, machine: str, partitions: Collection[int]) -> None:
    """End every other shard that holds one of these partitions. Our own id must have been taken before."""
    with closing(kafka.admin(settings)) as admin:
        listed = admin.list_transactions()
    known = [one.transactional_id for of_broker in listed.values() for one in of_broker]
    for other in overlapping(machine, partitions, known):
        with closing(kafka.producer(settings, transactional_id=other)) as producer:
            producer.init_transactions()
        log.info("%s: %s may write no more", transactional_id(machine, partitions), other)


def _held(suffix: str, everything: Collection[int]) -> set[int]:
    parts = suffix.split(".")
    return {int(part) for part in parts} if all(part.isdigit() for part in parts) else set(everything)
