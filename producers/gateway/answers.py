"""What a push is answered with: counts by type, every row accounted for, what was refused at reading. Pure.

Records are distinct ones: received = accepted + refused, whatever number of rules refused one. An own id is
always a text, as it was sent; no other value of a record is repeated.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from producers import accounting
from producers.accounting import RowsRead
from producers.client import PushReceipt, totals
from producers.feedback.places import located
from producers.model import OWN_ID, Json, Reading, SourceTable, Target
from producers.preflight import explain
from rehearsal.rehearse import Rehearsal
from schemas.errors import Problem

MOST: Final = 1_000
"""Refusals, warnings and findings in one answer; the report of the push has all of them."""

COUNTS: Final = ("received", "accepted", "refused")

UNKNOWN: Final = ("identities", "versions")
"""What is not known before load has it: whose numbers are others', what is held already."""


def counts(tables: Sequence[SourceTable]) -> dict[str, dict[str, int]]:
    """By type: received, accepted, refused."""
    refused = totals(tables, refused_only=True)
    return {
        record_type: _counted(n, refused.get(record_type, 0)) for record_type, n in totals(tables).items()
    }


def header(target: Target, dataset_id: str) -> dict[str, Any]:
    """What a push is for."""
    return {
        "dataset_id": dataset_id,
        "MaTruongHoc": target.school,
        "NamHoc": target.year,
        "LoaiDongBo": target.kind,
    }


def accepted(
    receipt: PushReceipt, dataset_id: str, reading: Reading, columns: Sequence[str] = ()
) -> dict[str, Any]:
    """Of a push that the broker has: what is to become of it is told elsewhere."""
    records, refused = counts(reading.tables), refusals(reading.tables)
    path = f"/v1/pushes/{receipt.push_id}"
    return {
        "push_id": receipt.push_id,
        **header(receipt.target, dataset_id),
        "state": "sent",
        "sent_at": rfc3339(datetime.now(UTC)),
        **summed(records),
        "records": records,
        "whole": receipt.whole,
        "removals": receipt.removed,
        "rows": rows(reading.tables),
        "refusals": refused[:MOST],
        "refusals_in_all": len(refused),
        "warnings": [_warning(p) for p in [*reading.warnings, *reading.unsaid][:MOST]],
        "codemaps": reading.codemaps,
        "columns": list(columns),
        "links": {"self": path, "errors": f"{path}/errors"},
    }


def rehearsed(told: Rehearsal, dataset_id: str, target: Target, reading: Reading) -> dict[str, Any]:
    """Of a dry run: what would become of the push, were its dataset empty, with every finding."""
    found = located(told.findings, reading.tables)
    return {
        "dry_run": True,
        **header(target, dataset_id),
        "outcome": told.push.outcome,
        **{name: getattr(told.push, name) for name in COUNTS},
        "records": {t: {name: n[name] for name in COUNTS} for t, n in told.push.by_type.items()},
        "rows": rows(reading.tables),
        "findings": [_finding(f.as_dict()) for f in found[:MOST]],
        "findings_in_all": len(found),
        "codemaps": reading.codemaps,
        "unknown": list(UNKNOWN),
    }


def rows(tables: Sequence[SourceTable]) -> list[dict[str, Any]]:
    """What became of the rows of each sheet or list, and where a list of JSON stands."""
    return [_rows(r) | _within(t.json) for r, t in zip(accounting.told(tables), tables, strict=True)]


def _within(json: Json | None) -> dict[str, Any]:
    return {"pointer": json.pointer_of_all if json else "", "indexed": json is not None and json.indexed}


def unrehearsed(dataset_id: str, target: Target) -> dict[str, Any]:
    """Of a dry run of removals, of their form, that may be asked for: what is held nobody looks at."""
    return {
        "dry_run": True,
        **header(target, dataset_id),
        "outcome": "unknown",
        **dict.fromkeys(COUNTS, 0),
        "records": {},
        "rows": [],
        "findings": [],
        "findings_in_all": 0,
        "codemaps": [],
        "unknown": [*UNKNOWN, "removals"],
    }


def refusals(tables: Sequence[SourceTable]) -> list[dict[str, Any]]:
    """One a record and rule, in the order of the tables."""
    found = []
    for table in tables:
        for own_id, row, rule, fields in table.refused.iter_rows():
            vi, en = explain(rule)
            at = table.place(row, *fields)
            found.append(
                {
                    "record_type": table.record_type,
                    OWN_ID: own_id or "",
                    "place": place(at.file, at.sheet, at.row, at.field),
                    "pointer": at.pointer,
                    "code": rule,
                    "message_vi": vi,
                    "message_en": en,
                }
            )
    return found


def summed(records: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Of all types together."""
    return {name: sum(of[name] for of in records.values()) for name in COUNTS}


def place(file: str, sheet: str, row: int, field: str) -> dict[str, Any]:
    """Where something stands, as problems say it."""
    return {"file": file, "sheet": sheet, "row": row, "field": field}


def rfc3339(at: datetime) -> str:
    """A time, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _counted(received: int, refused: int) -> dict[str, int]:
    return {"received": received, "accepted": received - refused, "refused": refused}


def _rows(read: RowsRead) -> dict[str, Any]:
    named = {reason: accounting.spans(rows) for reason, rows in read.left_out.items()}
    return {**read.as_dict(), "left_out": named}


def _warning(problem: Problem) -> dict[str, Any]:
    told = problem.as_dict()
    at = place(told.pop("file"), told.pop("sheet"), told.pop("row"), told.pop("field"))
    return {**told, "place": at}


def _finding(told: dict[str, Any]) -> dict[str, Any]:
    at = place(told.pop("file"), told.pop("sheet"), told.pop("row"), told.pop("fields"))
    return {OWN_ID: told.pop("client_id"), "code": told.pop("rule"), **told, "place": at}
