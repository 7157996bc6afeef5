"""`csdl dead-letters`: what lies in the dead-letter topics, and why; never a letter's value or key."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import click
from kafka.consumer.fetcher import ConsumerRecord

from cli.answers import json_option, print_json, print_table, tell
from producers.preflight import explain
from runtime import kafka
from runtime.dead_letters import Cover, cover
from runtime.settings import Settings
from schemas.topics import dlqs
from streams.machines import topic_log


@dataclass(frozen=True)
class Letter:
    """One dead letter: where it lies, since when, what its cover says, how long its value is."""

    topic: str
    partition: int
    offset: int
    at: datetime
    cover: Cover
    bytes: int

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``, the cover unfolded."""
        vi, en = explain(self.cover.code)
        found = asdict(self) | asdict(self.cover) | {"message_vi": vi, "message_en": en}
        del found["cover"]
        return found


@click.command("dead-letters")
@json_option
def dead_letters(as_json: bool) -> None:
    """Thông điệp bị để riêng — list the dead letters, newest first: since when, why, from where.

    Never what they hold. One of 0 bytes was empty or too long to copy: then it is at its source only.
    """
    settings = Settings()
    letters = listed(topic_log.read(settings, kafka.partitions(*dlqs(settings.vendors))))
    if as_json:
        print_json([letter.as_dict() for letter in letters])
    else:
        _print(letters)


def listed(messages: Iterable[ConsumerRecord]) -> list[Letter]:
    """Messages of dead-letter topics as letters, newest first."""
    letters = [
        Letter(
            m.topic,
            m.partition,
            m.offset,
            datetime.fromtimestamp(m.timestamp / 1000, UTC),
            cover(m),
            len(m.value or b""),
        )
        for m in messages
    ]
    return sorted(letters, key=lambda a: (a.at, a.topic, a.partition, a.offset), reverse=True)


def _print(letters: Sequence[Letter]) -> None:
    """A line a letter, then each code once with what it means."""
    if not letters:
        tell("Không có thông điệp nào bị để riêng — there are no dead letters")
        return
    print_table(
        ("dead-letter topic", "at", "code", "source topic", "partition", "offset", "bytes"),
        [
            (
                a.topic,
                a.at.isoformat(sep=" ", timespec="seconds"),
                a.cover.code,
                a.cover.source_topic,
                _text(a.cover.source_partition),
                _text(a.cover.source_offset),
                a.bytes,
            )
            for a in letters
        ],
    )
    for code in sorted({a.cover.code for a in letters if a.cover.code}):
        for text in explain(code):
            tell(f"{code} {text}")


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
