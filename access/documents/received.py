"""A signed document as the province takes it: judged, then kept; judged again before anybody acts on it."""

from collections.abc import Collection

from access.documents import kept, signed_pdf, trust
from access.documents.signed_pdf import Findings
from access.documents.trust import Authority
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList


def receive(settings: Settings, data: bytes) -> Findings:
    """Keep a PDF whose signatures hold. Raises ProblemList with all that is wrong: SIG-…; then nothing is
    kept."""
    found = signed_pdf.check_signed(data, trust.load(settings.trust_dir))
    if found.problems:
        raise ProblemList(list(found.problems))
    kept.keep(settings.documents_dir, data)
    return found


def problems(
    settings: Settings,
    digest: str,
    names: Collection[str],
    accepted: Collection[Authority] = tuple(Authority),
) -> list[Problem]:
    """What speaks against acting on the document of that SHA-256 now: it is not kept, or is another one
    (FORM-063, 064), a signature does not hold any more (SIG-…), none is of the unit so called (SIG-032)."""
    try:
        data = kept.read(settings.documents_dir, digest)
        found = signed_pdf.check_signed(data, trust.load(settings.trust_dir), accepted)
    except ProblemList as refused:
        return refused.problems
    return list(found.problems) or signed_pdf.of_unit(found, names)
