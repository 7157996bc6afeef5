"""Whether the cells of a column are plainly of another kind than its caption says."""

from typing import Final

import polars as pl

ENOUGH: Final = 5
"""Filled cells without which nothing is said of a column."""
MOST: Final = 0.8
FULL: Final = 0.9
GIVEN: Final = 2
"""Words of a given name, at most."""
FEW_LABELS: Final = 3
"""Different texts that a column of labels has, such as Nam and Nữ."""

_KINDS: Final = {
    "ngày/dates": r"^[0-9]{1,2}[/.\-][0-9]{1,2}[/.\-][0-9]{2,4}( .*)?$|^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?$",
    "số/numbers": r"^[+0-9][0-9 .]{7,}$",
    "chữ/words": r"^\p{L}[\p{L}\p{M}\s.'’\-]*$",
}
"""What a cell shows → how such a cell looks. Short numbers are of every kind."""

_CONTRADICT: Final = {
    "date": ("chữ/words",),
    "year": ("chữ/words",),
    "id": ("ngày/dates",),
    "citizen": ("ngày/dates", "chữ/words"),
    "identity": ("ngày/dates", "chữ/words"),
    "phone": ("ngày/dates", "chữ/words"),
    "name": ("ngày/dates", "số/numbers"),
    "name_part": ("ngày/dates", "số/numbers"),
    "text": ("ngày/dates", "số/numbers"),
    "part": ("ngày/dates", "số/numbers"),
    "grade": ("ngày/dates", "số/numbers"),
    "label": ("ngày/dates", "số/numbers"),
    "tick": ("ngày/dates", "số/numbers"),
    "flag": ("ngày/dates", "số/numbers"),
    "int": ("ngày/dates", "chữ/words"),
    "number": ("ngày/dates", "chữ/words"),
}
"""Format of a column → kinds of cells that it cannot hold."""


def contradiction(form: str, cells: pl.Series) -> str:
    """The kind of most cells, if a column of this format cannot hold it; else nothing."""
    filled = cells.drop_nulls()
    if filled.len() < ENOUGH:
        return ""
    for kind in _CONTRADICT.get(form, ()):
        if filled.str.contains(_KINDS[kind]).sum() >= MOST * filled.len():
            return kind
    return ""


def given_names(names: pl.Series, beside: pl.Series) -> bool:
    """Whether a column without a caption holds the given names of those on its left: words of no fixed list,
    wherever there is a name."""
    filled = beside.filter(names.is_not_null()).drop_nulls()
    if filled.len() < ENOUGH or filled.len() < FULL * names.count() or filled.len() < beside.count():
        return False
    words = filled.str.contains(_KINDS["chữ/words"]) & (filled.str.count_matches(" ") < GIVEN)
    return bool(words.all()) and filled.n_unique() > max(FEW_LABELS, filled.len() // 10)
