"""A signed document as the province takes it: judged, then kept; judged again before anybody acts on it."""

from collections.abc import Collection

import msgspec

from access.documents import kept, signed_pdf, trust
from access.documents.signed_pdf import Findings
from access.documents.trust import Authority
from runtime.settings import Settings
from schemas.errors import ProblemList


def receive(settings: Settings, data: bytes) -> Findings:
    """Keep a PDF whose signatures hold. Raises ProblemList with all that is wrong: SIG-…; then nothing is
    kept."""
    found = signed_pdf.check_signed(data, trust.load(settings.trust_dir))
    if found.problems:
        raise ProblemList(list(found.problems))
    kept.keep(settings.documents_dir, data)
    return found


def judged(
    settings: Settings,
    digest: str,
    names: Collection[str],
    accepted: Collection[Authority] = tuple(Authority),
) -> Findings:
    """The document of that SHA-256 now. Its problems speak against acting on it: it is not kept, or is
    another one (FORM-063, 064), a signature does not hold any more (SIG-…), none is of the unit so called
    (SIG-032)."""
    try:
        data = kept.read(settings.documents_dir, digest)
        found = signed_pdf.check_signed(data, trust.load(settings.trust_dir), accepted)
    except ProblemList as refused:
        return Findings(digest, (), tuple(refused.problems))
    problems = found.problems or tuple(signed_pdf.of_unit(found, names))
    return msgspec.structs.replace(found, problems=problems)
