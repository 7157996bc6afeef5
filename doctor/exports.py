"""Exports to the Ministry that were withheld: they wait for somebody, however well all else goes on."""

from collections.abc import Iterator
from contextlib import closing
from typing import Final

from doctor.section import Finding
from readings import exports
from runtime import postgres
from runtime.settings import Settings
from schemas.errors import Problem

WITHHELD: Final = "DOC-008"


def section(settings: Settings) -> Iterator[Finding]:
    """One finding a code: how many exports are withheld for it."""
    with closing(postgres.connect(settings, "csdl doctor")) as conn:
        found = exports.listed(conn, exports.WITHHELD)
    for code in sorted({one.code for one in found}):
        of_code = [one for one in found if one.code == code]
        params = {"reason": code, "count": len(of_code), "subject": of_code[0].dataset_id}
        yield Finding(Problem(WITHHELD, params=params))
