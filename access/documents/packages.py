"""A Word file or a workbook from elsewhere, as an archive that may be read: bounded, nothing that runs."""

import io
import zipfile
from typing import Final

from producers.adapters import xlsx
from producers.adapters.grid import TooMuch
from schemas.errors import Problem, ProblemList, SourceLocation

MAX_BYTES: Final = 8 * 1024 * 1024
MAX_UNPACKED: Final = 64 * 1024 * 1024
MAX_PART: Final = 16 * 1024 * 1024
MAX_PARTS: Final = 2000

NO_DOCUMENT: Final = "FORM-074"
DAMAGED: Final = "FORM-075"
ENCRYPTED: Final = "FORM-076"
TOO_MUCH: Final = "FORM-077"
RUNS: Final = "FORM-078"

UNREADABLE: Final = xlsx.UNREADABLE
"""What a damaged part raises when it is read."""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PACKAGE: Final = "EncryptedPackage".encode("utf-16-le")
_RUN: Final = ("vbaproject.bin", "/embeddings/", "/activex/", "/macrosheets/")


def main_part(data: bytes, file: str) -> str:
    """Path of the document's own part: ``word/…`` or ``xl/…``. Raises ProblemList (FORM-074 to 078)."""
    place = SourceLocation(file)

    def refused(code: str) -> ProblemList:
        return ProblemList([Problem(code, place)])

    if data.startswith(_OLE):
        raise refused(ENCRYPTED if _PACKAGE in data else NO_DOCUMENT)
    if not data.startswith(b"PK\x03\x04"):
        raise refused(NO_DOCUMENT)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = [part.filename.lower() for part in parts]
            if any(part.flag_bits & 1 for part in parts):
                raise refused(ENCRYPTED)
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise refused(TOO_MUCH)
            if any(part.file_size > MAX_PART for part in parts):
                raise refused(TOO_MUCH)
            if len(set(names)) < len(names):  # which of two is shown depends on who opens it
                raise refused(DAMAGED)
            if any(mark in name for name in names for mark in _RUN):
                raise refused(RUNS)
            roots = [
                to for kind, to in xlsx.relations(archive, "").values() if kind.endswith("/officeDocument")
            ]
            root = roots[0] if len(roots) == 1 else ""
            if root not in archive.namelist() or not root.startswith(("word/", "xl/")):
                raise refused(NO_DOCUMENT)
            return root
    except TooMuch:
        raise refused(TOO_MUCH) from None
    except KeyError:  # a zip without relations is no document
        raise refused(NO_DOCUMENT) from None
    except UNREADABLE:
        raise refused(DAMAGED) from None
