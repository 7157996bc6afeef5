"""Where the contracts lie: this package, or the folder named by ``CSDL_SCHEMAS`` (a province's own copy)."""

import os
from functools import cache
from pathlib import Path


def contracts_folder() -> Path:
    """Folder that holds records/, events/, codelists/, versions/ and ids.json."""
    return _folder(os.environ.get("CSDL_SCHEMAS", ""))


@cache
def _folder(named: str) -> Path:
    # Asked for at every event that is encoded: one Path, whose hash is computed once.
    return Path(named) if named else Path(__file__).parents[1]
