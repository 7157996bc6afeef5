"""The first look at every message that is read, and whose fault an exception is.

What a contract says of a message is looked at later (``schemas.contracts.bounds``); here is what no contract
knows: whether its batch could be read at all, its key, its size, Kafka's time of it.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from kafka.errors import KafkaError

from runtime import unpacking
from runtime.kafka import TOO_LARGE
from runtime.process import Fenced
from schemas.contracts.bounds import YEARS
from schemas.errors import ProblemList
from schemas.topics import MAX_MESSAGE

LONG_KEY: Final = "MSG-003"
NO_TIME: Final = "MSG-004"
CAUSES_TOO_MUCH: Final = "MSG-007"
FAILS_ALONE: Final = "MSG-008"
STANDS_STILL: Final = "MSG-009"
NO_STATE: Final = "MSG-010"

MAX_KEY: Final = 1000
"""Bytes. Our keys are codes of schools and units."""
MAX_SMALL: Final = 1024 * 1024
"""Bytes of an event that holds no records: a command, an act, the Ministry's receipts of one chunk."""
MAX_OUTPUT: Final = MAX_MESSAGE - 64 * 1024
"""Bytes of a value: with key and headers it still fits a topic."""

ANSWER_S: Final = 30
"""How long the broker may take to take one message."""

_MILLIS: Final = range(int(datetime(YEARS.stop, 1, 1, tzinfo=UTC).timestamp() * 1000))

_OURS: Final = (Fenced, ProblemList, MemoryError, OSError, NotImplementedError)
_OF_WHAT_IT_HOLDS: Final = ("21", "22", "23", "54")
"""SQLSTATE classes: cardinality, data, constraint, program limit (an index's row)."""


def fault(message: Any, most: int = MAX_MESSAGE) -> str | None:
    """Code of what makes a message one that nobody can deal with, None if it may be looked into.

    ``message`` has ``key``, ``value``, ``timestamp`` (ms) and ``headers``; ``most``: bytes of a value.
    """
    return unread(message.headers) or fault_of(message.key, message.value, message.timestamp, most)


def fault_of(key: bytes | None, value: bytes | None, at: int, most: int = MAX_MESSAGE) -> str | None:
    """The same of a message's parts."""
    if len(key or b"") > MAX_KEY or len(value or b"") > most:
        return LONG_KEY
    return None if at in _MILLIS else NO_TIME


def unread(headers: Iterable[tuple[str, bytes | None]] | None) -> str | None:
    """Code of why the batch was not read for which this message stands; None of every other message."""
    for name, said in headers or ():
        if name == unpacking.UNREAD:
            code = (said or b"").decode("ascii", "replace")
            return code if code == unpacking.TOO_LARGE else unpacking.UNREADABLE
    return None


def of_the_message(fault: BaseException) -> bool:
    """Whether an exception may come from what a message holds, not from a server, a fence or a setting.

    Only a hint, as good as the next question: does the message fail alone, with the rest dealt with?
    """
    if isinstance(fault, TOO_LARGE):
        return True
    if type(fault).__module__.startswith("psycopg2"):
        code = getattr(fault, "pgcode", None)
        kinds = {kind.__name__ for kind in type(fault).__mro__}
        return "DataError" in kinds if code is None else code[:2] in _OF_WHAT_IT_HOLDS
    return isinstance(fault, Exception) and not isinstance(fault, (*_OURS, KafkaError))


def code_of(fault: BaseException) -> str:
    """The code under which a message is put aside that fails alone."""
    return CAUSES_TOO_MUCH if isinstance(fault, TOO_LARGE) else FAILS_ALONE
