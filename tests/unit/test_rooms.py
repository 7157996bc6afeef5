"""Each room says what it is for and what it may import; import-linter keeps what it says."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOP = (
    "schemas",
    "runtime",
    "producers",
    "streams",
    "sinks",
    "readings",
    "access",
    "deploy",
    "backup",
    "retention",
    "doctor",
    "rehearsal",
    "demo",
    "cli",
)
ROOMS = sorted(
    path.parent.relative_to(ROOT)
    for top in TOP
    for path in (ROOT / top).rglob("__init__.py")
    if "versions" not in path.parts
)
SAYS = ("mports", "may import", "import it", "pure", "data", "printed from")


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_a_room_says_what_it_is_for(room: Path):
    said = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text("utf-8")))
    assert said and len(said.split("\n")[0]) > 20, f"{room} says nothing"


@pytest.mark.parametrize("room", [r for r in ROOMS if len(r.parts) == 1], ids=str)
def test_a_top_room_says_what_it_may_import(room: Path):
    said = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text("utf-8"))) or ""
    assert any(word in said for word in SAYS), f"{room} does not say what it may import"
