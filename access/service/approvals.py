"""What an approval decides on: the documents of its grants, each its own, and each good now."""

from collections import defaultdict
from collections.abc import Sequence

from access.grants import used
from access.service import signatures
from access.service.door import Request
from access.service.signatures import Checked, Paper
from schemas.errors import ProblemList
from streams.grants.state import Document, Standing, State


def checked(request: Request, states: Sequence[State]) -> Checked:
    """How the documents that an approval decides on were checked, now. Raises ProblemList: FORM-…, SIG-…,
    GRT-115 for one that stands behind another request or batch, too."""
    schools: dict[tuple[str, Document], list[str]] = defaultdict(list)
    decided = [s for s in states if s.state in (Standing.BATCHED, Standing.REQUESTED)]
    for state in decided:
        if state.paper is not None:
            schools[state.managing or state.ma_truong_hoc, state.paper].append(state.ma_truong_hoc)
    every = request.parts.granted.all() if decided else []
    if problems := [p for state in decided for p in used.approved(state, every)]:
        raise ProblemList(problems)
    papers = [Paper(unit, document, tuple(codes)) for (unit, document), codes in schools.items()]
    return signatures.checked(request, papers)
