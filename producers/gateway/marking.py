"""The errors of a push as a workbook: the files that were sent, marked; else a list of them.

Bounded: so many at a time, each of so many findings. It works in the thread of its request; what came from
elsewhere is parsed in a process apart.
"""

import io
import zipfile
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from producers.feedback import back, copies
from producers.feedback.places import Located, by_cell, packet_lists
from producers.gateway import kept_files, placed
from producers.gateway.formats import XLSM, XLSX, ZIP
from producers.gateway.parts import Parts
from producers.model import SourceTable
from readings import push_errors
from readings.database import rows
from readings.followed import Followed
from schemas.errors import Problem, ProblemList

NOT_KEPT: Final = "GATE-072"

MOST: Final = 20_000
"""Findings of one workbook; of more, the pages of the JSON have the rest."""

JSON: Final = (".json", ".ndjson", ".jsonl")
"""Names of files that have no cells, and are not kept."""

_READ: Final = """
SELECT DISTINCT read ->> 'file' AS file, read ->> 'sheet' AS sheet
FROM gateway_push, jsonb_array_elements(answer -> 'rows') AS read WHERE push_id = %s
"""

Made = tuple[str, str, bytes]
"""A file's name, what it is, its bytes."""


def marked(its: Parts, one: Followed) -> Made:
    """The file to give back. Raises ProblemList: GATE-072, GATE-074."""
    with kept_files.turn():
        push = one.push
        sent = kept_files.of(its, one)
        with its.connections.borrowed() as conn:
            found = push_errors.page(conn, one, 0, MOST)
            read = rows(conn, _READ, (push["push_id"],)) if one.door is not None and not sent else []
        read += [{"file": row["source"], "sheet": row["sheet"]} for row in found if row["source"]]
        if one.door is not None and not sent and any(_had_cells(**row) for row in read):
            raise ProblemList([Problem(NOT_KEPT)])
        tables = kept_files.tables(its, push, sent)
        cells = by_cell(placed.cells(found, tables))
        copied = [made for name, data in sent if (made := _copy(name, data, cells, tables))]
        return _together(push["push_id"], copied or [(f"{push['push_id']}.xlsx", XLSX, copies.listed(cells))])


def _had_cells(file: str, sheet: str) -> bool:
    """Whether it was a list, which is kept for a while, and no JSON."""
    return PurePath(file).suffix.lower() not in JSON and sheet not in packet_lists()


def _copy(name: str, data: bytes, cells: Sequence[Located], tables: Sequence[SourceTable]) -> Made | None:
    """The file with its marks; None of a packet, which has no cells."""
    stem = PurePath(name).stem
    for suffix, media_type in ((".xlsx", XLSX), (".xlsm", XLSM)):
        try:
            return f"{stem}{suffix}", media_type, back.copy(name, data, cells, tables, suffix).data
        except ProblemList as fault:
            if any(p.code == back.PACKET for p in fault.problems):
                return None
            if any(p.code != back.WRONG_NAME for p in fault.problems):
                raise
    return None


def _together(push_id: str, made: Sequence[Made]) -> Made:
    """One file as it is, several in a zip."""
    if len(made) == 1:
        _, media_type, data = made[0]
        suffix = ".xlsm" if media_type == XLSM else ".xlsx"
        return f"{_plain(push_id)}{suffix}", media_type, data
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for number, (name, _, data) in enumerate(made, 1):
            archive.writestr(f"{number:02}-{name}", data)
    return f"{_plain(push_id)}.zip", ZIP, out.getvalue()


def _plain(push_id: str) -> str:
    """An id as a header may hold it."""
    return "".join(c for c in push_id if c.isascii() and (c.isalnum() or c in "-_"))[:80] or "push"
