"""The sequential model: what must be there when every sending has been carried out once, in order.

It knows nothing of topics, offsets, transactions or databases, and finds a record by the sender's id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from producers.synthetic.province import SchoolPlan
from schemas import issued_codes
from schemas.contracts.contracts import record
from schemas.encoding import columnar, normal
from schemas.encoding.digest import text_hashes
from tests.faults.inputs import YEAR, Sending

Rows = dict[tuple[str, str], str]
"""(type, ClientId or school code) → row hash."""


@dataclass
class Expected:
    """One school: its versions from 1, and the outcome of each sending."""

    versions: list[Rows] = field(default_factory=list)
    outcomes: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Push id → (outcome, version afterwards)."""

    refused: set[tuple[str, str]] = field(default_factory=set)
    """(push id, ClientId)."""

    route: tuple[str, ...] = ()

    def chain(self) -> list[tuple[str, str, int, str, int]]:
        """(event, state, level, unit, version) of each transition, from the campaign to the receipts."""
        last, department = len(self.versions), len(self.route) - 1
        events = [("opened", "collecting", 0, "19", 0)]
        events += [("version_checked", "checked", 0, "system", n) for n in range(1, last + 1)]
        events.append(("submitted", "submitted", 0, "school", last))
        for level, unit in enumerate(self.route[:-1]):
            events.append(("claimed", "claimed", level, unit, last))
            events.append(("confirmed", "confirmed", level + 1, unit, last))
        events.append(("claimed", "claimed", department, "19", last))
        events.append(("approved", "approved", department, "19", last))
        events.append(("forwarded", "forwarding", department, "19", last))
        events.append(("receipts_recorded", "accepted", department, "ministry", last))
        return events


def play(plan: SchoolPlan, sent: Sequence[Sending]) -> Expected:
    """All sendings of a school, in order."""
    route = ("19",) if plan.direct else (plan.managing_unit, "19")
    expected, held = Expected(route=route), Rows()
    for sending in sent:
        after = dict(held)
        for record_type, frame in sending.frames.items():
            kept = frame.filter(~_names(frame).is_in(list(sending.refused)))
            after |= dict(
                zip(((record_type, n) for n in _names(kept)), _hashes(plan, record_type, kept), strict=True)
            )
        changed = after != held
        if changed:
            expected.versions.append(after)
            held = after
        expected.outcomes[sending.push_id] = ("version" if changed else "unchanged", len(expected.versions))
        expected.refused |= {(sending.push_id, client) for client in sending.refused}
    return expected


def _names(frame: pl.DataFrame) -> pl.Series:
    return frame["ClientId" if "ClientId" in frame.columns else "MaTruongHoc"]


def _hashes(plan: SchoolPlan, record_type: str, frame: pl.DataFrame) -> pl.Series:
    schema = columnar.frame_schema(record_type)
    whole = frame.with_columns(pl.lit(None, t).alias(n) for n, t in schema.items() if n not in frame.columns)
    for name, rule in record(record_type).issue.items():
        context: dict[str, list[object]] = {
            "MaTruongHoc": [plan.code] * whole.height,
            "NamHoc": [YEAR] * whole.height,
        }
        columns = {f: whole[f].to_list() if f in whole.columns else context[f] for f in rule["from"]}
        issued = pl.Series(name, issued_codes.issue(rule, columns), dtype=pl.String)
        whole = whole.with_columns(whole[name].fill_null(issued))
    _, texts = normal.texts(whole.select(list(schema)))
    return pl.Series(text_hashes(texts), dtype=pl.String)
