"""Code maps of the vendors, as data: vendor code or label → ministry code, by code list.

A map is looked up by the exact text: ``2`` (the vendor's teacher) and ``02`` (the ministry's employee) are
two codes, so nothing is ever padded with zeros. A code that is not in the map is an error of its record.
An empty ministry code says that the vendor's value means "nothing to send".

Maps of lists hold labels, compared folded, and a sender's digits, compared exactly. They are named one behind
the other, ``platform|vnedu|ministry``: the first that holds a value has said what it means. ``ministry`` are
the ministry's own labels, from the code lists.

A map has versions (``map_files``), a line may hold in some school years only (``entries``): the push's school
year chooses. ``doctor`` says what is doubtful about a map.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from producers.codemaps import entries as lines
from producers.codemaps import map_files
from producers.codemaps.code_map import PACKET, CodeMap, Rows, fold_cell, unambiguous
from schemas.codes import codelists

__all__ = ["MINISTRY", "PACKET", "CodeMap", "load", "wire_codes"]

MINISTRY: Final = "ministry"
_PROVINCE: Final = ("", "Tỉnh ", "Thành phố ", "TP ")
"""What may stand before a province's name."""


def load(
    name: str, year: int | None = None, folders: Sequence[Path] = (), version: int | None = None
) -> CodeMap:
    """The map of a name, or of several (``a|b``), as it is in a school year; without one, as it is now.

    ``folders`` may hold maps of their own. The newest version, if none is asked for. Raises OSError for a map
    that is not there, ProblemList (MAP-002) for one that cannot be read.
    """
    first, *more = name.split("|", 1)
    own = _load(first, year, tuple(folders), version)
    return own.before(load(more[0], year, folders)) if more else own


def read(name: str, folders: Sequence[Path] = (), version: int | None = None) -> list[lines.Entry]:
    """Every line of a map. Raises OSError, ProblemList."""
    return _lines(map_file(name, tuple(folders), version))


def map_file(name: str, folders: Sequence[Path] = (), version: int | None = None) -> map_files.MapFile:
    """A version of a map, the newest if none is named. Raises FileNotFoundError."""
    found = [m for m in map_files.versions(name, folders) if version in (None, m.version)]
    if not found:
        raise FileNotFoundError(f"{name}.csv")
    return found[-1]


@cache
def _load(name: str, year: int | None, folders: tuple[Path, ...], version: int | None) -> CodeMap:
    file = map_file(name, folders, version)
    given = _lines(file)
    if year is not None and not lines.is_dated(given):
        return _load(name, None, folders, version)
    rows = unambiguous(name, lines.in_force(given, year))
    return CodeMap(name, rows + _ministry_labels() if name == MINISTRY else rows, file.label)


@cache
def _lines(file: map_files.MapFile) -> list[lines.Entry]:
    return lines.parse(file.text(), file.file.name)


def _ministry_labels() -> Rows:
    """The labels of the code lists, without those that two codes of a list share."""
    rows = []
    for codelist, codes in codelists().items():
        said = Counter(fold_cell(code.label_vi) for code in codes.values())
        kinds = _PROVINCE if codelist == "TINH" else ("",)
        rows += [
            (codelist, kind + code.label_vi, code.code)
            for code in codes.values()
            if said[fold_cell(code.label_vi)] == 1
            for kind in kinds
        ]
    return rows


@cache
def wire_codes(codelist: str, *, integer: bool) -> dict[str, str]:
    """ministry code → a code that says it in a packet: digits without zeros where the field is an integer.

    The first entry of the map wins; for an integer field, the first that an integer can hold.
    """
    entries = load(PACKET).entries(codelist)
    wire: dict[str, str] = {}
    for vendor_code, ministry_code in entries.items():
        as_integer = vendor_code.isdigit() and str(int(vendor_code)) == vendor_code
        if ministry_code is not None and (as_integer or not integer):
            wire.setdefault(ministry_code, vendor_code)
    return wire
