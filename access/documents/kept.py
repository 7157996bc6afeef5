"""Documents themselves, outside Kafka: files under their SHA-256 in a folder, whole or not there.

Events carry number, date and hash. A file is never changed and never taken away here; what is read is held
against its name, so that a changed one is found.
"""

import os
import re
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from access.documents import foreign_files, whole_file
from access.documents.signed_pdf import MAX_BYTES
from schemas.errors import Problem, ProblemList, SourceLocation

NOT_KEPT: Final = "FORM-063"
CHANGED: Final = "FORM-064"
_NAME: Final = re.compile(r"[0-9a-f]{64}")
_LEFT_S: Final = 3600
"""What is unfinished for so long was left by whoever was killed."""


def keep(folder: Path, data: bytes) -> str:
    """Keep a file, on the disk when this returns; its SHA-256, 64 hexadecimal digits. The same file again
    changes nothing. Raises OSError: then it is not kept, and nothing of it is left."""
    foreign_files.within(data, MAX_BYTES, "")
    digest = sha256(data).hexdigest()
    path = _path(folder, digest)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _tidy(folder)
    if not _is(path, digest):
        whole_file.write(path, data)
    return digest


def read(folder: Path, digest: str) -> bytes:
    """The file of that hash. Raises ProblemList: FORM-063 if there is none, FORM-064 if it is another now."""
    if not _NAME.fullmatch(digest):
        raise ProblemList([Problem(NOT_KEPT, params={"digest": digest})])
    try:
        data = _path(folder, digest).read_bytes()
    except OSError:
        raise ProblemList([Problem(NOT_KEPT, params={"digest": digest})]) from None
    if sha256(data).hexdigest() != digest:
        raise ProblemList([Problem(CHANGED, SourceLocation(digest), {"digest": digest})])
    return data


def _path(folder: Path, digest: str) -> Path:
    return folder / digest


def _is(path: Path, digest: str) -> bool:
    try:
        return sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _tidy(folder: Path) -> None:
    """Remove what was left unfinished."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name.startswith(whole_file.PARTIAL) and entry.stat().st_mtime < time.time() - _LEFT_S:
                Path(entry.path).unlink(missing_ok=True)
