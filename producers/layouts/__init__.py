"""Layouts of the lists and answers that vendors and schools send, as data (``layout.py`` says in what form).

``formats.csv`` names them, ``<name>.csv`` has the columns of each. A new layout is a line and a file.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from producers.layouts.layout import Column, Layout, layout_of

__all__ = ["Column", "Layout", "Library", "library"]

FORMATS: Final = "formats.csv"


@dataclass(frozen=True)
class Library:
    """Every layout that is known, by name."""

    layouts: Mapping[str, Layout]

    def layout(self, name: str) -> Layout:
        """The layout of a name. Raises KeyError."""
        return self.layouts[name]


@cache
def library(*more: Path) -> Library:
    """The product's own layouts, and those of further folders, which may replace one by its name.

    A folder holds ``formats.csv`` and a file of columns a layout. Raises OSError, ValueError, KeyError where
    its data cannot be read.
    """
    found = [layout for folder in (files(__name__), *more) for layout in _layouts(folder)]
    return Library({layout.name: layout for layout in found})


def _layouts(folder: Traversable) -> list[Layout]:
    return [
        layout_of(line, [] if line["kind"] == "packet" else _rows(folder, f"{line['name']}.csv"))
        for line in _rows(folder, FORMATS)
    ]


def _rows(folder: Traversable, name: str) -> list[dict[str, str]]:
    text = folder.joinpath(name).read_text(encoding="utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def vnedu_student_list() -> Layout:
    """vnEdu's list of pupils, 38 columns, all classes on one sheet."""
    return library().layout("vnedu_student_list_38")
