"""The key that signs checkpoints: Ed25519, of the process that writes them alone. The public one lies beside
the files."""

import hashlib
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from runtime import new_file
from schemas.errors import Problem, ProblemList, SourceLocation

NO_KEY: Final = "AUD-022"
NOBODY_KNOWS: Final = "AUD-025"
ANOTHERS: Final = "AUD-026"


def key_id(key: Ed25519PublicKey) -> str:
    """Which key it is: the SHA-256 of its 32 bytes."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def private(path: Path) -> Ed25519PrivateKey:
    """The signer's key. Raises ProblemList (AUD-022) if there is none in the file."""
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise none(path) from None
    if not isinstance(found, Ed25519PrivateKey):
        raise none(path)
    return found


def public(path: Path) -> Ed25519PublicKey:
    """The key that checkpoints are verified with. Raises ProblemList (AUD-022) if the file has none."""
    try:
        found = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise none(path) from None
    if not isinstance(found, Ed25519PublicKey):
        raise none(path)
    return found


def trusted(path: Path, known: str, signers: Path) -> Ed25519PublicKey:
    """The public key in a file, if it is the one ``known`` by its id, else that of the signer's own key.

    Raises ProblemList: AUD-022, AUD-026 if it is another, AUD-025 if nobody here knows which it must be.
    """
    found = public(path)
    if not known and not os.access(signers, os.R_OK):
        raise ProblemList([Problem(NOBODY_KNOWS, SourceLocation(str(path)), {"key": key_id(found)})])
    known = known or key_id(private(signers).public_key())
    if key_id(found) != known:
        params = {"key": key_id(found), "known": known}
        raise ProblemList([Problem(ANOTHERS, SourceLocation(str(path)), params)])
    return found


def make(path: Path) -> Ed25519PrivateKey:
    """A new key, readable by its owner alone; never over a file that is there."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new_file.write(path, text.decode())
    return key


def pem(key: Ed25519PublicKey) -> bytes:
    """Text of a public key's file."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def none(path: Path) -> ProblemList:
    """AUD-022: no key, or not the one of the files."""
    return ProblemList([Problem(NO_KEY, SourceLocation(str(path)))])
