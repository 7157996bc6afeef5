"""Who signed a PDF, and whether it holds: asked of the library in a bounded process of its own.

The library reads what an attacker wrote: a small file may unpack to gigabytes, and what it logs names the
signer. So it works in a child, within memory and time, and answers in words that are codes here.
"""

import json
from base64 import b64encode
from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from access.documents import foreign_files
from access.documents.trust import Authority, Trust
from producers.text import fold
from runtime.apart import Apart, Bounds, Stopped
from schemas.errors import Problem, SourceLocation

MAX_BYTES: Final = 20 * 1024 * 1024
"""Of a PDF. A scan of ten pages has three."""
MAX_SECONDS: Final = 60
MAX_MEMORY: Final = 1024 * 1024 * 1024
MAX_ANSWER: Final = 4 * 1024 * 1024
MAX_FILES: Final = 16
"""Open at a time: the library runs an event loop."""

FAULTS: Final = {
    "damaged": "SIG-003",
    "long": "SIG-010",
    "encrypted": "SIG-004",
    "unsigned": "SIG-005",
    "kind": "SIG-006",
    "active": "SIG-007",
    "changed": "SIG-011",
    "replaced": "SIG-012",
    "forged": "SIG-013",
    "issuer": "SIG-021",
    "authority": "SIG-022",
    "expired": "SIG-023",
    "early": "SIG-024",
    "revoked": "SIG-025",
    "revocation": "SIG-026",
    "stale": "SIG-027",
    "weak": "SIG-028",
    "usage": "SIG-029",
    "timestamp": "SIG-030",
    "future": "SIG-031",
}
"""The child's word → code."""

NO_PDF: Final = "SIG-001"
TOO_LARGE: Final = "SIG-002"
BOUNDS: Final = "SIG-008"
NOT_ITS: Final = "SIG-032"
NO_ROOTS: Final = "SIG-041"

JUDGE: Final = Apart("access.documents.signed_pdf_child", at_once=1)


class Signature(msgspec.Struct, frozen=True):
    """One signature. ``fingerprint``: SHA-256 of the signer's certificate, which stands for who signed: its
    subject is a person; ``organisation`` as the certificate has it, "" if it names none; ``signed_at``:
    the timestamp's time if ``timestamped``, else what the signer claims; ``authority`` "" if not trusted."""

    fingerprint: str
    organisation: str
    authority: str
    signed_at: datetime | None
    timestamped: bool


class Findings(msgspec.Struct, frozen=True):
    """Of a file: its SHA-256, its signatures in the order in which they were made, and what is wrong. Without
    problems every signature holds, and together they cover all of the file. A problem's row is the number
    of its signature. ``text``: of its pages; ``unread``: there are pages of pictures alone."""

    sha256: str
    signatures: tuple[Signature, ...]
    problems: tuple[Problem, ...]
    text: str = ""
    unread: bool = False

    @property
    def good(self) -> bool:
        """Whether it may be acted on."""
        return bool(self.signatures) and not self.problems


def check_file(path: Path, trust: Trust, accepted: Collection[Authority] = tuple(Authority)) -> Findings:
    """``check_signed`` of a file. Raises ProblemList (FORM-061) if it cannot be read."""
    return check_signed(foreign_files.read(path, MAX_BYTES), trust, accepted, file=path.name)


def check_signed(
    data: bytes,
    trust: Trust,
    accepted: Collection[Authority] = tuple(Authority),
    *,
    file: str = "",
    at: datetime | None = None,
) -> Findings:
    """What the PDF's signatures are worth now (``at`` another time, with its zone), from authorities of the
    kinds ``accepted``. What is wrong is found, not raised. Takes a second: call it in a thread."""
    place, digest = SourceLocation(file), sha256(data).hexdigest()

    def refused(code: str, **params: object) -> Findings:
        return Findings(digest, (), (Problem(code, place, params),))

    if len(data) > MAX_BYTES:
        return refused(TOO_LARGE, limit=MAX_BYTES >> 20)
    if not data.startswith(b"%PDF-"):
        return refused(NO_PDF)
    kinds = [authority.value for authority in Authority if authority in accepted and trust.roots[authority]]
    if not kinds:
        return refused(NO_ROOTS, path=", ".join(sorted(accepted)))
    said = _asked(data, trust, kinds, at or datetime.now(UTC))
    if said is None:
        return refused(BOUNDS)
    if fault := said.get("fault"):
        return refused(FAULTS[fault])
    problems = [
        Problem(FAULTS[fault], SourceLocation(file, row=number))
        for number, signature in enumerate(said["signatures"], 1)
        for fault in signature["faults"]
    ]
    signatures = [
        msgspec.convert({k: v for k, v in s.items() if k != "faults"}, Signature) for s in said["signatures"]
    ]
    return Findings(digest, tuple(signatures), tuple(problems), said["text"], said["unread"])


def _asked(data: bytes, trust: Trust, accepted: list[str], at: datetime) -> dict[str, Any] | None:
    """The child's answer; None if it did not come within its bounds."""
    header = {
        "roots": {authority.value: _texts(roots) for authority, roots in trust.roots.items()},
        "accepted": accepted,
        "between": _texts(trust.between),
        "lists": _texts(trust.lists),
        "at": at.isoformat(),
    }
    bounds = Bounds(MAX_MEMORY, MAX_SECONDS, MAX_ANSWER, MAX_FILES)
    try:
        answer: dict[str, Any] = json.loads(bytes(JUDGE.ask(json.dumps(header).encode(), data, bounds)))
    except Stopped:
        return None
    return answer


def _texts(many: list[bytes]) -> list[str]:
    return [b64encode(one).decode() for one in many]


def of_unit(findings: Findings, names: Collection[str], file: str = "") -> list[Problem]:
    """SIG-032 unless one of the signatures is of a certificate whose organisation is called by one of these
    names: a good signature of somebody else's is not the unit's. It says what was found and what was due."""
    known = {fold(name) for name in names if name.strip()}
    if any(fold(signature.organisation) in known for signature in findings.signatures):
        return []
    found = dict.fromkeys(signature.organisation[:200] or "–" for signature in findings.signatures)
    params = {"names": "; ".join(names), "found": "; ".join(found)}
    return [Problem(NOT_ITS, SourceLocation(file), params)]
