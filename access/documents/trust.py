"""Whose signatures count: a folder with the roots of the government's and of the public authorities.

``government/`` and ``public/``  certificates of roots      ``between/``  certificates of authorities below
``lists/``                       revocation lists, kept fresh by whoever runs the system

Each file is PEM (several in one) or DER. Nothing is fetched from the network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from access.documents import foreign_files
from schemas.errors import Problem, ProblemList, SourceLocation

NO_ROOTS: Final = "SIG-041"
UNREADABLE: Final = "SIG-042"
NO_AUTHORITY: Final = "SIG-043"
BOTH: Final = "SIG-044"
MAX_BYTES: Final = 64 * 1024 * 1024

Read = TypeVar("Read", x509.Certificate, x509.CertificateRevocationList)


class Authority(StrEnum):
    """Kind of authority that issued a signer's certificate."""

    GOVERNMENT = "government"
    """The special-purpose one of the government: offices and state schools."""
    PUBLIC = "public"


@dataclass(frozen=True)
class Trust:
    """All in DER. ``roots``: those of each authority."""

    roots: dict[Authority, list[bytes]]
    between: list[bytes]
    lists: list[bytes]


def load(folder: Path) -> Trust:
    """Raises ProblemList with all that is wrong: SIG-041 without any root, SIG-042 for a file that is none,
    SIG-043 for a root that may issue nothing, SIG-044 for one in both folders."""
    problems: list[Problem] = []
    roots = {authority: _certificates(folder / authority.value, problems) for authority in Authority}
    between = _certificates(folder / "between", problems)
    lists = _read(folder / "lists", x509.load_pem_x509_crl, x509.load_der_x509_crl, problems)
    if not problems and not any(roots.values()):
        problems.append(Problem(NO_ROOTS, params={"path": str(folder)}))
    if set(roots[Authority.GOVERNMENT]) & set(roots[Authority.PUBLIC]):
        problems.append(Problem(BOTH, params={"path": str(folder)}))
    if problems:
        raise ProblemList(problems)
    return Trust(roots, between, [found.public_bytes(Encoding.DER) for _, found in lists])


def _certificates(folder: Path, problems: list[Problem]) -> list[bytes]:
    found = []
    for path, certificate in _read(folder, None, x509.load_der_x509_certificate, problems):
        if _issues(certificate):
            found.append(certificate.public_bytes(Encoding.DER))
        else:
            problems.append(Problem(NO_AUTHORITY, SourceLocation(path.name), {"path": path.name}))
    return found


def _issues(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _read(
    folder: Path,
    pem: Callable[[bytes], Read] | None,
    der: Callable[[bytes], Read],
    problems: list[Problem],
) -> list[tuple[Path, Read]]:
    found: list[tuple[Path, Read]] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith("."):
            continue
        try:
            data = foreign_files.read(path, MAX_BYTES)
            found += [(path, one) for one in _parsed(data, pem, der)]
        except ProblemList as error:
            problems += error.problems
        except ValueError:
            problems.append(Problem(UNREADABLE, SourceLocation(path.name), {"path": path.name}))
    return found


def _parsed(data: bytes, pem: Callable[[bytes], Read] | None, der: Callable[[bytes], Read]) -> Sequence[Read]:
    if b"-----BEGIN" not in data:
        return [der(data)]
    if pem is not None:
        return [pem(data)]
    return x509.load_pem_x509_certificates(data)  # type: ignore[return-value]
