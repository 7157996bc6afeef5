"""How the local stack says what is wrong: one problem, with a code from the catalogue."""

from typing import NoReturn

from schemas.errors import Problem, ProblemList


def fail(code: str, **params: object) -> NoReturn:
    """Raise the problem. The command line prints it as one line in each language and exits 1."""
    raise ProblemList([Problem(code, params=params)]) from None
