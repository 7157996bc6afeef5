"""What the stand-in for the Ministry decides about one record. Pure: no Kafka, no clock, no state.

The Ministry answers each record with a code. ``000-000`` means "no error"; any other code is named after the field it
complains about, with or without a three-digit suffix (``MA_HOC_SINH``, ``MA_HOC_SINH_001``).
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

ACCEPTED: Final = "000-000"
_SUFFIXES: Final = ("", "_001")
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def wire_code(field: str) -> str:
    """The Ministry's spelling of a field in a code: ``MaHocSinh`` -> ``MA_HOC_SINH``."""
    return _WORD.sub("_", field).upper()


def codes_about(fields: Sequence[str]) -> list[str]:
    """The codes with which the Ministry may refuse a record that has ``fields``, in their order."""
    return [wire_code(field) + suffix for field in fields for suffix in _SUFFIXES]


def judge(record_id: str, fields: Sequence[str], *, refuse_percent: float, seed: int = 0) -> str:
    """The code for one record: ``ACCEPTED``, or one of ``codes_about(fields)`` for ``refuse_percent`` of all ids.

    The same id, percent and seed always give the same code, so that an export that arrives twice is answered alike;
    a higher percent refuses what a lower one refused and more.
    """
    digest = hashlib.blake2b(f"{seed}:{record_id}".encode(), digest_size=16).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share >= refuse_percent / 100:
        return ACCEPTED
    codes = codes_about(fields)
    return codes[int.from_bytes(digest[8:], "big") % len(codes)]
