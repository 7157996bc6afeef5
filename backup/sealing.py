"""What leaves the machine is sealed: encrypted in chunks, each authenticated, in its place, up to the last
one.

A file is MAGIC, 16 random bytes, and chunks of AES-256-GCM. Its key is drawn (HKDF-SHA256) from the
province's backup key, these bytes, and the file's own name within its backup; a chunk's nonce is its number
and whether it is the last. So a file that was cut, changed, put in another's place or taken from another
backup cannot be opened, and says so at the first wrong chunk: nothing of it is handed out.
"""

import hashlib
import hmac
import io
import os
import secrets
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from runtime import new_file
from schemas.errors import Problem, ProblemList

MAGIC: Final = b"csdl-backup-1\n"
SALT: Final = 16
KEY: Final = 32
CHUNK: Final = 1024 * 1024
TAG: Final = 16

NO_KEY: Final = "BAK-001"
NOT_A_KEY: Final = "BAK-002"
KEY_THERE: Final = "BAK-003"
DAMAGED: Final = "BAK-005"


class Key:
    """The province's backup key. ``id`` tells keys apart and gives nothing of one away."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.id = hashlib.sha256(b"csdl backup key id\n" + secret).hexdigest()[:16]

    def of_file(self, salt: bytes, place: str) -> AESGCM:
        """The cipher of one file."""
        derive = HKDF(algorithm=SHA256(), length=KEY, salt=salt, info=b"csdl backup file\n" + place.encode())
        return AESGCM(derive.derive(self._secret))

    def mark(self, content: bytes) -> str:
        """Proves that who wrote this had the key."""
        return hmac.new(self._secret, b"csdl backup manifest\n" + content, hashlib.sha256).hexdigest()


def make(path: Path) -> Key:
    """A new key in a file of its own, readable by its owner alone. Raises ProblemList (BAK-003), OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = secrets.token_bytes(KEY)
    try:
        new_file.write(path, secret.hex() + "\n")
    except FileExistsError:
        raise ProblemList([Problem(KEY_THERE, params={"path": path})]) from None
    return Key(secret)


def read(path: Path) -> Key:
    """The key in a file. Raises ProblemList (BAK-001, BAK-002)."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise ProblemList([Problem(NO_KEY, params={"path": path})]) from None
    except UnicodeDecodeError:
        text = ""
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != KEY:
        raise ProblemList([Problem(NOT_A_KEY, params={"path": path})])
    return Key(secret)


class Sealed(io.RawIOBase):
    """Writes a sealed file. ``bytes`` and ``sha256`` are of what lies on the disk; on the disk when
    closed."""

    def __init__(self, path: Path, key: Key, place: str) -> None:
        self._file: BinaryIO = path.open("xb")
        self._hash = hashlib.sha256()
        self.bytes = 0
        salt = secrets.token_bytes(SALT)
        self._cipher = key.of_file(salt, place)
        self._number = 0
        self._held = bytearray()
        self._put(MAGIC + salt)

    @property
    def sha256(self) -> str:
        """Of the file so far."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data) -> int:  # type: ignore[no-untyped-def]
        """Take bytes; a chunk is written once it is known not to be the last."""
        self._held += data
        while len(self._held) > CHUNK:
            self._chunk(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(data)

    def close(self) -> None:
        """Write the last chunk and wait for the disk. Raises OSError: then the file is worth nothing."""
        if self.closed:
            return
        try:
            self._chunk(bytes(self._held), last=True)
            self._file.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()
            super().close()

    def abandon(self) -> None:
        """Close without an end: who opens it is told that it was cut."""
        self._file.close()
        super().close()

    def _chunk(self, plain: bytes, last: bool) -> None:
        self._put(self._cipher.encrypt(_nonce(self._number, last), plain, None))
        self._number += 1

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)
        self.bytes += len(data)


class Opened(io.RawIOBase):
    """Reads a sealed file. Raises ProblemList (BAK-005) where it is not what was sealed."""

    def __init__(self, path: Path, key: Key, place: str) -> None:
        self._place = place
        try:
            self._file: BinaryIO = path.open("rb")
        except FileNotFoundError:
            raise self._damaged("missing") from None
        head = self._file.read(len(MAGIC) + SALT)
        if len(head) != len(MAGIC) + SALT or not head.startswith(MAGIC):
            self._file.close()
            raise self._damaged("no sealed file")
        self._cipher = key.of_file(head[len(MAGIC) :], place)
        self._number = 0
        self._next = self._file.read(CHUNK + TAG)
        self._left = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        """As of any file."""
        while not self._left and not self._ended:
            self._open_next()
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def close(self) -> None:
        """As of any file."""
        self._file.close()
        super().close()

    def _open_next(self) -> None:
        sealed, self._next = self._next, self._file.read(CHUNK + TAG)
        last = not self._next
        try:
            plain = self._cipher.decrypt(_nonce(self._number, last), sealed, None)
        except (InvalidTag, ValueError):
            raise self._damaged("cut or changed") from None
        self._left = memoryview(plain)
        self._number += 1
        self._ended = last

    def _damaged(self, reason: str) -> ProblemList:
        return ProblemList([Problem(DAMAGED, params={"place": self._place, "reason": reason})])


def reading(path: Path, key: Key, place: str) -> io.BufferedReader:
    """A sealed file's content."""
    return io.BufferedReader(Opened(path, key, place), CHUNK)


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")
