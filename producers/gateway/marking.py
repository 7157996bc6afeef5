"""The errors of a push as a workbook: the file that was sent, marked; else a list of them.

Bounded: so many at a time, each of so many findings. It works in the thread of its request; what came from
elsewhere is parsed in a process apart.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from threading import BoundedSemaphore
from typing import Any, Final

from producers import files
from producers.feedback import back, copies, stored
from producers.feedback.places import Located, by_cell, located, packet_lists
from producers.gateway.formats import XLSM, XLSX, ZIP
from producers.gateway.parts import Parts
from producers.model import SourceTable, Target
from readings import push_errors
from readings.database import rows
from readings.followed import Followed
from schemas import datasets
from schemas.errors import Problem, ProblemList

NOT_KEPT: Final = "GATE-072"
BUSY: Final = "GATE-074"

AT_ONCE: Final = 2
MOST: Final = 20_000
"""Findings of one workbook; of more, the pages of the JSON have the rest."""
RETRY_S: Final = 10

JSON: Final = (".json", ".ndjson", ".jsonl")
"""Names of files that have no cells, and are not kept."""

_KEPT: Final = "SELECT name, content FROM gateway_file WHERE push_id = %s ORDER BY position"
_READ: Final = """
SELECT DISTINCT read ->> 'file' AS file, read ->> 'sheet' AS sheet
FROM gateway_push, jsonb_array_elements(answer -> 'rows') AS read WHERE push_id = %s
"""

_making = BoundedSemaphore(AT_ONCE)

Made = tuple[str, str, bytes]
"""A file's name, what it is, its bytes."""


def marked(its: Parts, one: Followed) -> Made:
    """The file to give back. Raises ProblemList: GATE-072, GATE-074."""
    with _turn():
        push = one.push
        checked = one.version is not None and one.version["checked_at"] is not None
        with its.connections.borrowed() as conn:
            found = push_errors.page(conn, push, push["version"] if checked else 0, 0, MOST)
            kept, read = ([], [])
            if one.door is not None:
                kept, read = (rows(conn, asked, (push["push_id"],)) for asked in (_KEPT, _READ))
        sent = [(row["name"], bytes(row["content"])) for row in kept]
        read += [{"file": row["source"], "sheet": row["sheet"]} for row in found if row["source"]]
        if one.door is not None and not sent and any(_had_cells(**row) for row in read):
            raise ProblemList([Problem(NOT_KEPT)])
        tables = _tables(sent, push)
        lines = [row | {"severity": "block" if row["verdict"] == "blocking" else "warn"} for row in found]
        findings = stored.findings(
            [row for row in lines if row["verdict"] == "refused"],
            [row for row in lines if row["verdict"] != "refused"],
            tables,
        )
        cells = by_cell(located(findings, tables))
        copied = [made for name, data in sent if (made := _copy(name, data, cells, tables))]
        return _together(push["push_id"], copied or [(f"{push['push_id']}.xlsx", XLSX, copies.listed(cells))])


@contextmanager
def _turn() -> Iterator[None]:
    if not _making.acquire(blocking=False):
        raise ProblemList([Problem(BUSY, params={"retry_after": RETRY_S})])
    try:
        yield
    finally:
        _making.release()


def _had_cells(file: str, sheet: str) -> bool:
    """Whether it was a list, which is kept for a while, and no JSON."""
    return PurePath(file).suffix.lower() not in JSON and sheet not in packet_lists()


def _tables(sent: Sequence[tuple[str, bytes]], push: Any) -> list[SourceTable]:
    """The files as they were read for the push; none where they cannot be read as lists any more."""
    if not sent:
        return []
    school, year, _ = datasets.split(push["dataset_id"])
    try:
        return files.read_contents(sent, Target(push["vendor"], school, year, push["kind"])).tables
    except ProblemList:
        return []


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
