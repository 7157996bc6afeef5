"""The province's key of credentials: what is kept of a secret is worth nothing without it.

32 random bytes in a file of their own, made at the first need. From them come three keys: one hashes secrets,
one seals the password of a Kafka user until Kafka has it, one stamps what a caller keeps for us.
"""

import hashlib
import hmac
import os
import secrets as random
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from access.credentials.worth import Kind
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

NO_KEY: Final = "KEY-010"
FILE: Final = "credentials.key"
BYTES: Final = 32
NONCE: Final = 12

HANDLE: Final = "abcdefghijkmnpqrstuvwxyz23456789"
"""Letters of what may be said aloud: none that is taken for another."""
HANDLE_LENGTH: Final = 10
BEGINS: Final = {False: "csdl_live_", True: "csdl_test_"}
"""How a key looks: which of the two it is can be seen, and is part of what is hashed."""


class Keyring:
    """Made from the file's 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._mac = hmac.digest(key, b"csdl credentials: hash", "sha256")
        self._stamp = hmac.digest(key, b"csdl credentials: stamp", "sha256")
        self._aead = AESGCM(hmac.digest(key, b"csdl credentials: seal", "sha256"))

    def mac(self, secret: str) -> bytes:
        """What is kept of a secret."""
        return hmac.digest(self._mac, secret.encode("utf-8", "surrogatepass"), "sha256")

    def stamp(self, said: bytes) -> bytes:
        """By which we know again what we have handed out."""
        return hmac.digest(self._stamp, said, "sha256")

    def seal(self, secret: str, about: str) -> bytes:
        """A secret that only this key opens, and only for what it is about."""
        nonce = os.urandom(NONCE)
        return nonce + self._aead.encrypt(nonce, secret.encode(), about.encode())

    def unseal(self, sealed: bytes, about: str) -> str | None:
        """The secret; None if it was sealed by another key or about something else."""
        try:
            return self._aead.decrypt(sealed[:NONCE], sealed[NONCE:], about.encode()).decode()
        except (InvalidTag, ValueError):
            return None


def of(settings: Settings) -> Keyring:
    """The key of the settings, made if there is none. Raises ProblemList (KEY-010) where it cannot be had."""
    path = settings.secrets_dir / FILE
    try:
        key = _read(path)
        if key is None:
            _make(path)
            key = _read(path)
    except OSError as fault:
        raise _none(path, type(fault).__name__) from None
    if key is None or len(key) != BYTES:
        raise _none(path, "not a key")
    return Keyring(key)


def handle(kind: Kind, *, test: bool) -> str:
    """A new one: of a key its beginning, of a Kafka user what goes into the name."""
    made = "".join(random.choice(HANDLE) for _ in range(HANDLE_LENGTH))
    return made if kind is Kind.KAFKA else BEGINS[test] + made


def secret(kind: Kind, of_handle: str) -> str:
    """A new one: a key whole, or the password of a Kafka user."""
    made = random.token_urlsafe(BYTES)
    return made if kind is Kind.KAFKA else f"{of_handle}_{made}"


def handle_of(shown: str) -> str:
    """The handle of a key that somebody shows; "" of what cannot be one."""
    begins = next((b for b in BEGINS.values() if shown.startswith(b)), None)
    if begins is None or len(shown) > 200:
        return ""
    return begins + shown.removeprefix(begins).partition("_")[0]


def same(kept: bytes | None, found: bytes) -> bool:
    """Whether a secret is the one that is kept, in the same time for every other."""
    return kept is not None and hmac.compare_digest(bytes(kept), found)


def token_hash(token: str) -> bytes:
    """What is kept of a link."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _read(path: Path) -> bytes | None:
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        return None
    except ValueError:
        return b""


def _make(path: Path) -> None:
    """Whole or not there, and never over one that another has just made."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as out:
        out.write(random.token_hex(BYTES) + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def _none(path: Path, reason: str) -> ProblemList:
    return ProblemList([Problem(NO_KEY, params={"path": str(path), "reason": reason})])
