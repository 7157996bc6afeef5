"""`csdl dead-letters`: covers, newest first, and nothing of what the letters hold."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from kafka.consumer.fetcher import ConsumerRecord

from cli.dead_letters import listed
from cli.main import main
from runtime import dead_letters
from runtime.dead_letters import Cover
from schemas.topics import CONFIRMATION_COMMANDS, dlq, in_topic
from streams.machines import topic_log

SMAS = in_topic("smas")
VALUE, KEY = b"Nguyen Van Mau 019208000001", b"19164301"
NOON_MS = 1_570_000_000_000


def message(topic: str = SMAS, **changes: Any) -> ConsumerRecord:
    """A message as it is read from Kafka."""
    fields = dict.fromkeys(ConsumerRecord._fields) | {
        "topic": topic,
        "partition": 2,
        "offset": 41,
        "timestamp": NOON_MS,
        "key": KEY,
        "value": VALUE,
        "headers": [],
    }
    return ConsumerRecord(**fields | changes)


def letter(code: str = "AVRO-001", topic: str = SMAS, **changes: Any) -> ConsumerRecord:
    """The dead letter that is written for it."""
    return message(dlq(topic), headers=dead_letters.headers(message(topic), code), **changes)


@pytest.fixture
def lying(monkeypatch: pytest.MonkeyPatch) -> list[ConsumerRecord]:
    """What lies in the dead-letter topics."""
    found: list[ConsumerRecord] = []
    monkeypatch.setattr(topic_log, "read", lambda settings, partitions: iter(found))
    return found


def printed(*args: str) -> str:
    result = CliRunner().invoke(main, ["dead-letters", *args])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_the_cover_that_was_written_is_read() -> None:
    assert dead_letters.cover(letter("VAL-010")) == Cover("VAL-010", SMAS, 2, 41)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("error-code", b"AVRO-001")],
        [
            *dead_letters.headers(message(), "AVRO-001")[:2],
            ("source-offset", b"x"),
            ("error-code", b"AVRO-001"),
        ],
        [(name, None) for name in ("source-topic", "source-partition", "source-offset", "error-code")],
    ],
    ids=["none", "some", "no number", "empty"],
)
def test_what_is_no_cover_of_ours_says_nothing(headers: list[tuple[str, bytes | None]]) -> None:
    assert dead_letters.cover(message(dlq(SMAS), headers=headers)) == Cover()


def test_the_newest_letter_stands_first_whatever_topic_it_lies_in() -> None:
    old, new = letter(timestamp=NOON_MS), letter(timestamp=NOON_MS + 2000)
    other = letter("CMD-KEY", CONFIRMATION_COMMANDS, timestamp=NOON_MS + 1000)
    assert [found.cover.code for found in listed([old, new, other])] == ["AVRO-001", "CMD-KEY", "AVRO-001"]
    assert [found.at.timestamp() * 1000 - NOON_MS for found in listed([old, new, other])] == [2000, 1000, 0]


def test_a_letter_too_long_to_copy_has_no_bytes() -> None:
    assert [found.bytes for found in listed([letter(value=b""), letter(value=None)])] == [0, 0]


def test_the_table_says_each_code_once_in_both_languages(lying: list[ConsumerRecord]) -> None:
    lying += [letter(), letter(offset=42), letter("CMD-KEY", CONFIRMATION_COMMANDS)]
    lines = printed().splitlines()
    row = next(line for line in lines if line.strip().startswith(f"{dlq(SMAS)} "))
    assert row.split() == [dlq(SMAS), "2019-10-02", "07:06:40+00:00", "AVRO-001", SMAS, "2", "41", "27"]
    assert [line.split()[0] for line in lines[-4:]] == ["AVRO-001", "AVRO-001", "CMD-KEY", "CMD-KEY"]
    assert "không đúng khung Avro" in lines[-4] and "has no Avro frame" in lines[-3]


def test_json_has_all_of_it(lying: list[ConsumerRecord]) -> None:
    lying.append(letter())
    (found,) = json.loads(printed("--json"))
    assert found.pop("message_vi") and found.pop("message_en")
    assert found == {
        "topic": dlq(SMAS),
        "partition": 2,
        "offset": 41,
        "at": "2019-10-02T07:06:40+00:00",
        "code": "AVRO-001",
        "source_topic": SMAS,
        "source_partition": 2,
        "source_offset": 41,
        "bytes": len(VALUE),
    }


@pytest.mark.parametrize("args", [(), ("--json",)])
def test_neither_value_nor_key_is_printed(lying: list[ConsumerRecord], args: tuple[str, ...]) -> None:
    lying += [letter(), message(dlq(SMAS))]
    said = printed(*args)
    assert dlq(SMAS) in said
    assert VALUE.decode() not in said and KEY.decode() not in said


def test_nothing_put_aside_is_said_in_both_languages(lying: list[ConsumerRecord]) -> None:
    assert printed("--json").strip() == "[]"
    assert " — " in printed()
