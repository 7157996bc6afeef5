"""A checkpoint: where every chain ended at a moment, and what came before it. Pure.

It is two lines of a file: the body, JSON with sorted names, and the signature of these very bytes (Ed25519,
RFC 8032). A checkpoint names its predecessor by the SHA-256 of that one's body, so none can be taken out of
the row, changed or put in twice.

Most hold the heads that moved since their predecessor; a ``whole`` one holds all. ``totals`` are always of
all chains, with a digest over their list: what a checkpoint leaves out is sealed as well.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sinks.checkpoints.keys import key_id

FORM: Final = "csdl-checkpoint/1"


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The last event of a chain: its sequence number and hash."""

    sequence: int
    hash: str


class Reached(msgspec.Struct, frozen=True, array_like=True):
    """How far a partition was read: the next offset, and the last message read by offset and Kafka's time
    (-1, -1: none)."""

    next: int
    last_offset: int = -1
    last_at: int = -1


class Total(msgspec.Struct, frozen=True):
    """Of all chains of a topic: how many, how many events, and ``digest`` of the list of heads."""

    chains: int
    events: int
    digest: str


class Acceptance(msgspec.Struct, frozen=True):
    """Somebody has looked at findings and lets the row go on from the logs as they were then."""

    account: str
    reason: str
    findings: tuple[tuple[str, str, str, int, int], ...]
    """(code, topic, subject, first, last) of each."""


Heads = dict[str, dict[str, Head]]
"""topic → subject → head. Of a topic of refusals the subject is the partition (``heads``)."""


class Checkpoint(msgspec.Struct, frozen=True):
    """``reached``: topic → partition → how far; ``topics``: topic → Kafka's id of it.

    A whole one names all acceptances that there were. One that was made by an acceptance is ``anew``: the
    chains before it were others.
    """

    number: int
    at: datetime
    previous: str
    whole: bool
    topics: Mapping[str, str]
    reached: Mapping[str, Mapping[str, Reached]]
    totals: Mapping[str, Total]
    heads: Heads
    accepted: tuple[Acceptance, ...] = ()
    anew: bool = False
    form: str = FORM


class _Signature(msgspec.Struct, frozen=True):
    key: str
    signature: str


class Unfit(Exception):
    """Bytes that are no checkpoint. ``code`` is of the error catalogue."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


UNREADABLE: Final = "AUD-006"
FORGED: Final = "AUD-003"
OTHER_KEY: Final = "AUD-004"

_encoder: Final = msgspec.json.Encoder(order="sorted")
_decoder: Final = msgspec.json.Decoder(Checkpoint)
_signatures: Final = msgspec.json.Decoder(_Signature)


def signed(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> tuple[bytes, str]:
    """(bytes of its file, hash of its body)."""
    body = _encoder.encode(checkpoint)
    line = _encoder.encode(_Signature(key_id(key.public_key()), key.sign(body).hex()))
    return body + b"\n" + line + b"\n", _hash(body)


def verified(content: bytes, key: Ed25519PublicKey) -> tuple[Checkpoint, str]:
    """(checkpoint, hash of its body) of a file's bytes. Raises Unfit: AUD-003, AUD-004, AUD-006.

    Nothing of the body is read before its signature was verified.
    """
    body, _, line = content.partition(b"\n")
    try:
        found = _signatures.decode(line)
        signature = bytes.fromhex(found.signature)
    except (msgspec.MsgspecError, ValueError):
        raise Unfit(UNREADABLE) from None
    if found.key != key_id(key):
        raise Unfit(OTHER_KEY)
    try:
        key.verify(signature, body)
    except InvalidSignature:
        raise Unfit(FORGED) from None
    try:
        checkpoint = _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError):
        raise Unfit(UNREADABLE) from None
    if checkpoint.form != FORM:
        raise Unfit(UNREADABLE)
    return checkpoint, _hash(body)


def total(heads: Mapping[str, Head]) -> Total:
    """Of the chains of a topic."""
    digest = hashlib.sha256()
    for subject in sorted(heads):
        digest.update(f"{subject} {heads[subject].sequence} {heads[subject].hash}\n".encode())
    return Total(len(heads), sum(head.sequence for head in heads.values()), digest.hexdigest())


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
