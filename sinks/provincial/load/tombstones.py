"""Which records a push's tombstones mean: found by the vendor's own id or by keys, or refused. Pure.

Only among the current rows of the push's own dataset: another school's record is not found. A record that the
same push brings stays: what is brought counts.
"""

from collections.abc import Collection, Iterator
from typing import Any, Final

import polars as pl

from schemas.contracts import contracts
from sinks.provincial.load.push_store import RefusedRecord
from sinks.provincial.load.pushed_records import Complete
from sinks.provincial.records.keys import fields_of

NOT_FOUND: Final = "REC-006"
BROUGHT: Final = "REC-007"
AMBIGUOUS: Final = "REC-008"
STAYS: Final = "REC-009"


def may_leave(record_type: str) -> bool:
    """A school's only record of a type never leaves."""
    return record_type in contracts.record_types() and not contracts.record(record_type).single


def found(
    push: Complete, record_type: str, current: pl.DataFrame, brought: Collection[str]
) -> tuple[list[str], list[RefusedRecord]]:
    """(identities that leave, refused removals) of one type; ``brought`` are identities of the push's own
    records; ``current`` holds ``_dataset``, ``_identity``, ``Vendor``, ClientId and the identity's fields."""
    held = current.filter(pl.col("_dataset") == push.push.key.dataset_id)
    leave: dict[str, None] = {}
    refused: list[RefusedRecord] = []
    for header, removal in _removals(push, record_type):
        meant = _meant(held, record_type, push.push.key.vendor, removal)
        code = _fault(meant, brought, leave)
        if code:
            refused.append(_refusal(push, record_type, header, removal, code))
        leave |= {} if code or meant is None else dict.fromkeys(meant)
    return list(leave), refused


def refused_as_a_whole(push: Complete) -> list[RefusedRecord]:
    """Removals of types of which nothing can leave."""
    types = {t.record_type for t in push.tombstones if not may_leave(t.record_type)}
    return [_refusal(push, t, header, r, STAYS) for t in sorted(types) for header, r in _removals(push, t)]


def _removals(push: Complete, record_type: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for chunk in push.tombstones:
        if chunk.record_type == record_type:
            yield from ((chunk.header, removal) for removal in chunk.header["Removed"])


def _meant(held: pl.DataFrame, record_type: str, vendor: str, removal: dict[str, Any]) -> list[str] | None:
    """Identities that the removal may mean; None if it names nothing that could be looked for."""
    keys = removal["Keys"]
    known = set(fields_of(contracts.record(record_type).identity))
    if not (keys or removal["ClientId"]) or not keys.keys() <= known or not all(keys.values()):
        return None
    wanted = [pl.col(name).cast(pl.String) == value for name, value in keys.items()]
    if removal["ClientId"]:
        if "ClientId" not in held.columns:
            return None
        wanted += [pl.col("Vendor") == vendor, pl.col("ClientId") == removal["ClientId"]]
    return held.filter(wanted)["_identity"].to_list()


def _fault(meant: list[str] | None, brought: Collection[str], leave: Collection[str]) -> str:
    if meant is None or len(meant) > 1:
        return AMBIGUOUS
    if not meant:
        return NOT_FOUND
    if meant[0] in brought:
        return BROUGHT
    return contracts.REPEATED if meant[0] in leave else ""


def _refusal(
    push: Complete, record_type: str, header: dict[str, Any], removal: dict[str, Any], code: str
) -> RefusedRecord:
    """Keys may hold personal values: only their names are said."""
    return RefusedRecord(
        push.push.key,
        record_type,
        header["Chunk"],
        header["Source"],
        header["Sheet"],
        removal["Row"],
        removal["ClientId"],
        code,
        sorted(removal["Keys"]) or ["ClientId"],
        removal=True,
    )
