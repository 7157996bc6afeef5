"""The pages of docs/operations.md and their commands."""

import re
from typing import Final

from tests.support import ROOT

PAGES: Final = ROOT / "docs" / "operations.md"


def pages() -> dict[str, str]:
    """Alert → its page."""
    found = re.split(r"^## (\w+)\n", PAGES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def blocks() -> list[tuple[bool, list[str]]]:
    """(whether it only looks, its commands) of every block."""
    found = re.findall(
        r"^```sh( look)?\n(.*?)^```$", PAGES.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return [(bool(look), lines.splitlines()) for look, lines in found]
