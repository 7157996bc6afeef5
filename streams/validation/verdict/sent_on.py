"""The bytes that say a verdict: what goes to the accepted topic, and what the vendor reads of refusals. Pure.

What has nothing to refuse passes on as the very bytes that came. Refused records leave ``Records``
(``Removed``) for ``Refused``, one entry a violated rule. The vendor is the one the topic proves: where a
header names another, it is corrected, so that nobody can close or spoil another vendor's push.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

import polars as pl

from schemas import errors
from schemas.contracts.bounds import carried
from schemas.encoding import codec, columnar
from schemas.rules.catalogue import all_rules
from streams.grants import clerk
from streams.machines import wire
from streams.validation.verdict.input_messages import CLOSED, REMOVED, InputMessage
from streams.validation.verdict.records import Found

OTHER: Final = "other"
"""Label of refusals under a rule that is not ours."""

TOLD: Final = ("PushId", "Vendor", "MaTruongHoc", "NamHoc", "LoaiDongBo", "Chunk", "Source", "Sheet")
"""Fields of a header that go into RecordsRefused."""


@dataclass
class Verdict:
    """One message's outcome. ``accepted`` and ``refused`` are values to send (None: nothing to send there);
    ``fault``: code of what is wrong with a closing, whose push is to be answered as refused."""

    position: int
    school: str
    accepted: bytes
    refused: bytes | None = None
    fault: str = ""
    records_accepted: int = 0
    records_refused: int = 0
    removals: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    first_push: bytes | None = None
    """What tells the grants machine that the vendor pushes, while it does not know."""


def of_closing(message: InputMessage, position: int, event: dict[str, Any], fault: str | None) -> Verdict:
    """PushClosed goes on even if its header is wrong: only so is its vendor answered."""
    value = message.value
    if event["Vendor"] != message.vendor:
        value = codec.encode(CLOSED, {**event, "Vendor": message.vendor})
    return Verdict(position, event["MaTruongHoc"], value, fault=fault or "")


def first_push(message: InputMessage, event: Mapping[str, Any]) -> bytes:
    """The same bytes for the same push, however often it is judged."""
    at = datetime.combine(message.on, time(), UTC)
    command = clerk.used(message.vendor, event["MaTruongHoc"], event["PushId"], at)
    return codec.encode("GrantCommand", wire.to_record(command))


def of_removal(message: InputMessage, position: int, event: dict[str, Any], found: Found) -> Verdict:
    """RecordsRemoved without what is refused of it."""
    value, removed = message.value, event["Removed"]
    if found or event["Vendor"] != message.vendor:
        refused = _refusals([r["ClientId"] for r in removed], [r["Row"] for r in removed], found)
        event = {
            **event,
            "Vendor": message.vendor,
            "Removed": [r for row, r in enumerate(removed) if row not in found],
            "Refused": [*event["Refused"], *refused],
        }
        value = codec.encode(REMOVED, event)
    verdict = _verdict(position, event, event["RecordType"], value)
    verdict.removals = len(event["Removed"])
    return verdict


def of_chunks(
    batch: columnar.Batch, positions: Sequence[int], messages: Sequence[InputMessage], found: list[Found]
) -> list[Verdict]:
    """Chunks without their refused records. ``positions[i]``, ``found[i]``: of ``batch.headers[i]``."""
    values = _without_refused(batch, found, [messages[p] for p in positions])
    verdicts = []
    for i, position in enumerate(positions):
        one = _verdict(position, batch.headers[i], batch.record_type, values[i])
        one.records_accepted = batch.lengths[i] - len(found[i])
        verdicts.append(one)
    return verdicts


def _verdict(position: int, header: Mapping[str, Any], record_type: str, value: bytes) -> Verdict:
    refused = header["Refused"]
    event = {name: header[name] for name in TOLD} | {"RecordType": record_type, "Refused": refused}
    return Verdict(
        position,
        header["MaTruongHoc"],
        value,
        codec.encode("RecordsRefused", event) if refused else None,
        records_refused=len({(r["Row"], r["ClientId"]) for r in refused}),
        rules=Counter(r["Rule"] if is_known(r["Rule"]) else OTHER for r in refused),
    )


def _without_refused(batch: columnar.Batch, found: list[Found], messages: list[InputMessage]) -> list[bytes]:
    """The bytes that came, or the chunk written anew; what is written stands in ``batch.headers`` then."""
    changed = [
        i for i, message in enumerate(messages) if found[i] or batch.headers[i]["Vendor"] != message.vendor
    ]
    starts = [0, *accumulate(batch.lengths)]
    headers, lengths, kept = [], [], []
    for i in changed:
        header = batch.headers[i]
        rows = [row for row in range(batch.lengths[i]) if row not in found[i]]
        ids = _client_ids(batch.records[starts[i] : starts[i + 1]])
        headers.append(
            {
                **header,
                "Vendor": messages[i].vendor,
                "Rows": [header["Rows"][row] for row in rows],
                "Refused": [*header["Refused"], *_refusals(ids, header["Rows"], found[i])],
            }
        )
        lengths.append(len(rows))
        kept += [starts[i] + row for row in rows]
    written = (
        columnar.encode_chunks(batch.record_type, headers, lengths, batch.records[kept]) if changed else []
    )
    for i, header in zip(changed, headers, strict=True):
        batch.headers[i] = header
    anew = dict(zip(changed, written, strict=True))
    return [anew.get(i, message.value) for i, message in enumerate(messages)]


def _client_ids(records: pl.DataFrame) -> Sequence[str]:
    return records["ClientId"].to_list() if "ClientId" in records.columns else [""] * records.height


def _refusals(ids: Sequence[str], rows: Sequence[int], found: Found) -> Iterator[dict[str, Any]]:
    """What ``Refused`` of the contracts holds, in the order of the rows."""
    for row in sorted(found):
        place = rows[row] if row < len(rows) else 0
        for rule, fields in found[row]:
            yield {"ClientId": carried(ids[row]), "Row": place, "Rule": rule, "Fields": fields}


@lru_cache(maxsize=4096)
def is_known(rule: str) -> bool:
    """A vendor writes refusals too: only ids that are ours may become a metric's label."""
    return rule in errors.catalogue() or any(rule == r.id for r in all_rules())
