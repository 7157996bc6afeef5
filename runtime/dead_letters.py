"""What a dead letter says on its cover: where it came from and why, nothing of what it holds."""

from kafka.consumer.fetcher import ConsumerRecord


def headers(message: ConsumerRecord, code: str) -> list[tuple[str, bytes]]:
    """Headers for the copy of ``message`` in its dead-letter topic; ``code`` is of schemas/errors.csv."""
    cover = {
        "source-topic": message.topic,
        "source-partition": str(message.partition),
        "source-offset": str(message.offset),
        "error-code": code,
    }
    return [(name, text.encode("utf-8")) for name, text in cover.items()]
