"""The text of a PDF as people read it, in the process that judges PDFs: of what others sent.

It knows nothing of this project.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Final

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar, LTComponent, LTFigure, LTImage
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage

MAX_TEXT: Final = 1_000_000
"""Letters of a document. A list of 2,000 schools has 300,000."""
SAME_LINE: Final = 2.0
"""By so many points letters of one line may stand higher or lower."""
GAP: Final = 0.2
"""Of a letter's height, between words."""


def text_of(pdf: bytes) -> tuple[str, bool]:
    """The text of its pages, and whether there is a page that no one but a person reads: of pictures, or of
    letters that the file does not name. No more is gathered than is said to be too much."""
    pages: list[str] = []
    unread = False
    try:
        resources = PDFResourceManager()
        seen = PDFPageAggregator(resources, laparams=None)
        interpreter = PDFPageInterpreter(resources, seen)
        for page in PDFPage.get_pages(BytesIO(pdf)):
            interpreter.process_page(page)
            letters, pictures = _drawn(seen.get_result())
            named = [letter for letter in letters if not letter.get_text().startswith("(cid:")]
            pages.append(_lines(named))
            unread = unread or 2 * len(named) < len(letters) or (pictures and not letters)
            if sum(map(len, pages)) > MAX_TEXT:
                break
    except MemoryError:
        raise
    except Exception:  # whatever a strange file makes the library say: people must look at it
        return "", True
    return "\n".join(pages), unread


def _drawn(parts: Iterable[LTComponent]) -> tuple[list[LTChar], bool]:
    """Letters, wherever they stand, and whether there are pictures."""
    letters: list[LTChar] = []
    pictures = False
    for part in parts:
        if isinstance(part, LTChar):
            letters.append(part)
        elif isinstance(part, LTFigure):
            inner, more = _drawn(part)
            letters += inner
            pictures = pictures or more
        pictures = pictures or isinstance(part, LTImage)
    return letters, pictures


def _lines(letters: Sequence[LTChar]) -> str:
    """As people read them: by place. In a file they stand in any order: letters that a font lacks are drawn
    after the others of their line, by another font."""
    lines: list[list[LTChar]] = []
    height = 0.0
    for letter in sorted(letters, key=lambda one: -one.matrix[5]):
        if not lines or height - letter.matrix[5] > SAME_LINE:
            lines.append([])
            height = letter.matrix[5]
        lines[-1].append(letter)
    return "\n".join(_line(sorted(line, key=lambda one: one.x0)) for line in lines)


def _line(letters: Sequence[LTChar]) -> str:
    said = ""
    before = None
    for letter in letters:
        if before is not None and letter.x0 - before.x1 > letter.size * GAP:
            said += " "
        said, before = said + letter.get_text(), letter
    return said
