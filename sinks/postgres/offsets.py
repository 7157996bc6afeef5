"""Consumed offsets in PostgreSQL, in the transaction of the rows they stand for.

Invariant: a row is there if and only if the offset behind its message is. A consumer that starts takes its
partitions by raising their epoch; one that still believes it has them finds its epoch gone at its next
transaction, before it has written anything, and ends.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from kafka import TopicPartition
from psycopg2.extensions import connection, cursor
from psycopg2.extras import execute_values

from runtime.positions import Mark, Position
from runtime.process import Fenced


class Offsets:
    """The offsets of one consumer. ``consumer`` is its name in the table."""

    def __init__(self, consumer: str, epochs: Mapping[TopicPartition, int]) -> None:
        self.consumer = consumer
        self._epochs = dict(epochs)

    @classmethod
    def claim(
        cls,
        conn: connection,
        consumer: str,
        partitions: Iterable[TopicPartition],
        begins: Mapping[TopicPartition, int] = MappingProxyType({}),
    ) -> "Offsets":
        """Take the partitions. Waits for a transaction of the one before. ``begins``: where one is read from
        that this consumer never had, if not from 0."""
        epochs: dict[TopicPartition, int] = {}
        with conn, conn.cursor() as cur:
            for tp in sorted(partitions):
                cur.execute(
                    "INSERT INTO consumer_offset (consumer, topic, partition, next_offset, epoch) "
                    "VALUES (%s, %s, %s, %s, 1) ON CONFLICT (consumer, topic, partition) "
                    "DO UPDATE SET epoch = consumer_offset.epoch + 1 RETURNING epoch",
                    (consumer, tp.topic, tp.partition, begins.get(tp, 0)),
                )
                (epochs[tp],) = cur.fetchone()
        return cls(consumer, epochs)

    def positions(self, conn: connection) -> dict[TopicPartition, Position]:
        """Where we stand. Raises Fenced if a partition is no longer ours."""
        with conn, conn.cursor() as cur:
            self.hold(cur)
            kept = read(cur, self.consumer)
        return {tp: kept[self.consumer, tp] for tp in self._epochs}

    def advance(self, cur: cursor, positions: Mapping[TopicPartition, Position]) -> None:
        """First statement of a transaction: move to ``positions`` and hold the rows.

        Raises Fenced if one of the partitions is no longer ours; nothing of the transaction may stand then.
        """
        if not positions:
            return
        rows = [
            (tp.topic, tp.partition, p.next, *(p.last or (None, None)), self._epochs[tp])
            for tp, p in sorted(positions.items())
        ]
        execute_values(
            cur,
            "UPDATE consumer_offset o SET next_offset = n.next_offset, last_offset = n.last_offset::bigint, "
            "last_at = n.last_at::bigint, updated_at = now() "
            "FROM (VALUES %s) AS n (topic, partition, next_offset, last_offset, last_at, epoch) "
            f"WHERE o.consumer = {_literal(cur, self.consumer)} AND o.topic = n.topic "
            "AND o.partition = n.partition AND o.epoch = n.epoch",
            rows,
            page_size=len(rows),
        )
        if cur.rowcount != len(rows):
            raise Fenced(self.consumer)

    def hold(self, cur: cursor) -> None:
        """As ``advance`` without moving: for a transaction that no message caused."""
        cur.execute(
            "SELECT topic, partition, epoch FROM consumer_offset "
            "WHERE consumer = %s AND partition = ANY(%s) FOR UPDATE",
            (self.consumer, sorted({tp.partition for tp in self._epochs})),
        )
        held = {TopicPartition(topic, partition): epoch for topic, partition, epoch in cur.fetchall()}
        if any(held.get(tp) != epoch for tp, epoch in self._epochs.items()):
            raise Fenced(self.consumer)


def read(cur: cursor, consumer: str | None = None) -> dict[tuple[str, TopicPartition], Position]:
    """(consumer, partition) → where it stands; of all consumers if none is named."""
    cur.execute(
        "SELECT consumer, topic, partition, next_offset, last_offset, last_at FROM consumer_offset "
        "WHERE %(one)s::text IS NULL OR consumer = %(one)s",
        {"one": consumer},
    )
    return {
        (name, TopicPartition(topic, n)): Position(following, None if offset is None else Mark(offset, at))
        for name, topic, n, following, offset, at in cur.fetchall()
    }


def _literal(cur: cursor, value: str) -> str:
    literal: str = cur.mogrify("%s", (value,)).decode()
    return literal
