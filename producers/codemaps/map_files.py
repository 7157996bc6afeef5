"""Where code maps lie, and their versions: ``<name>.csv`` is version 1, ``<name>-2.csv`` the next.

A map that is in use is never changed: its next version is a file of its own, and earlier ones stay readable.
``versions.csv`` says since when a version stands and keeps the hash of each that was released.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

OWN: Final = files("producers.codemaps")
PREFIX: Final = "codemap_"
"""Before a map's name in a folder of layouts."""


@dataclass(frozen=True)
class MapFile:
    """One version of a map."""

    name: str
    version: int
    file: Traversable

    @property
    def label(self) -> str:
        """As it is told: ``smas 1``."""
        return f"{self.name} {self.version}"

    def text(self) -> str:
        """Its content. Raises OSError."""
        return self.file.read_text(encoding="utf-8-sig")


def versions(name: str, folders: Sequence[Path] = ()) -> list[MapFile]:
    """Every version of a map, oldest first: the last further folder's that has it, else the product's own."""
    places = [(folder, PREFIX) for folder in reversed(folders)]
    for folder, prefix in [*places, (OWN, "")]:
        form = re.compile(rf"{re.escape(prefix + name)}(?:-([0-9]+))?\.csv")
        named = [(found, f) for f in folder.iterdir() if (found := form.fullmatch(f.name))]
        if named:
            maps = [MapFile(name, int(n[1] or 1), f) for n, f in named]
            return sorted(maps, key=lambda m: m.version)
    return []


def names() -> list[str]:
    """The product's own maps."""
    found = {re.sub(r"(-[0-9]+)?\.csv$", "", f.name) for f in OWN.iterdir() if f.name.endswith(".csv")}
    return sorted(found - {"versions", "withdrawn"})
