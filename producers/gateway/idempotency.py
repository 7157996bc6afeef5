"""What an Idempotency-Key stands for: one push of a vendor for a school, whatever its requests meet. Pure.

A key is bound to the first content that is sent under it, and to the push id that this was given. What was
refused left nothing and binds no key; nor does a server that was away. Who shows the key again goes on where
the first one was left: nothing was sent, a part, or all of it and nobody heard so. Load takes a push id once,
so sending it again does no harm while load still waits for that push.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from schemas.errors import Problem, ProblemList, SourceLocation

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"

WRONG_KEY: Final = "GATE-030"
IN_FLIGHT: Final = "GATE-031"
OTHER_CONTENT: Final = "GATE-032"

LONGEST: Final = 255
"""Characters of a key."""

AGAIN_IN_S: Final = 2
"""When to ask again for what is still under way."""

SAFE_SHARE: Final = 0.5
"""Of the time for which load waits for a push: for so long what was begun is sent on under its id. The rest
is for the sending itself, and for clocks that are not Kafka's."""


@dataclass(frozen=True)
class Kept:
    """What is known of a key. ``answer``: the first one, once all was sent; ``age_s``: seconds since its push
    was begun; ``outcome``: what load made of that push, "" while it has none."""

    push_id: str
    fingerprint: bytes
    answer: Mapping[str, Any] | None
    age_s: float
    outcome: str = ""


class Decision(Enum):
    """What is to be done."""

    NEW = auto()
    """Nobody came with this key: give it a push id and send."""
    REPLAY = auto()
    """Answer as the first time."""
    GO_ON = auto()
    """Send it again under the same push id."""
    DELIVERED = auto()
    """All of it arrived, and nobody was told: answer, send nothing."""
    ANEW = auto()
    """Load waits for that push no more: send it under another id."""
    OTHER = auto()
    """The key stands for something else."""


def decide(kept: Kept | None, fingerprint: bytes, waits_s: float) -> Decision:
    """``waits_s``: for how long load waits for a push that was begun."""
    if kept is None:
        return Decision.NEW
    if kept.fingerprint != fingerprint:
        return Decision.OTHER
    if kept.answer is not None:
        return Decision.REPLAY
    if kept.outcome and kept.outcome != "incomplete":
        return Decision.DELIVERED
    if not kept.outcome and 0 <= kept.age_s < waits_s * SAFE_SHARE:
        return Decision.GO_ON
    return Decision.ANEW


def key_of(shown: Sequence[str]) -> str:
    """The key in the headers of a request, "" without one. Raises ProblemList (GATE-030)."""
    if not shown:
        return ""
    key = shown[0].strip()
    if len(shown) > 1 or not 0 < len(key) <= LONGEST or not (key.isascii() and key.isprintable()):
        raise ProblemList([Problem(WRONG_KEY, SourceLocation(field=HEADER), {"longest": LONGEST})])
    return key


def key_hash(key: str) -> bytes:
    """As it is kept: what a sender puts into a key is its own affair."""
    return hashlib.sha256(key.encode()).digest()


def lock_number(vendor: str, school: str, key: str) -> int:
    """Of the lock that the request holds which works with the key: 64 bits, signed."""
    text = "\x00".join(("gateway", vendor, school, key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def push_id(vendor: str, school: str, key: str, content: bytes) -> str:
    """Of the first push of a key with this content (``fingerprint``): always the same. Where an older copy of
    the database has been put in place, whoever comes again sends the push that Kafka has, not an old content
    as a new push behind later ones."""
    text = "\x00".join((vendor, school, key, content.hex()))
    return str(uuid.uuid5(uuid.NAMESPACE_OID, text))


def fingerprint(parameters: Mapping[str, Any], files: Sequence[tuple[str, bytes]]) -> bytes:
    """Of a request's parameters and its (file name, content), unpacked: however they travel, they are the
    same."""
    whole = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode())
    for name, data in files:
        whole.update(hashlib.sha256(name.encode("utf-8", "replace")).digest())
        whole.update(hashlib.sha256(data).digest())
    return whole.digest()
