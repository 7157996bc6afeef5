"""Where the contracts lie: this package, or the folder named by ``CSDL_SCHEMAS`` (a province's own copy)."""

import os
from pathlib import Path


def home() -> Path:
    """Folder that holds records/, events/, codelists/, versions/ and ids.json."""
    return Path(os.environ.get("CSDL_SCHEMAS", Path(__file__).parent))
