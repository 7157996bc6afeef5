"""What is told of faulty cells, in a size that people read: notes, and the lines of the sheet of faults."""

from collections.abc import Mapping, Sequence
from typing import Final

from producers.feedback import own
from producers.feedback.places import Located
from producers.preflight import ORDER

NOTE_FINDINGS: Final = 8
"""Told in one note; of more, the sheet of faults has the rest."""

NOTE_CHARS: Final = 2_000
"""Of a note. Excel takes 32,767, nobody reads them."""

MAX_NOTES: Final = 10_000
"""Of a sheet; cells beyond are coloured and stand in the sheet of faults."""

SHEET: Final = "Lỗi – CSDL"
VERDICT_VI: Final = {"refused": "Bị từ chối", "blocking": "Chặn xác nhận", "warning": "Cần xem lại"}
HEAD: Final = ("Ô", "Trang", "Dòng", "Cột", "Mức", "Mã", "Cần sửa", "In English", "Loại", "Mã bản ghi")
"""Captions of the sheet of faults, and of a report as csv."""

Place = tuple[int, int]


def line(found: Located) -> tuple[str, ...]:
    """A finding under HEAD."""
    f = found.finding
    return (
        found.address,
        f.place.sheet,
        str(f.place.row or ""),
        found.captions,
        VERDICT_VI[f.verdict],
        f.rule,
        f.message_vi,
        f.message_en,
        f.record_type,
        f.client_id,
    )


def titles(found: Sequence[Located]) -> list[str]:
    """What stands above the sheet's table; the first says that the sheet is ours."""
    errors, records = refusals(found)
    return [
        own.SHEET_MARK,
        f"{records} bản ghi bị từ chối vì {errors} lỗi (ô màu hồng), {len(found) - errors} điều cần xem lại"
        " (ô màu vàng). Sửa ở các trang danh sách rồi gửi lại chính tệp này; màu, ghi chú và trang này"
        " không được đọc và được ghi lại mỗi lần kiểm tra.",
        "Findings of this file. Correct the lists and send this very file again; colours, notes and this"
        " sheet are not read.",
    ]


def refusals(found: Sequence[Located]) -> tuple[int, int]:
    """(errors under which records are refused, distinct records that are)."""
    refused = [f.finding for f in found if f.finding.verdict == "refused"]
    of_records = [f for f in refused if f.record_type]
    places = {(f.record_type, f.place.file, f.place.sheet, f.place.row, f.client_id) for f in of_records}
    return len(refused), len(places)


def verdicts(found: Sequence[Located]) -> dict[int, dict[int, str]]:
    """Row → column → the worst that is said of the cell."""
    cells: dict[int, dict[int, str]] = {}
    for f in found:
        for row, column in f.cells:
            of_row = cells.setdefault(row, {})
            if _worst(f) <= ORDER.index(of_row.get(column, "warning")):
                of_row[column] = f.finding.verdict
    return cells


def notes(found: Sequence[Located]) -> dict[Place, str]:
    """The note of each cell, the first MAX_NOTES of the sheet."""
    of_cell: dict[Place, list[Located]] = {}
    for f in found:
        for place in f.cells:
            of_cell.setdefault(place, []).append(f)
    return {place: note(of_cell[place]) for place in sorted(of_cell)[:MAX_NOTES]}


def note(found: Sequence[Located]) -> str:
    """What is told of one cell: the worst first, each once."""
    worst = sorted(found, key=_worst)
    said = list(dict.fromkeys(f"{f.finding.rule}: {f.finding.message_vi}{_of_what(f)}" for f in worst))
    text, shown = "", 0
    for sentence in said[:NOTE_FINDINGS]:
        if shown and len(text) + len(sentence) > NOTE_CHARS:
            break
        text += f"\n• {sentence[:NOTE_CHARS]}" if text else f"• {sentence[:NOTE_CHARS]}"
        shown += 1
    if shown < len(said):
        text += f"\n… còn {len(said) - shown} điều nữa: xem trang “{SHEET}”."
    return text


def _worst(found: Located) -> int:
    return ORDER.index(found.finding.verdict)


def _of_what(found: Located) -> str:
    """The fields, where no cell says them."""
    return f" ({found.captions})" if found.captions and not found.columns else ""


def of_row(found: Sequence[Located]) -> str:
    """All that is told of a row, on one line: for a csv file."""
    said = (
        f"[{f.captions or '–'}] {VERDICT_VI[f.finding.verdict]} {f.finding.rule}: {f.finding.message_vi}"
        for f in found
    )
    return " | ".join(dict.fromkeys(" ".join(text.split()) for text in said))


Sheets = Mapping[str, Sequence[Located]]


def by_sheet(found: Sequence[Located]) -> dict[str, list[Located]]:
    """Sheet's name → what is told of it."""
    sheets: dict[str, list[Located]] = {}
    for f in found:
        sheets.setdefault(f.finding.place.sheet, []).append(f)
    return sheets
