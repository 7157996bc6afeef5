"""An operator lets a reader go on although its log is another: recorded, and only where they disagree.

The reader meanwhile waits (runtime.agreement) and takes its new position at its next look.
"""

from contextlib import closing
from typing import Final

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata
from psycopg2.extensions import connection

from runtime import accounts, kafka, positions
from runtime.positions import Log, Position
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

NOTHING_TO_ACCEPT: Final = "POS-005"
NO_SUCH_OFFSET: Final = "POS-006"


def chosen(to: str, log: Log) -> int:
    """The offset that ``begin``, ``end`` or a number names. Raises ProblemList (POS-006)."""
    named = {"begin": log.begin, "end": log.end}
    offset = named.get(to, int(to) if to.isascii() and to.isdigit() else -1)
    if not log.begin <= offset <= log.end:
        raise ProblemList([Problem(NO_SUCH_OFFSET, params={"begin": log.begin, "end": log.end})])
    return offset


def record(
    conn: connection, problem: Problem, log: Log, following: int, *, account: str, reason: str
) -> None:
    """Keep what was accepted, and move a reader whose position is in PostgreSQL; one transaction."""
    params = {**problem.params, "code": problem.code, "was": problem.params.get("next")}
    params |= {"begin": log.begin, "end": log.end, "following": following}
    params |= {"account": account, "reason": reason}
    with conn, conn.cursor() as cur:
        cur.execute(
            "INSERT INTO position_accepted "
            "(reader, topic, partition, code, was, log_begin, log_end, next_offset, account, reason) VALUES "
            "(%(reader)s, %(topic)s, %(partition)s, %(code)s, %(was)s, %(begin)s, %(end)s, %(following)s, "
            "%(account)s, %(reason)s)",
            params,
        )
        cur.execute(
            "UPDATE consumer_offset SET next_offset = %(following)s, last_offset = NULL, last_at = NULL, "
            "updated_at = now() "
            "WHERE consumer = %(reader)s AND topic = %(topic)s AND partition = %(partition)s",
            params,
        )


def keep(settings: Settings, reader: str, kept_in: str, tp: TopicPartition, position: Position) -> None:
    """Write the position of a reader that keeps it in a compacted topic. Raises KafkaError."""
    with closing(kafka.producer(settings.acting_as(accounts.REPAIR))) as producer:
        value = positions.encode(reader, tp, position)
        sent = producer.send(kept_in, value, key=positions.key(tp.topic), partition=tp.partition)
        sent.get(timeout=30)


def commit(settings: Settings, group: str, tp: TopicPartition, following: int) -> None:
    """Set the group's offset, for a reader that Kafka's group tells. Raises KafkaError."""
    own = settings.acting_as(accounts.REPAIR)
    with closing(kafka.consumer(own, group_id=group)) as consumer:
        consumer.commit({tp: OffsetAndMetadata(following, "", -1)})
