"""The verdict on a chunk. Pure: what was sent, the grants, the register and the rules in; bytes to send out.

A chunk is refused as a whole when its header is wrong: then all its records stand in ``Refused``, with that
one code. Otherwise each record is judged by itself, and the refused ones leave ``Records`` for ``Refused``,
one entry a violated rule (a record refused by two rules counts once). A chunk without any refused record
passes on as the very bytes that came in. Every chunk gets a verdict, also one with nothing accepted: a
version closes only when all have theirs.

The vendor is the one the topic proves. Where a header names another, the verdict corrects it, so that nobody
can close or spoil another vendor's push.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, chain
from typing import Any, Final

import polars as pl
import pyarrow as pa

from schemas import errors
from schemas.codes import codes
from schemas.contracts.contracts import record
from schemas.datasets import PERIODS
from schemas.encoding import codec
from schemas.organisation.schools import Register
from schemas.rules.catalogue import all_rules, in_context
from schemas.rules.rule import Rule
from streams.validation.verdict.input_messages import CLOSED, WRONG_HEADER, InputMessage
from streams.validation.verdict.shape import rows_with_long_identity, rows_with_nul

NOT_GRANTED: Final = "VAL-001"
WRONG_VENDOR: Final = "VAL-002"
WRONG_SCHOOL_CODE: Final = "VAL-003"
LONG_IDENTITY: Final = "VAL-007"
NUL: Final = "VAL-008"
UNKNOWN_SCHOOL: Final = "ENV-301"
UNKNOWN_YEAR: Final = "ENV-303"
OTHER_SCHOOL: Final = "ENV-304"
OTHER_YEAR: Final = "ENV-305"
UNKNOWN_KIND: Final = "ENV-101"
OLD_DATA: Final = "ENV-311"

OTHER: Final = "other"
"""Label of refusals under a rule that is not ours."""

SCHOOL_CODE_LENGTHS: Final = (8, 10)

HEADER_FIELDS: Final[Mapping[str, list[str]]] = {
    NOT_GRANTED: ["MaTruongHoc"],
    WRONG_VENDOR: ["Vendor"],
    WRONG_SCHOOL_CODE: ["MaTruongHoc"],
    UNKNOWN_SCHOOL: ["MaTruongHoc"],
    UNKNOWN_YEAR: ["NamHoc"],
    UNKNOWN_KIND: ["LoaiDongBo"],
    OLD_DATA: ["LoaiDongBo"],
    WRONG_HEADER: ["Rows"],
}

TOLD: Final = ("PushId", "Vendor", "MaTruongHoc", "NamHoc", "LoaiDongBo", "Chunk", "Source", "Sheet")
"""Fields of a chunk's header that go into RecordsRefused."""

Violations = Callable[[pl.DataFrame, Sequence[Rule]], pl.DataFrame]


@dataclass(frozen=True)
class RulesInForce:
    """What a verdict depends on besides the chunk. ``violations`` gives (index, rule, fields) as the
    catalogue does."""

    granted: Callable[[str, str], bool]
    register: Register
    school_years: Set[int]
    rules: Callable[[str], Sequence[Rule]]
    violations: Violations


@dataclass
class Verdict:
    """One message's outcome. ``accepted`` and ``refused`` are values to send (None: nothing to send
    there)."""

    position: int
    school: str
    accepted: bytes
    refused: bytes | None = None
    records_accepted: int = 0
    records_refused: int = 0
    rules: Counter[str] = field(default_factory=Counter)


def judge_closing(message: InputMessage, position: int, event: dict[str, Any]) -> Verdict:
    """``PushClosed`` passes, under the vendor whom the topic proves: the sink answers the push."""
    value = message.value
    if event["Vendor"] != message.vendor:
        value = codec.encode(CLOSED, {**event, "Vendor": message.vendor})
    return Verdict(position, event["MaTruongHoc"], value)


def wants_grant(message: InputMessage, header: Mapping[str, Any], rules_in_force: RulesInForce) -> bool:
    """Whether only a missing grant stands against this chunk's header."""
    return header_fault(message, header, rules_in_force) == NOT_GRANTED


def header_fault(
    message: InputMessage, header: Mapping[str, Any], rules_in_force: RulesInForce
) -> str | None:
    """Code of the first thing wrong with a header. The grant comes last: it may be a moment late."""
    school = header["MaTruongHoc"]
    if header["Vendor"] != message.vendor:
        return WRONG_VENDOR
    if len(school) not in SCHOOL_CODE_LENGTHS:
        return WRONG_SCHOOL_CODE
    if rules_in_force.register.school(school, message.on) is None:
        return UNKNOWN_SCHOOL
    if header["NamHoc"] not in rules_in_force.school_years:
        return UNKNOWN_YEAR
    if header["LoaiDongBo"] not in PERIODS:
        return OLD_DATA if header["LoaiDongBo"] in codes("LOAI_DONG_BO") else UNKNOWN_KIND
    if not rules_in_force.granted(message.vendor, school):
        return NOT_GRANTED
    return None


def judge(
    batch: codec.Batch,
    positions: Sequence[int],
    messages: Sequence[InputMessage],
    rules_in_force: RulesInForce,
) -> list[Verdict]:
    """Verdicts on the chunks of a batch, in its order. ``positions[i]`` is the message of
    ``batch.headers[i]``."""
    found: list[Found] = []
    for position, header, length in zip(positions, batch.headers, batch.lengths, strict=True):
        fault = header_fault(messages[position], header, rules_in_force)
        if fault is None and len(header["Rows"]) != length:
            fault = WRONG_HEADER
        refusals = [(fault, HEADER_FIELDS[fault])] if fault else []
        found.append({i: list(refusals) for i in range(length)} if fault else {})
    faulty = [bool(refusals) for refusals in found]
    if batch.records.height and not all(faulty):
        _judge_records(batch, faulty, found, rules_in_force)
    values = _without_refused(batch, found, [messages[p] for p in positions])
    return [
        _verdict(batch.record_type, *one)
        for one in zip(positions, batch.headers, batch.lengths, found, values, strict=True)
    ]


