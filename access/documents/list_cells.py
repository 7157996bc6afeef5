"""The cells of a Form 2 list, in the process that reads what others sent (``list_file.py`` asks it)."""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from access.documents import packages, word_tables
from access.documents.list_reading import HIDDEN
from producers.adapters import xlsx
from producers.adapters.grid import TooMuch
from schemas.errors import ProblemList

CHANGES: Final = "FORM-082"
MAX_CHARS: Final = 8 * 1024 * 1024
"""Of a workbook's cells. A list of 2,000 schools has half a million."""

Rows = list[tuple[int, list[tuple[int, str]]]]


def answer(head: bytes, data: bytes, out: BinaryIO) -> None:
    """``head``: the file's name, as JSON. Tables as [name, [row, [column, text]]], the ``hidden`` ones' names
    and the text ``around``; or what it is ``refused`` for, as [code, sheet]."""
    try:
        said = _cells(data, json.loads(head))
    except ProblemList as error:
        said = {"refused": [(p.code, p.place.sheet) for p in error.problems]}
    except TooMuch:
        said = {"refused": [(packages.TOO_MUCH, "")]}
    except packages.UNREADABLE:
        said = {"refused": [(packages.DAMAGED, "")]}
    out.write(json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"))


def _cells(data: bytes, file: str) -> dict[str, Any]:
    path = packages.main_part(data, file)
    return _word(data, path) if path.startswith("word/") else _workbook(data)


def _word(data: bytes, path: str) -> dict[str, Any]:
    word = word_tables.read(data, path)
    if wrong := [code for code, found in ((CHANGES, word.changes), (HIDDEN, word.hidden)) if found]:
        return {"refused": [(code, "") for code in wrong]}
    tables = [(f"Bảng {n}", _rows(dict(enumerate(table.rows, 1)))) for n, table in enumerate(word.tables, 1)]
    return {"tables": tables, "hidden": [], "around": "".join(word.around)}


def _workbook(data: bytes) -> dict[str, Any]:
    sheets = xlsx.read(data)
    texts = [text for sheet in sheets for row in sheet.rows.values() for text in row.values()]
    if sum(map(len, texts)) > MAX_CHARS:  # a text that many cells share is there once until it is joined
        raise TooMuch
    return {
        "tables": [(sheet.name, _rows(sheet.rows)) for sheet in sheets],
        "hidden": [sheet.name for sheet in sheets if sheet.hidden],
        "around": "\n".join(texts),
    }


def _rows(given: Mapping[int, Mapping[int, str]]) -> Rows:
    return [(row, sorted(cells.items())) for row, cells in sorted(given.items())]
