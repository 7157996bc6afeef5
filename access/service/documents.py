"""Signed documents come in: a PDF as the body, kept if its signatures hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
from starlette.responses import Response

from access.accounts.account import Role
from access.audit import Kind
from access.documents import received
from access.service.door import Request, said
from access.service.parts import Parts
from schemas.errors import Problem, ProblemList

BUSY: Final = "SIG-009"
WHO: Final = frozenset(
    {Role.SCHOOL_HEAD, Role.SCHOOL_OFFICER, Role.DISTRICT_OFFICER, Role.DEPARTMENT_OFFICER}
)
"""Those who ask, batch and approve."""


@contextmanager
def judging(parts: Parts) -> Iterator[None]:
    """The turn of one document, or of those of one act. Raises ProblemList: SIG-009 while others wait for
    theirs: one more who waits would take a thread from the acts."""
    if not parts.documents.acquire(blocking=False):
        raise ProblemList([Problem(BUSY)])
    try:
        with parts.judging:
            yield
    finally:
        parts.documents.release()


def receive(request: Request) -> Response:
    """What its signatures are worth, and the SHA-256 by which acts name it; never who signed.

    Raises ProblemList: SIG-… (then it is not kept), SIG-009 while others are judged, ACC-034.
    """
    request.trying("document", request.account.unit)
    role = request.acts_as(WHO)
    with judging(request.parts):
        found = received.receive(request.parts.settings, request.content)
    request.trying("document", found.sha256, role)
    request.record(Kind.DONE)
    return said(msgspec.to_builtins({"sha256": found.sha256, "signatures": found.signatures}), 201)
