"""Every code that the code gives is in a catalogue, and every catalogued error is given somewhere."""

import re
from functools import cache

from schemas import errors
from schemas.rules.catalogue import all_rules
from tests.support import PACKAGES, ROOT

CODE = re.compile(r"""["'](?!SCRAM-|SHA-)([A-Z]{2,5}-(?:\d{3}|[A-Z]+(?:-[A-Z]+)*))\b""")


@cache
def given() -> dict[str, str]:
    """code at a text's beginning → a file that has it, of everything that runs."""
    files = [p for package in (*PACKAGES, "deploy") for p in sorted((ROOT / package).rglob("*.py"))]
    return {
        code: str(path.relative_to(ROOT)) for path in files for code in CODE.findall(path.read_text("utf-8"))
    }


def test_every_code_that_is_given_has_a_message():
    known = errors.catalogue().keys() | {rule.id for rule in all_rules()}
    assert {code: path for code, path in given().items() if code not in known} == {}


def test_every_catalogued_error_is_given_somewhere():
    assert sorted(errors.catalogue().keys() - given().keys()) == []
