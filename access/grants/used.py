"""A signed document stands behind one request, or one batch, and its number behind no other. Pure.

Grants remember every document that they were asked or batched with (``State.papers``); one that was handed in
and stands behind nothing is nobody's yet.
"""

from collections.abc import Iterable
from typing import Final

from access.grants.papers import fault
from schemas.errors import Problem
from streams.grants.events import number_of
from streams.grants.state import Document, State

SCHOOLS_NUMBER: Final = "GRT-104"
FILE_USED: Final = "GRT-115"
NUMBER_USED: Final = "GRT-215"


def requested(document: Document, school: str, states: Iterable[State]) -> list[Problem]:
    """GRT-115 if any grant has had the file, whatever for; GRT-104 if the school has had the number."""
    found = []
    for state in states:
        if state.ma_truong_hoc == school and number_of(document) in state.numbers:
            found.append(number_used(document))
        for paper in state.papers:
            if paper.sha256 == document.sha256:
                found.append(fault(FILE_USED, "sha256", digest=paper.sha256, used=said(paper, state)))
    return _once(found)


def number_used(document: Document) -> Problem:
    """GRT-104: the school has used the number in that year."""
    return fault(SCHOOLS_NUMBER, "number", number=document.number[:40], year=document.date.year)


def batched(document: Document, unit: str, states: Iterable[State]) -> list[Problem]:
    """GRT-115 if the file stands behind another batch or a request, GRT-215 if the unit has had the number in
    that year. The batch itself, which was sent and did not come to all of its schools, may go on."""
    found = []
    for state in states:
        for paper in state.papers:
            if document.list_sha256 and paper == document and state.managing == unit:
                continue
            if paper.sha256 == document.sha256:
                found.append(fault(FILE_USED, "sha256", digest=paper.sha256, used=said(paper, state)))
            elif (
                paper.kind == document.kind
                and state.managing == unit
                and number_of(paper) == number_of(document)
            ):
                found.append(fault(NUMBER_USED, "number", number=document.number[:40], year=paper.date.year))
    return _once(found)


def approved(own: State, states: Iterable[State]) -> list[Problem]:
    """GRT-115 for each document of a grant that another request or batch has had, too."""
    mine = {paper.sha256: paper for paper in (own.request, own.batch) if paper}
    return _once(
        fault(FILE_USED, "sha256", digest=paper.sha256, used=said(paper, state))
        for state in states
        if state.grant_id != own.grant_id
        for paper in state.papers
        if paper.sha256 in mine and not (paper == own.batch and state.managing == own.managing)
    )


def said(paper: Document, state: State) -> str:
    """What a document was used for, as people call it."""
    if paper.kind == "form_2":
        return f"Mẫu số 2 — Form 2 {paper.number} ({state.managing})"
    return f"Mẫu số 1 — Form 1 {paper.number} ({state.grant_id})"


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """Each once: a batch has as many grants as schools."""
    return list({str(problem): problem for problem in problems}.values())
