"""Layouts of the lists and answers that vendors and schools send, as data (``layout.py`` says in what form).

``formats.csv`` names them, ``<name>.csv`` has the columns of each; ``synonyms.csv`` says which field a
caption stands for in a list that no layout knows. A new layout is a line and a file.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from producers import codemaps
from producers.codemaps import CodeMap
from producers.layouts.layout import Column, Layout, layout_of
from producers.layouts.vocabulary import Vocabulary, vocabulary
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList, SourceLocation

__all__ = ["Column", "Layout", "Library", "known", "library"]

FORMATS: Final = "formats.csv"
SYNONYMS: Final = "synonyms.csv"
UNREADABLE_FOLDER: Final = "FILE-035"


@dataclass(frozen=True)
class Library:
    """Every layout that is known, by name; the captions they are found by; where further code maps lie."""

    layouts: Mapping[str, Layout]
    captions: Vocabulary
    folders: tuple[Path, ...] = ()

    def layout(self, name: str) -> Layout:
        """The layout of a name. Raises KeyError."""
        return self.layouts[name]

    def codemap(self, name: str, year: int | None = None) -> CodeMap:
        """The code map of a name, or of several (``a|b``), in a school year: a further folder's, else the
        product's own."""
        return codemaps.load(name, year, self.folders)

    def packet_codemap(self, vendor: str, year: int) -> CodeMap:
        """The map of the codes in a vendor's packets: its own, if a layout names one, else everybody's."""
        packets = [x for x in self.of_vendor(vendor) if x.kind == "packet"]
        return self.codemap(packets[0].codemap if packets else codemaps.PACKET, year)

    def of_vendor(self, vendor: str) -> list[Layout]:
        """Layouts with records that a vendor sends, its own first."""
        sent = [x for x in self.layouts.values() if x.sent and x.sent_by(vendor)]
        return sorted(sent, key=lambda x: not x.vendors)

    def labels_of(self, vendor: str, record_type: str, year: int | None = None) -> CodeMap:
        """The map for a vendor's list that no layout knows: that of its lists, the longest chain of them."""
        lists = [x for x in self.of_vendor(vendor) if x.kind != "packet" and x.codemap]
        own = [x for x in lists if x.vendors] or lists
        best = max(own, key=lambda x: (x.codemap.count("|"), x.record_type == record_type))
        return self.codemap(best.codemap, year)


@cache
def library(*more: Path) -> Library:
    """The product's own layouts, and those of further folders, which may replace one by its name.

    A folder holds ``formats.csv``, a file of columns a layout, and may hold ``synonyms.csv`` and code maps
    (``codemap_<name>.csv``). Raises OSError, ValueError, KeyError where its data cannot be read.
    """
    folders = (files(__name__), *more)
    layouts = {layout.name: layout for folder in folders for layout in _layouts(folder)}
    synonyms = [line for f in folders if f.joinpath(SYNONYMS).is_file() for line in _rows(f, SYNONYMS)]
    return Library(layouts, vocabulary(layouts.values(), synonyms), more)


def known(settings: Settings) -> Library:
    """The product's layouts, and those of the settings' folder. Raises ProblemList (FILE-035)."""
    if settings.layouts_dir == Path():
        return library()
    try:
        return library(settings.layouts_dir)
    except (OSError, ValueError, KeyError) as error:
        place = SourceLocation(str(settings.layouts_dir))
        raise ProblemList([Problem(UNREADABLE_FOLDER, place, {"reason": str(error)})]) from None


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
