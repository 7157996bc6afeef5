"""The lists of a push as they were sent, as long as they are kept, and where their records stand."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import BoundedSemaphore, Lock
from typing import Final

from producers import files
from producers.gateway.parts import Parts
from producers.layouts import known
from producers.lists import answers
from producers.model import OWN_ID, ROW, Json, SourceTable, Target
from readings.database import rows
from readings.followed import Followed, Row
from schemas import datasets
from schemas.errors import Problem, ProblemList

BUSY: Final = "GATE-074"
RETRY_S: Final = 10

AT_ONCE: Final = 2
"""Files that are read, or marked, at a time."""
REMEMBERED: Final = 32
"""Pushes of which it is known where their records stand: somebody who pages asks for one again and again."""

_KEPT: Final = "SELECT name, content FROM gateway_file WHERE push_id = %s ORDER BY position"

_WITHIN: Final = """
SELECT read ->> 'file' AS file, read ->> 'sheet' AS sheet, read ->> 'pointer' AS pointer,
    (read ->> 'indexed')::boolean AS indexed
FROM gateway_push, jsonb_array_elements(answer -> 'rows') AS read
WHERE push_id = %s AND read ->> 'pointer' <> ''
"""

_ASKED: Final = """
SELECT jsonb_array_elements_text(answer -> 'columns') AS said FROM gateway_push WHERE push_id = %s
"""

_turns = BoundedSemaphore(AT_ONCE)
_lock = Lock()
_remembered: OrderedDict[str, list[SourceTable]] = OrderedDict()

Sent = list[tuple[str, bytes]]
"""Files by their names."""


@contextmanager
def turn() -> Iterator[None]:
    """Work with a file. Raises ProblemList (GATE-074) where others do."""
    if not _turns.acquire(blocking=False):
        raise ProblemList([Problem(BUSY, params={"retry_after": RETRY_S})])
    try:
        yield
    finally:
        _turns.release()


def of(its: Parts, one: Followed) -> Sent:
    """Those that are kept of a push; none of one that came by Kafka."""
    if one.door is None:
        return []
    with its.connections.borrowed() as conn:
        found = rows(conn, _KEPT, (one.push["push_id"],))
    return [(row["name"], bytes(row["content"])) for row in found]


def tables(its: Parts, push: Row, sent: Sequence[tuple[str, bytes]]) -> list[SourceTable]:
    """The files as they were read for the push; none where they cannot be read as lists any more."""
    if not sent:
        return []
    school, year, _ = datasets.split(push["dataset_id"])
    with its.connections.borrowed() as conn:
        asked = rows(conn, _ASKED, (push["push_id"],))
    columns = answers.parsed(row["said"] for row in asked)
    target = Target(push["vendor"], school, year, push["kind"], columns=columns)
    try:
        return files.read_contents(sent, target, known=known(its.settings)).tables
    except ProblemList:
        return []


def within(its: Parts, one: Followed) -> dict[tuple[str, str], Json]:
    """(file, what stands in the place of a sheet) → where its records stood, of what was sent as JSON."""
    with its.connections.borrowed() as conn:
        found = rows(conn, _WITHIN, (one.push["push_id"],))
    return {(r["file"], r["sheet"]): Json(r["pointer"].removeprefix("/"), r["indexed"]) for r in found}


def places(its: Parts, one: Followed) -> list[SourceTable]:
    """Rows, columns and own ids of the files that are kept, with nothing else of their records; none while
    others read theirs."""
    push_id = one.push["push_id"]
    with _lock:
        if push_id in _remembered:
            _remembered.move_to_end(push_id)
            return _remembered[push_id]
    try:
        with turn():
            found = [_places(table) for table in tables(its, one.push, of(its, one))]
    except ProblemList:
        return []
    if not found:
        return []
    with _lock:
        _remembered[push_id] = found
        while len(_remembered) > REMEMBERED:
            _remembered.popitem(last=False)
    return found


def _places(table: SourceTable) -> SourceTable:
    return replace(
        table, records=table.records.select(n for n in (ROW, OWN_ID) if n in table.records.columns)
    )
