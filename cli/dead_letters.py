"""`csdl dead-letters`: what lies in the dead-letter topics, and why, and sending it again; never a letter's
value or key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import click
from kafka.consumer.fetcher import ConsumerRecord

from access import letters
from cli.answers import exit_code, json_option, print_json, print_table, say, tell
from producers.preflight import explain
from runtime import kafka, terms
from runtime.dead_letters import Cover, cover
from runtime.settings import Settings
from schemas.errors import Problem
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


code_option = click.option("--code", default="", help="Chỉ mã lỗi này — only letters with this code.")
topic_option = click.option(
    "--topic", default="", help="Chỉ thông điệp đến từ chủ đề này — only letters that came from this topic."
)


@click.group("dead-letters", invoke_without_command=True)
@json_option
@click.pass_context
def dead_letters(ctx: click.Context, as_json: bool) -> None:
    """Thông điệp bị để riêng — what was put aside: list it, send it again. Without a word: list it."""
    if ctx.invoked_subcommand is None:
        _show("", "", as_json)


@dead_letters.command("show")
@code_option
@topic_option
@json_option
def show(code: str, topic: str, as_json: bool) -> None:
    """Liệt kê — list the dead letters, newest first: since when, why, from where.

    Never what they hold. One of 0 bytes was empty or too long to copy: then it is at its source only.
    """
    _show(code, topic, as_json)


@dead_letters.command("replay")
@click.option("--code", required=True, help="Mã lỗi đã khắc phục — the code whose cause was mended.")
@topic_option
@json_option
@click.pass_context
def replay(ctx: click.Context, code: str, topic: str, as_json: bool) -> None:
    """Gửi lại — send again what lies aside with a code, by the road that it came, once.

    What cannot be dealt with still comes back as a new letter.
    """
    done = letters.replay(Settings(), code, topic)
    gone = [Problem(letters.GONE, params={"number": len(done.gone)})] if done.gone else []
    if as_json:
        print_json(
            {
                "replayed": [asdict(c) for c in done.sent],
                "gone": [asdict(c) for c in done.gone],
                "problems": [p.as_dict() for p in gone],
            }
        )
    else:
        tell(f"Đã gửi lại {len(done.sent)} thông điệp — {len(done.sent)} messages were sent again")
        say(gone)
    ctx.exit(exit_code(gone))


def _show(code: str, topic: str, as_json: bool) -> None:
    settings = Settings()
    terms.bring(settings)
    found = [
        letter
        for letter in listed(topic_log.read(settings, kafka.partitions(*dlqs(settings.vendors))))
        if code in ("", letter.cover.code) and topic in ("", letter.cover.source_topic)
    ]
    if as_json:
        print_json([letter.as_dict() for letter in found])
    else:
        _print(found)


def listed(messages: Iterable[ConsumerRecord]) -> list[Letter]:
    """Messages of dead-letter topics as letters, newest first."""
    found = [
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
    return sorted(found, key=lambda a: (a.at, a.topic, a.partition, a.offset), reverse=True)


def _print(found: Sequence[Letter]) -> None:
    """A line a letter, then each code once with what it means."""
    if not found:
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
            for a in found
        ],
    )
    for code in sorted({a.cover.code for a in found if a.cover.code}):
        for text in explain(code):
            tell(f"{code} {text}")


def _text(number: int | None) -> str:
    return "" if number is None else str(number)
