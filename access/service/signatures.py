"""What an act on papers rests on: the signed document behind it was handed in, holds at the act, and says
what the act says.

Where the province says that people look at the papers (``CSDL_SIGNATURES=by_hand``) nothing is judged, and
the event says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Final

from access.documents import kept, received, signed_text
from access.documents.signed_text import Due
from access.documents.trust import Authority
from access.grants.papers import fault
from access.service.documents import judging
from access.service.door import Request
from schemas.errors import Problem, ProblemList
from schemas.organisation import province
from schemas.organisation.organisation import Organisation
from streams.grants.events import number_of
from streams.grants.state import Document, Signature

ACCEPTED: Final[Mapping[str, tuple[Authority, ...]]] = {
    "form_1": tuple(Authority),
    "form_2": (Authority.GOVERNMENT,),
}
"""Kind of document → authorities: an office of the state signs with the government's certificate, a school
may have a public one."""

SCANNED: Final = "SIG-201"
UNDER_WAY: Final = "GRT-116"


@dataclass(frozen=True)
class Paper:
    """A document, the unit whose signature it needs, and codes of the schools that it must name. Of a whole
    batch also the ``area`` and that it names no other school."""

    unit: str
    document: Document
    schools: tuple[str, ...]
    area: str = ""
    whole: bool = False


Checked = Mapping[Document, Signature]


def checked(request: Request, papers: Iterable[Paper]) -> Checked:
    """How each of these documents was checked; every one is judged now.

    Raises ProblemList with what speaks against any, its number and its unit in the place: FORM-055 to 060,
    063, 064, SIG-…; SIG-009 while others are judged.
    """
    wanted = list(dict.fromkeys(papers))
    if by_hand(request):
        return dict.fromkeys((paper.document for paper in wanted), Signature.BY_HAND)
    if not wanted:
        return {}
    known = request.parts.units_of({code for paper in wanted for code in (paper.unit, *paper.schools)})
    found: dict[Document, Signature] = {}
    problems: list[Problem] = []
    with judging(request.parts):
        for paper in wanted:
            found[paper.document], wrong = _judged(request, paper, known)
            number = paper.document.number
            problems += [replace(p, place=replace(p.place, file=number, sheet=paper.unit)) for p in wrong]
    if problems:
        raise ProblemList(problems)
    return found


def together(found: Checked, *documents: Document | None) -> Signature:
    """Of several documents behind one act the least that was checked."""
    words = {found.get(document) for document in documents if document}
    least = (Signature.BY_HAND, Signature.VERIFIED)
    return next((word for word in least if word in words), Signature.COMPARED)


def doubts(found: Checked) -> list[Problem]:
    """SIG-201 for each document that nobody could compare: whoever acts must look at it."""
    return [
        fault(SCANNED, "sha256", number=document.number)
        for document, word in found.items()
        if word is Signature.VERIFIED
    ]


def handed_in(request: Request, document: Document) -> None:
    """Refuse what cannot be decided on: a document that is not there. Raises ProblemList: FORM-063, 064."""
    if not by_hand(request):
        kept.read(request.parts.settings.documents_dir, document.sha256)


@contextmanager
def alone(request: Request, document: Document) -> Iterator[None]:
    """One act at a time with a document, and with a number of its unit's: two at once would both find it
    unused. Raises ProblemList (GRT-116) for the second."""
    wanted = {document.sha256, f"{document.kind}/{request.account.unit}/{number_of(document)}"}
    parts = request.parts
    with parts.papers_turn:
        if parts.papers_under_way & wanted:
            raise ProblemList([fault(UNDER_WAY, "sha256", number=document.number[:40])])
        parts.papers_under_way |= wanted
    try:
        yield
    finally:
        with parts.papers_turn:
            parts.papers_under_way -= wanted


def by_hand(request: Request) -> bool:
    """Whether people look at the papers."""
    return request.parts.settings.signatures == Signature.BY_HAND.value


def _judged(request: Request, paper: Paper, known: Organisation) -> tuple[Signature, list[Problem]]:
    settings, document = request.parts.settings, paper.document
    names = _names(settings.province, known, paper.unit, document.date)
    found = received.judged(settings, document.sha256, names, ACCEPTED[document.kind])
    if found.problems:
        return Signature.VERIFIED, list(found.problems)
    due = Due(
        document.number,
        document.date,
        tuple((code, _name(known, code, document.date)) for code in paper.schools),
        paper.area,
        len(paper.schools) if paper.whole else None,
        paper.whole,
    )
    word = Signature.COMPARED if signed_text.can_be_compared(found) else Signature.VERIFIED
    return word, signed_text.differences(found, due, request.parts.units.is_school)


def _name(known: Organisation, unit: str, day: date) -> str:
    held = known.on(unit, day)
    return held.period.name if held else ""


def _names(named: str, known: Organisation, unit: str, day: date) -> tuple[str, ...]:
    """What a unit was called on the day of its document: in the register, and in its certificates."""
    own = _name(known, unit, day)
    return (*((own,) if own else ()), *_province(named).signs_as(unit, day))


@lru_cache(maxsize=4)
def _province(named: str) -> province.Province:
    return province.load(named)
