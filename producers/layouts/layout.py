"""A layout: what a known list or answer of some system holds, column by column.

``producers/layouts/formats.csv`` has a line a layout:

- ``name``: also the name of its file of columns, ``<name>.csv``; ``record_type``: what it is read as, empty
  if it is not sent;
- ``carries``: pupils, staff, classes, schools; marks, comments, health, attendance, catalogue, accounts, log,
  status, packet; ``sent``: yes or no. A layout that is not sent is known only in order to be named;
- ``vendors``: who sends it (``vnedu|smas``), empty: anybody; ``codemap``: the map of its labels and codes;
- ``kind``: ``sheet`` (workbooks and csv), ``json`` (captions are paths), ``packet``;
- ``title_vi``, ``title_en``: what it is, as said to people; ``note``.

``<name>.csv`` has a line a column, found by its caption, never by its position:

- ``caption``, ``synonyms`` (``a|b``): levels of a header joined by `` > ``, outermost first. A level ``*`` is
  any text (a subject, a number). In JSON the path: ``pupil > name``;
- ``targets`` (``a|b``): fields of the record type; ``codelist``: of ``label``;
- ``required``: yes if a list without the column cannot be read; ``rank``: of several columns with one target
  the lowest with a value wins;
- ``format``, of which an argument follows a colon:

  - ``id`` (digits or letters of a code), ``id:OWN=moet.`` (with this before it also that field, where no
    column is: a list whose only code is another's); ``citizen:SEX,BIRTH`` (12-digit number; a lost zero is
    repaired where the two fields named prove it); ``identity:SEX,BIRTH`` (the same, and older numbers into
    the second target); ``commune`` (a code of five digits; a name is told and not sent);
    ``school`` (of the row: a row of another school than the push's is refused);
  - ``name``, ``name:GIVEN`` (its last word is that field too); ``text``;
  - ``part`` (columns with one target are joined by ", " in the order of their ranks), ``part:FIELD`` (alone
    it is that field too, by the code list if it has one); ``name_part`` (joined by a blank),
    ``name_part:GIVEN``; ``word:Sáng`` (the word that a yes says; words of one target are joined and read by
    the code list);
  - ``class``, ``class:GRADE`` (a class name; the grade it begins with is that field's where nothing says it
    better; without a caption it is in no column: a title, a row of its own or the sheet's name says it);
    ``grade`` (6, 06, Khối 6; other labels by the code list);
  - ``date`` (day first); ``year``; ``phone``; ``int``; ``number``;
  - ``label``, ``label:99`` (what a blank means); ``disability`` (two targets: whether, which);
  - ``tick`` (x or blank; yes or no), ``tick:09`` (the code that a tick means), ``tick:02,01`` (and the code
    of a blank); ``flag`` (yes or no, a blank says neither);
  - ``skip`` (known, says nothing); ``unsent`` (known, no field to send it in: told); ``constant:01`` (no
    column: what the list says of every record; ``constant:@year``: the school year of the push).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from producers.text import fold

Kind = Literal["sheet", "json", "packet"]
LEVELS: Final = " > "
ANY: Final = "*"
"""A level that is any text."""

COLUMN_FORMATS: Final = (
    "id", "citizen", "identity", "commune", "school", "name", "text", "part", "name_part", "word", "class",
    "grade", "date", "year", "phone", "int", "number", "label", "disability", "tick", "flag", "skip",
    "unsent", "constant",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a layout."""

    caption: str
    synonyms: tuple[str, ...]
    targets: tuple[str, ...]
    format: str
    argument: str
    codelist: str
    required: bool
    rank: int

    @classmethod
    def of_row(cls, row: Mapping[str, str]) -> "Column":
        """A line of a layout's file. Raises ValueError, KeyError."""
        form, _, argument = row["format"].partition(":")
        if form not in COLUMN_FORMATS:
            raise ValueError(f"column {row['caption']!r}: format {form!r}")
        return cls(
            caption=row["caption"],
            synonyms=_split(row["synonyms"]),
            targets=_split(row["targets"]),
            format=form,
            argument=argument,
            codelist=row["codelist"],
            required=row["required"] == "yes",
            rank=int(row["rank"] or 1),
        )


@dataclass(frozen=True)
class Layout:
    """A list of one record type, or one that is known and not sent (``record_type`` empty)."""

    name: str
    record_type: str
    carries: str
    sent: bool
    vendors: tuple[str, ...]
    codemap: str
    kind: Kind
    title_vi: str
    title_en: str
    columns: tuple[Column, ...]
    constants: tuple[Column, ...]
    """What holds for every record of the list, in no column."""

    def by_caption(self) -> dict[str, Column]:
        """Folded caption or synonym → column."""
        return {fold(caption): c for c in self.columns for caption in (c.caption, *c.synonyms)}

    def sent_by(self, vendor: str) -> bool:
        """Whether files of this layout come from the vendor."""
        return not self.vendors or vendor in self.vendors


def layout_of(line: dict[str, str], columns: list[dict[str, str]]) -> Layout:
    """A line of ``formats.csv`` and the lines of its columns. Raises ValueError if one cannot be read."""
    if line["sent"] not in ("yes", "no") or line["kind"] not in ("sheet", "json", "packet"):
        raise ValueError(f"formats.csv: {line['name']}: sent {line['sent']!r}, kind {line['kind']!r}")
    rows = [Column.of_row(row) for row in columns]
    return Layout(
        line["name"],
        line["record_type"],
        line["carries"],
        line["sent"] == "yes",
        _split(line["vendors"]),
        line["codemap"],
        cast("Kind", line["kind"]),
        line["title_vi"],
        line["title_en"],
        columns=tuple(c for c in rows if c.format != "constant"),
        constants=tuple(c for c in rows if c.format == "constant"),
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split("|") if part)
