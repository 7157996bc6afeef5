"""What a dead letter says on its cover: where it came from and why, nothing of what it holds."""

from dataclasses import dataclass
from typing import Final

from kafka.consumer.fetcher import ConsumerRecord

from schemas.topics import SOURCE_OFFSET

TOPIC: Final = "source-topic"
PARTITION: Final = "source-partition"
CODE: Final = "error-code"


@dataclass(frozen=True)
class Cover:
    """Why a message was put aside, and where it stands: ``code`` is of schemas/errors.csv."""

    code: str = ""
    source_topic: str = ""
    source_partition: int | None = None
    source_offset: int | None = None


def headers(message: ConsumerRecord, code: str) -> list[tuple[str, bytes]]:
    """Headers for the copy of ``message`` in its dead-letter topic."""
    cover = {
        TOPIC: message.topic,
        PARTITION: str(message.partition),
        SOURCE_OFFSET: str(message.offset),
        CODE: code,
    }
    return [(name, text.encode("utf-8")) for name, text in cover.items()]


def cover(letter: ConsumerRecord) -> Cover:
    """What ``headers`` wrote on a letter; an empty cover if they did not: no process of ours sent it."""
    found = {name: (text or b"").decode("utf-8", "replace") for name, text in letter.headers}
    try:
        return Cover(found[CODE], found[TOPIC], int(found[PARTITION]), int(found[SOURCE_OFFSET]))
    except (KeyError, ValueError):
        return Cover()
