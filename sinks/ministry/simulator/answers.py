"""What the stand-in for the Ministry decides about one record. Pure: no Kafka, no clock, no state.

The Ministry answers each record with a code. ``000-000`` means "no error"; any other code is named after the
field it complains about, with or without a three-digit suffix (``MA_HOC_SINH``, ``MA_HOC_SINH_001``).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from schemas.contracts.contracts import RecordType, snake
from sinks.ministry.receipt_codes import ACCEPTED

_SUFFIXES: Final = ("", "_001")
_OURS: Final = ("ClientId", "Vendor")
"""Parts of an identity that the Ministry has no opinion of."""


def codes_about(record_type: RecordType) -> list[str]:
    """The codes with which the Ministry may refuse such a record: about the fields it is known by."""
    named = dict.fromkeys(field for key in record_type.identity for field in key if field not in _OURS)
    return [snake(field).upper() + suffix for field in named for suffix in _SUFFIXES]


def answer_record(record_id: str, codes: Sequence[str], *, refuse_percent: float, seed: int = 0) -> str:
    """The code for one record: ``ACCEPTED``, or for ``refuse_percent`` of all ids one of ``codes``.

    The same id, percent and seed always give the same code: an export that arrives twice is answered alike;
    a higher percent refuses what a lower one refused and more.
    """
    digest = hashlib.blake2b(f"{seed}:{record_id}".encode(), digest_size=16).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share >= refuse_percent / 100:
        return ACCEPTED
    return codes[int.from_bytes(digest[8:], "big") % len(codes)]
