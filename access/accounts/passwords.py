"""Passwords: bounded before they are hashed, kept as argon2id.

One form however a keyboard composes its letters (NFC, every blank a space). A password of 10 MB would cost
130 ms of every login: its length is asked first.
"""

import secrets
import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from schemas.errors import Problem

SHORTEST: Final = 12
LONGEST: Final = 256
"""Characters."""

TOO_SHORT: Final = "ACC-003"
TOO_LONG: Final = "ACC-004"
UNFIT: Final = "ACC-005"

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""20 ms and 19 MiB: what OWASP names as the least, fast enough for a morning on which everybody logs in."""

_NOBODYS: Final = _HASHER.hash(secrets.token_hex(16))
"""What a password is held against where there is no account: both answers take as long."""


def fault(typed: str) -> str:
    """Code of what keeps it from being a password: ACC-003, ACC-004, ACC-005; "" if nothing does."""
    if len(typed) > LONGEST:
        return TOO_LONG
    text = _prepared(typed)
    if len(text) < SHORTEST:
        return TOO_SHORT
    return UNFIT if any(unicodedata.category(char)[0] == "C" for char in text) else ""


def problems(typed: str) -> list[Problem]:
    """The same as a problem."""
    code = fault(typed)
    return [Problem(code, params={"shortest": SHORTEST, "longest": LONGEST})] if code else []


def hashed(typed: str) -> str:
    """The argon2id hash to keep, of a password without a fault."""
    return _HASHER.hash(_prepared(typed))


def verify(kept: str, typed: str) -> bool:
    """Whether it is the one that was hashed. ``kept`` empty: there is no password; it takes as long."""
    if len(typed) > LONGEST:
        return False
    try:
        return _HASHER.verify(kept or _NOBODYS, _prepared(typed)) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def _prepared(typed: str) -> str:
    text = unicodedata.normalize("NFC", typed)
    return "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
