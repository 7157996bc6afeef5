"""What runs: the version of the installed product, and the commit that its release was made of."""

import json
from importlib.metadata import version as installed
from pathlib import Path
from typing import Final

STAMP: Final = Path(__file__).with_name("release.json")
"""Written by ``deploy.release`` into what it builds; a checkout has none."""


def version() -> str:
    """As 0.9.0 (commit 58d8f54a1b, /opt/csdl/releases/0.9.0)."""
    try:
        commit = str(json.loads(STAMP.read_text(encoding="utf-8"))["commit"])[:10]
    except FileNotFoundError:
        commit = "-"
    return f"{installed('csdl')} (commit {commit}, {Path(__file__).parents[1]})"
