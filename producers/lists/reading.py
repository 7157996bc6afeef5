"""Lists of a file, recognised by their captions wherever they stand, as tables of records.

Whatever a sheet holds is read, or named in an error or a warning: sheets, rows, columns and cells.
"""

from collections.abc import Sequence
from typing import Final

from producers.adapters.grid import TOO_MUCH, TooMuch
from producers.adapters.sheets import Sheet
from producers.layouts import Library
from producers.layouts.layout import Kind
from producers.lists import classes, rows, said, table, titles
from producers.lists.answers import Answers
from producers.lists.choice import decided
from producers.lists.recognition import STRANGERS
from producers.lists.tables import Found, Table, tables
from producers.model import Reading, Target
from schemas.contracts.contracts import record, record_types
from schemas.errors import Problem, ProblemList, SourceLocation

NO_HEADER: Final = "FILE-015"
ANOTHER_VENDOR: Final = "FILE-024"
NOT_SENT: Final = "FILE-030"
ANOTHER_KIND: Final = "FILE-031"
TWO_KINDS: Final = "FILE-032"
NO_LIST: Final = "FILE-201"
HIDDEN: Final = "FILE-206"
PASSED_OVER: Final = "FILE-213"
NOT_SENT_SHEET: Final = "FILE-214"
OTHER_LIST: Final = "FILE-048"
SKIPPED: Final = {NOT_SENT: NOT_SENT_SHEET, OTHER_LIST: "FILE-223"}
"""What is only told where another list of the file is read."""
LACKING: Final = 3
"""Required fields without a column that make it doubtful whether a list is one of their records."""
FOREIGN: Final = 2
"""Captions of a kind of record that is not sent, which make a list without a layout one of that kind."""


def read(
    source: str,
    given: Sequence[Sheet],
    target: Target,
    library: Library,
    kind: Kind = "sheet",
    answers: Answers | None = None,
) -> Reading:
    """Records of all lists of a file; ``answers`` is what the sender says of columns. Raises ProblemList with
    all that is wrong with the file's form; where a column is asked for, with all else that is told of it."""
    warnings: list[Problem] = []
    hidden = [Problem(HIDDEN, SourceLocation(source, s.name)) for s in given if s.hidden]
    problems: list[Problem] = []
    refusals: list[Problem] = []
    lists: list[table.Prepared] = []
    for sheet in given:
        if sheet.hidden:
            continue
        found = of_sheet(source, sheet, library, kind)
        if not found.tables:
            warnings.append(Problem(NO_LIST, SourceLocation(source, sheet.name)))
        for row in found.passed_over:
            warnings.append(Problem(PASSED_OVER, SourceLocation(source, sheet.name, row)))
        for undecided in found.tables:
            one = decided(undecided, library, target.vendor, answers)
            if refusal := _no_records(source, one, library, target):
                refusals.append(refusal)
            else:
                lists.append(table.prepare(source, one, target, library))
    if not lists:
        raise ProblemList(refusals or [Problem(NO_HEADER, SourceLocation(source)), *hidden])
    for refusal in refusals:
        if refusal.code in SKIPPED:
            warnings.append(Problem(SKIPPED[refusal.code], refusal.place, refusal.params))
        else:
            problems.append(refusal)
    problems += [p for one in lists for p in one.problems]
    if problems:
        asked = any(p.code == said.TWO_FIELDS for p in problems)
        doubts = [*(w for one in lists for w in one.warnings), *warnings, *hidden] if asked else []
        raise ProblemList(problems + doubts)
    read_tables = []
    for prepared in lists:
        records, doubts = table.read(source, prepared, target, library)
        read_tables.append(records)
        warnings += [*prepared.warnings, *doubts]
    return Reading(read_tables, warnings + hidden, said.no_year(source, [one.table for one in lists], target))


def of_sheet(source: str, sheet: Sheet, library: Library, kind: Kind) -> Found:
    """The tables of a sheet. Raises ProblemList (FILE-026)."""
    try:
        return tables(sheet, library.captions, kind)
    except TooMuch:
        raise ProblemList([Problem(TOO_MUCH, SourceLocation(source, sheet.name))]) from None


def _no_records(source: str, one: Table, library: Library, target: Target) -> Problem | None:
    """Why a table's records are not for this push: another kind of record, two kinds, another vendor's."""
    meaning, place = one.meaning, SourceLocation(source, one.sheet.name, one.row)
    layout = meaning.layout
    if layout is not None:
        if not layout.record_type:
            return Problem(NOT_SENT, place, {"vi": layout.title_vi, "en": layout.title_en})
        if not layout.sent_by(target.vendor):
            own = (x for x in library.of_vendor(target.vendor) if x.vendors or x.kind == "packet")
            formats = ", ".join(x.name for x in own)
            return Problem(ANOTHER_VENDOR, SourceLocation(source), {"formats": formats, "found": layout.name})
        rival = meaning.recognition.rival()
        if rival is not None:
            kinds = {"first": layout.title_vi, "second": rival.layout.title_vi}
            return Problem(TWO_KINDS, place, kinds)
    foreign = meaning.foreign(library.captions)
    if meaning.record_type not in record_types() or len(foreign) >= (STRANGERS if layout else FOREIGN):
        names = ", ".join(m.caption for m in foreign or meaning.columns)
        return Problem(ANOTHER_KIND, place, {"columns": names})
    if kind := _by_title_or_columns(one, library):
        return Problem(OTHER_LIST, place, {"what": kind, "kind": record(meaning.record_type).label_vi})
    if meaning.rivals:
        names = ", ".join(record(t).label_vi if t in record_types() else t for t in meaning.rivals)
        return Problem(TWO_KINDS, place, {"first": record(meaning.record_type).label_vi, "second": names})
    return None


def _by_title_or_columns(one: Table, library: Library) -> str | None:
    """What a list of persons is that lacks what makes one of its records, and whose title or columns say
    that it is another: a book of comments that was filled in would be new pupils."""
    if not record(one.meaning.record_type).witnesses:
        return None
    if len(said.lacking(one.meaning, classes.said(one, rows.groups(one.texts), library))) < LACKING:
        return None
    if title := titles.another_kind(one.titles):
        return title
    beside = one.meaning.beside(library.captions)
    return ", ".join(m.caption for m in beside) if len(beside) >= FOREIGN else None