Found = dict[int, list[tuple[str, list[str]]]]
"""Row of a chunk, from 0 → (rule, fields) of each violation."""


def _judge_records(
    batch: codec.Batch, faulty: list[bool], found: list[Found], rules_in_force: RulesInForce
) -> None:
    """One pass of the rules over the records of all chunks; what it finds goes to ``found`` of the chunk."""
    owner = [chunk for chunk, length in enumerate(batch.lengths) for _ in range(length)]
    starts = [0, *accumulate(batch.lengths)]
    frame = in_context(batch.records, batch.headers, batch.lengths)
    broken = rules_in_force.violations(frame, rules_in_force.rules(batch.record_type))
    for index, rule, fields in chain(broken.iter_rows(), _beyond_the_rules(batch, owner)):
        chunk = owner[index]
        if not faulty[chunk]:
            found[chunk].setdefault(index - starts[chunk], []).append((rule, list(fields)))
    if "ClientId" in batch.records.columns:
        rule = record(batch.record_type).repeated_client_id
        refused = [starts[chunk] + row for chunk, rows in enumerate(found) for row in rows]
        for index in _repeated(batch.records["ClientId"], owner, refused):
            chunk = owner[index]
            found[chunk][index - starts[chunk]] = [(rule, ["ClientId"])]


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


def _beyond_the_rules(batch: codec.Batch, owner: list[int]) -> Iterator[tuple[int, str, list[str]]]:
    """(row, code, fields) of what only the header shows, and of text that no database takes."""
    frame = batch.records
    if frame.is_empty():
        return
    keys = sorted({"ClientId", *chain.from_iterable(record(batch.record_type).identity)})
    yield from ((row, LONG_IDENTITY, names) for row, names in rows_with_long_identity(frame, keys))
    yield from ((row, NUL, names) for row, names in rows_with_nul(_arrow(batch)))
    for code, name in ((OTHER_SCHOOL, "MaTruongHoc"), (OTHER_YEAR, "NamHoc")):
        if name in frame.columns:
            headers = pl.Series([batch.headers[chunk][name] for chunk in owner], dtype=frame.schema[name])
            other = (frame[name] != headers).fill_null(False).arg_true()
            yield from ((row, code, [name]) for row in other)


def _arrow(batch: codec.Batch) -> pa.RecordBatch:
    if batch.came is not None:
        return batch.came
    (rows,) = batch.records.to_arrow(compat_level=pl.CompatLevel.oldest()).combine_chunks().to_batches()
    return rows


def _without_refused(batch: codec.Batch, found: list[Found], messages: list[InputMessage]) -> list[bytes]:
    """Values for the accepted topic: the bytes that came, or the chunk written anew without its refused
    records."""
    changed = [
        i for i, message in enumerate(messages) if found[i] or batch.headers[i]["Vendor"] != message.vendor
    ]
    starts = [0, *accumulate(batch.lengths)]
    headers, lengths, kept = [], [], []
    for i in changed:
        header = batch.headers[i]
        rows = [row for row in range(batch.lengths[i]) if row not in found[i]]
        headers.append(
            {
                **header,
                "Vendor": messages[i].vendor,
                "Rows": [header["Rows"][row] for row in rows],
                "Refused": [*header["Refused"], *_refusals(batch.records, starts[i], header, found[i])],
            }
        )
        lengths.append(len(rows))
        kept += [starts[i] + row for row in rows]
    written = codec.encode_chunks(batch.record_type, headers, lengths, batch.records[kept]) if changed else []
    for i, header in zip(changed, headers, strict=True):
        batch.headers[i] = header
    anew = dict(zip(changed, written, strict=True))
    return [anew.get(i, message.value) for i, message in enumerate(messages)]


def _refusals(
    records: pl.DataFrame, start: int, header: Mapping[str, Any], found: Found
) -> Iterator[dict[str, Any]]:
    """What ``Refused`` of the contract holds, in the order of the rows."""
    ids = records["ClientId"] if "ClientId" in records.columns else None
    rows = header["Rows"]
    for row in sorted(found):
        client_id = "" if ids is None else ids[start + row]
        for rule, fields in found[row]:
            place = rows[row] if row < len(rows) else 0
            yield {"ClientId": client_id, "Row": place, "Rule": rule, "Fields": fields}


@lru_cache(maxsize=4096)
def is_known(rule: str) -> bool:
    """A vendor writes refusals too: only ids that are ours may become a metric's label."""
    return rule in errors.catalogue() or any(rule == r.id for r in all_rules())


def _verdict(
    record_type: str, position: int, header: Mapping[str, Any], length: int, found: Found, value: bytes
) -> Verdict:
    refused = header["Refused"]
    event = {name: header[name] for name in TOLD} | {"RecordType": record_type, "Refused": refused}
    return Verdict(
        position,
        header["MaTruongHoc"],
        value,
        codec.encode("RecordsRefused", event) if refused else None,
        length - len(found),
        len({(r["Row"], r["ClientId"]) for r in refused}),
        Counter(r["Rule"] if is_known(r["Rule"]) else OTHER for r in refused),
    )
