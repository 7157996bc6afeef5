"""The list that a unit hands in with Form 2, as a file: it says what the batch says, or is refused. Pure."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from access.documents import comparing
from access.documents.form2 import Form2
from access.documents.list_reading import ListRead
from access.grants.papers import Request2, fault
from schemas.errors import Problem, ProblemList
from schemas.organisation.organisation import Organisation

NO_LIST: Final = "GRT-213"
NO_FILE: Final = "GRT-214"


@dataclass(frozen=True)
class SentList:
    """The file, its SHA-256 ("" without one), what stands in it (None if nobody can say) and what is
    wrong with it by itself."""

    data: bytes = b""
    sha256: str = ""
    file: str = ""
    found: ListRead | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def schools(self) -> tuple[str, ...]:
        """Codes in it, whatever they are."""
        return tuple(line.school for line in self.found.lines) if self.found else ()

    def against(self, form: Form2, known: Organisation) -> list[Problem]:
        """All that is wrong with it as the list of this batch: FORM-05… and others for each difference."""
        if self.found is None:
            return list(self.problems)
        return comparing.differences(form, self.found, known, self.file)


def read(asked: Request2, reader: Callable[[bytes, str], ListRead], *, needed: bool) -> SentList:
    """The list that goes with a batch; ``reader`` reads its file (``list_file.read``).

    Its problems: FORM-07… and 08… for a file that is no list, GRT-213 if it is ``needed`` and missing,
    GRT-214 if it is not base64.
    """
    if not asked.list_file:
        return SentList(problems=(fault(NO_LIST, "list_file"),) if needed else ())
    try:
        data = b64decode(asked.list_file, validate=True)
    except (binascii.Error, ValueError):
        return SentList(problems=(fault(NO_FILE, "list_file"),))
    file, digest = asked.list_name[:100] or "list", sha256(data).hexdigest()
    try:
        return SentList(data, digest, file, reader(data, file))
    except ProblemList as refused:
        return SentList(data, digest, file, None, tuple(refused.problems))
