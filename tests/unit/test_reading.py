"""The first look at a message, and whose fault an exception is."""

from types import SimpleNamespace

import psycopg2
import psycopg2.errors
import pytest
from kafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from runtime import reading
from runtime.process import Fenced
from runtime.reading import fault, of_the_message
from runtime.unpacking import UNREAD
from schemas.errors import ProblemList

NOW = 1_700_000_000_000


def message(**changes):
    parts = {"key": b"19164001", "value": b"v", "timestamp": NOW, "headers": []}
    return SimpleNamespace(**parts | changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"key": None, "value": None, "headers": None}, None),
        ({"key": bytes(9 << 20)}, "MSG-003"),
        ({"value": bytes(2 << 20)}, "MSG-003"),
        ({"timestamp": -62_200_000_000_000}, "MSG-004"),
        ({"timestamp": -1}, "MSG-004"),
        ({"timestamp": 2**62}, "MSG-004"),
        ({"headers": [(UNREAD, b"MSG-001")]}, "MSG-001"),
        ({"headers": [(UNREAD, b"MSG-002")]}, "MSG-002"),
        ({"headers": [("contract", b"x"), (UNREAD, b"\xff")]}, "MSG-002"),
        ({"headers": [(UNREAD, None)]}, "MSG-002"),
    ],
)
def test_what_no_contract_knows_is_looked_at_first(changes, code):
    assert fault(message(**changes), reading.MAX_SMALL) == code


@pytest.mark.parametrize(
    ("exception", "the_messages"),
    [
        (ValueError("A string literal cannot contain NUL (0x00) characters."), True),
        (OverflowError(), True),
        (KeyError("x"), True),
        (psycopg2.DataError(), True),
        (MessageSizeTooLargeError(), True),
        (psycopg2.OperationalError("the server is away"), False),
        (psycopg2.InterfaceError(), False),
        (psycopg2.errors.UndefinedColumn(), False),
        (KafkaConnectionError(), False),
        (Fenced("load"), False),
        (ProblemList([]), False),
        (MemoryError(), False),
        (OSError(28, "no space left"), False),
        (KeyboardInterrupt(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_server_that_is_away_is_never_a_messages_fault(exception, the_messages):
    assert of_the_message(exception) is the_messages
