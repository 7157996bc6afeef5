"""Which records of a chunk are refused, and why: the rules of the catalogue, and what only the header shows.

Pure. A chunk with a wrong header is refused as a whole, under that one code.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, Final

import polars as pl
import pyarrow as pa

from schemas.contracts.contracts import record
from schemas.encoding import columnar
from schemas.rules.catalogue import in_context
from streams.validation.verdict.header import HEADER_FIELDS, RulesInForce
from streams.validation.verdict.shape import (
    LONG_IDENTITY,
    NO_NUMBER,
    NUL_IN_TEXT,
    rows_with_long_identity,
    rows_with_no_number,
    rows_with_nul,
    texts_fault,
)

OTHER_SCHOOL: Final = "ENV-304"
OTHER_YEAR: Final = "ENV-305"
NAMES_NOBODY: Final = "VAL-013"

Found = dict[int, list[tuple[str, list[str]]]]
"""Row of a chunk, from 0 → (rule, fields) of each violation."""


def refused_whole(fault: str, length: int) -> Found:
    """All records of a chunk under the code of its header."""
    return {row: [(fault, HEADER_FIELDS[fault])] for row in range(length)}


def refused_records(
    batch: columnar.Batch, faults: Sequence[str | None], rules_in_force: RulesInForce
) -> list[Found]:
    """What is refused of each chunk. ``faults[i]``: code of what is wrong with its header."""
    found = [refused_whole(fault, n) if fault else {} for fault, n in zip(faults, batch.lengths, strict=True)]
    if batch.records.is_empty() or all(faults):
        return found
    owner = [chunk for chunk, length in enumerate(batch.lengths) for _ in range(length)]
    starts = [0, *accumulate(batch.lengths)]
    frame = in_context(batch.records, batch.headers, batch.lengths)
    broken = rules_in_force.violations(frame, rules_in_force.rules(batch.record_type))
    for index, rule, fields in chain(broken.iter_rows(), _beyond_the_rules(batch, owner)):
        chunk = owner[index]
        if not faults[chunk]:
            found[chunk].setdefault(index - starts[chunk], []).append((rule, list(fields)))
    if "ClientId" in batch.records.columns:
        rule = record(batch.record_type).repeated_client_id
        refused = [starts[chunk] + row for chunk, rows in enumerate(found) for row in rows]
        for index in _repeated(batch.records["ClientId"], owner, refused):
            chunk = owner[index]
            found[chunk][index - starts[chunk]] = [(rule, ["ClientId"])]
    return found


def refused_removals(event: dict[str, Any]) -> Found:
    """The same of RecordsRemoved with a right header: each removal must name a record that could be there."""
    identity = {name for names in record(event["RecordType"]).identity for name in names} - {"Vendor"}
    found: Found = {}
    for row, removal in enumerate(event["Removed"]):
        named = {"ClientId": removal["ClientId"], **removal["Keys"]}
        if named.keys() - identity - {"ClientId"} or not any(named.values()):
            found[row] = [(NAMES_NOBODY, ["Keys"])]
        elif faults := texts_fault(named):
            found[row] = faults
    return found


def _repeated(ids: pl.Series, owner: list[int], refused: list[int]) -> list[int]:
    """Rows whose ClientId an earlier row of their chunk has that is not ``refused``.

    The first one that can be taken counts, as load has it across chunks: where a push is cut into chunks
    must not matter.
    """
    if not ids.is_duplicated().any():
        return []
    named = pl.DataFrame({"id": ids, "chunk": pl.Series(owner, dtype=pl.UInt32)})
    if not named.is_duplicated().any():
        return []
    left = named.with_row_index("row").filter((pl.col("id") != "") & ~pl.col("row").is_in(refused))
    return left.filter(~pl.struct("id", "chunk").is_first_distinct())["row"].to_list()


def _beyond_the_rules(batch: columnar.Batch, owner: list[int]) -> Iterator[tuple[int, str, list[str]]]:
    """(row, code, fields) of what only the header shows, and of values that nobody can hold."""
    frame = batch.records
    keys = sorted({"ClientId", *chain.from_iterable(record(batch.record_type).identity)})
    yield from ((row, LONG_IDENTITY, names) for row, names in rows_with_long_identity(frame, keys))
    came = _arrow(batch)
    yield from ((row, NUL_IN_TEXT, names) for row, names in rows_with_nul(came))
    yield from ((row, NO_NUMBER, names) for row, names in rows_with_no_number(came))
    for code, name in ((OTHER_SCHOOL, "MaTruongHoc"), (OTHER_YEAR, "NamHoc")):
        if name in frame.columns:
            headers = pl.Series([batch.headers[chunk][name] for chunk in owner], dtype=frame.schema[name])
            other = (frame[name] != headers).fill_null(False).arg_true()
            yield from ((row, code, [name]) for row in other)


def _arrow(batch: columnar.Batch) -> pa.RecordBatch:
    if batch.came is not None:
        return batch.came
    (rows,) = batch.records.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks().to_batches()
    return rows
