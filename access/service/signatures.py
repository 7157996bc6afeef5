"""What an act on papers rests on: the signed document behind it was handed in and holds at the act.

Where the province says that people look at the papers (``CSDL_SIGNATURES=by_hand``) nothing is judged, and
the event says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Final

from access.documents import kept, received
from access.documents.trust import Authority
from access.service.documents import judging
from access.service.door import Request
from schemas.errors import Problem, ProblemList
from schemas.organisation import province
from schemas.organisation.organisation import Organisation
from streams.grants.state import Document, Signature

ACCEPTED: Final[Mapping[str, tuple[Authority, ...]]] = {
    "form_1": tuple(Authority),
    "form_2": (Authority.GOVERNMENT,),
}
"""Kind of document → authorities: an office of the state signs with the government's certificate, a school
may have a public one."""


def checked(request: Request, papers: Iterable[tuple[str, Document]]) -> Signature:
    """How these documents were checked, each with the unit whose signature it needs; every one is judged now.

    Raises ProblemList with what speaks against any: FORM-063, 064, SIG-…; SIG-009 while others are judged.
    """
    if by_hand(request):
        return Signature.BY_HAND
    wanted = list(dict.fromkeys(papers))
    if not wanted:
        return Signature.VERIFIED
    settings = request.parts.settings
    known = request.parts.units_of([unit for unit, _ in wanted])
    problems: list[Problem] = []
    with judging(request.parts):
        for unit, document in wanted:
            names = _names(settings.province, known, unit, document.date)
            found = received.problems(settings, document.sha256, names, ACCEPTED[document.kind])
            problems += [replace(p, place=replace(p.place, file=document.number)) for p in found]
    if problems:
        raise ProblemList(problems)
    return Signature.VERIFIED


def handed_in(request: Request, document: Document) -> None:
    """Refuse what cannot be decided on: a document that is not there. Raises ProblemList: FORM-063, 064."""
    if not by_hand(request):
        kept.read(request.parts.settings.documents_dir, document.sha256)


def by_hand(request: Request) -> bool:
    """Whether people look at the papers."""
    return request.parts.settings.signatures == Signature.BY_HAND.value


def _names(named: str, known: Organisation, unit: str, day: date) -> tuple[str, ...]:
    """What a unit was called on the day of its document: in the register, and in its certificates."""
    held = known.on(unit, day)
    own = (held.period.name,) if held else ()
    return (*own, *_province(named).signs_as(unit, day))


@lru_cache(maxsize=4)
def _province(named: str) -> province.Province:
    return province.load(named)
