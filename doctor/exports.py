"""Exports to the Ministry that do not go out: they wait for somebody, or for load and check."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from doctor.section import Finding
from readings import exports
from runtime import postgres
from runtime.settings import Settings
from schemas.errors import Problem

HELD_UP: Final = "DOC-008"


def section(settings: Settings) -> Iterator[Finding]:
    """One finding a code: how many exports do not go out for it."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        found = [one for one in exports.listed(conn) if one.code and one.state in exports.HELD_UP]
    for code in sorted({one.code for one in found}):
        of_code = [one for one in found if one.code == code]
        params = {"reason": code, "count": len(of_code), "subject": of_code[0].dataset_id}
        yield Finding(Problem(HELD_UP, params=params))
