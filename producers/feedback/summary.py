"""The sheet of faults as a worksheet's part: every text is a text cell, whatever it begins with."""

from collections.abc import Collection, Sequence
from typing import Final

from producers.feedback import told, xml
from producers.feedback.cells import letters
from producers.feedback.places import Located

MAX_LINKS: Final = 65_530
"""Of a worksheet, as Excel has it; with more it repairs the file."""

MAX_LINES: Final = 1_000_000
MAX_NAME: Final = 31
"""Characters of a sheet's name."""

_WIDTHS: Final = (9, 16, 8, 26, 13, 11, 80, 60, 11, 18)


def part(found: Sequence[Located], sheets: Collection[str], main: str) -> bytes:
    """``sheets``: names of those that a cell may be linked to; ``main``: namespace of the workbook."""
    lines = [[title] for title in told.titles(found)]
    lines += [[], list(told.HEAD)]
    first = len(lines) + 1
    shown = found[:MAX_LINES]
    lines += [list(told.line(f)) for f in shown]
    if len(found) > len(shown):
        lines.append([f"… +{len(found) - len(shown)}"])
    rows = "".join(_row(n, line) for n, line in enumerate(lines, 1) if line)
    links = [
        f'<hyperlink ref="A{n}" location={xml.attribute(_target(f))} display={xml.attribute(f.address)}/>'
        for n, f in enumerate(shown, first)
        if f.address and f.finding.place.sheet in sheets
    ][:MAX_LINKS]
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in enumerate(_WIDTHS, 1)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns={xml.attribute(main)}>'
        f'<sheetPr><tabColor rgb="FFFFC7C9"/></sheetPr><sheetViews><sheetView workbookViewId="0">'
        f'<pane ySplit="{first - 1}" topLeftCell="A{first}" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{widths}</cols><sheetData>{rows}</sheetData>"
        f"{'<hyperlinks>' + ''.join(links) + '</hyperlinks>' if links else ''}</worksheet>"
    ).encode()


def name(taken: Collection[str]) -> str:
    """A name for the sheet that no other has: names are compared without capitals."""
    known = {t.casefold() for t in taken}
    names = (told.SHEET if n == 1 else f"{told.SHEET} ({n})" for n in range(1, len(known) + 2))
    return next(n for n in names if n.casefold() not in known)


def _row(number: int, line: Sequence[str]) -> str:
    cells = "".join(
        f'<c r="{letters(n)}{number}" t="inlineStr"><is><t xml:space="preserve">{xml.text(text)}</t></is></c>'
        for n, text in enumerate(line, 1)
        if text
    )
    return f'<row r="{number}">{cells}</row>'


def _target(found: Located) -> str:
    sheet = found.finding.place.sheet.replace("'", "''")
    return f"'{sheet}'!{found.address}"
