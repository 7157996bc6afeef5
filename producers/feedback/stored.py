"""What the database knows of a push, as findings of the file at hand.

A refusal has the row that the record had when it was sent; what the check found has the vendor's own id
alone. The file may have been corrected or sorted since: a record is where its id stands now, and nowhere if
it is gone.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from producers.model import ROW, SourceTable
from producers.preflight import Finding, Verdict, finding, pointed

VERDICTS: Final[Mapping[str, Verdict]] = {"block": "blocking", "warn": "warning"}

Line = Mapping[str, Any]
"""``record_type``, ``client_id``, ``rule``, ``fields``; of a refusal also ``source``, ``sheet``, ``row``; of
the check ``severity``."""


def findings(
    refused: Sequence[Line], checked: Sequence[Line], tables: Sequence[SourceTable]
) -> list[Finding]:
    """Refusals and what the check found; without a file (no ``tables``) as they are stored."""
    ids = _ids(tables)
    files = {table.source for table in tables}
    found = [
        *(_refused(line, ids, files) for line in refused),
        *(_checked(line, ids) for line in checked),
    ]
    return pointed(found, tables)


_Place = tuple[str, str, int]
"""File, sheet, row."""


def _ids(tables: Sequence[SourceTable]) -> dict[tuple[str, str], list[_Place]]:
    """(record type, vendor's own id) → where it stands, in the order of the files."""
    found: dict[tuple[str, str], list[_Place]] = {}
    for table in tables:
        lines = list(table.refused.select("ClientId", "Row").unique(maintain_order=True).iter_rows())
        if "ClientId" in table.records.columns:
            lines += table.records.select("ClientId", ROW).iter_rows()
        for client_id, row in lines:
            if client_id:
                place = (table.source, table.sheet, row)
                found.setdefault((table.record_type, client_id), []).append(place)
    return {key: sorted(places) for key, places in found.items()}


def _refused(line: Line, ids: Mapping[tuple[str, str], list[_Place]], files: set[str]) -> Finding:
    place = (line["source"], line["sheet"], line["row"])
    if line["client_id"] and line["source"] in files:
        now = ids.get((line["record_type"], line["client_id"]), [])
        if place not in now:
            place = now[0] if len(now) == 1 else (line["source"], line["sheet"], 0)
    return _found("refused", line, place)


def _checked(line: Line, ids: Mapping[tuple[str, str], list[_Place]]) -> Finding:
    places = ids.get((line["record_type"], line["client_id"]), [("", "", 0)])
    return _found(VERDICTS[line["severity"]], line, places[0])


def _found(verdict: Verdict, line: Line, place: _Place) -> Finding:
    header = {"Source": place[0], "Sheet": place[1]}
    return finding(
        verdict, line["record_type"], header, line["client_id"], place[2], line["rule"], line["fields"]
    )
