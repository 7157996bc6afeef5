"""Whether an officer that a form names is of the school's staff: the database answers yes or no, and no name
leaves it."""

from collections.abc import Iterable
from typing import Final

from access.service.door import Request
from schemas.errors import Problem, SourceLocation

NOT_STAFF: Final = "FORM-016"
NOT_YET_KNOWN: Final = "FORM-202"


def problems(
    request: Request, named: Iterable[tuple[str, str, SourceLocation]]
) -> tuple[list[Problem], list[Problem]]:
    """Of each school, officer and place in the form: FORM-016 where the school has staff and none of that
    name; beside them FORM-202 where none is known yet, as before a school's first push."""
    asked = list(named)
    with request.parts.connections.statement() as conn, conn.cursor() as cur:
        cur.execute(
            "SELECT staff_named(school, name) FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY"
            " AS asked (school, name, n) ORDER BY n",
            ([_letters(school) for school, _, _ in asked], [_letters(name) for _, name, _ in asked]),
        )
        answers = [known for (known,) in cur.fetchall()]
    told: dict[bool | None, list[Problem]] = {False: [], None: [], True: []}
    codes = {False: NOT_STAFF, None: NOT_YET_KNOWN, True: ""}
    for (school, _, place), known in zip(asked, answers, strict=True):
        told[known].append(Problem(codes[known], place, {"school": school}))
    return told[False], told[None]


def _letters(text: str) -> str:
    """What the database can be asked with, whatever was sent."""
    return "".join(letter for letter in text if letter.isalnum() or letter == " ")
