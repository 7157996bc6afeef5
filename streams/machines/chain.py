"""The hash chain of a subject's events: a reader of the topic can check that nothing is missing or changed.

``Hash`` is the SHA-256 of the canonical JSON of the event's Avro record without ``Hash`` itself: keys sorted,
no blanks, UTF-8, timestamps as milliseconds since 1970, days as 2020-02-29. ``PreviousHash`` is in that body,
so each hash seals all events before it. What a contract has not is not in the body of its events: an event of
an earlier contract keeps its hash.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

from streams.machines import wire
from streams.machines.wire import Value, millis

E = TypeVar("E", bound=Value)

FIRST: Final = ""
"""``PreviousHash`` of the first event."""


def head(state: Any, command: Any, source: Any, index: int = 0) -> dict[str, Any]:
    """Fields that every machine's event begins with: its place in the chain, its command, who asked and when.

    ``index`` numbers the events of one command; the hash comes with ``sealed``.
    """
    return {
        "event_id": event_id(command.command_id, index),
        "command_id": command.command_id,
        "sequence": state.sequence + 1,
        "previous_hash": state.hash,
        "hash": "",
        "at": source.at,
        "unit": command.unit,
        "role": command.role,
        "account": command.account,
        "reason_code": command.reason_code,
        "reason_text": command.reason_text,
        "command_topic": source.topic,
        "command_offset": source.offset,
    }


def sealed(event: E) -> E:
    """The same event with its hash."""
    return wire.replace(event, hash=digest(wire.to_record(event)))


def event_id(command_id: str, index: int) -> str:
    """Id of the command's event number ``index``: the same on every replay."""
    try:
        namespace = UUID(command_id)
    except ValueError:
        namespace = uuid5(UUID(int=0), command_id)
    return str(uuid5(namespace, str(index)))


def digest(body: Mapping[str, Any]) -> str:
    """Hash of an event's record. ``Hash`` is left out if it is there."""
    kept = {name: _canonical(value) for name, value in body.items() if name != "Hash"}
    text = json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Break:
    """Where a chain is broken. ``fault`` is "gap", "repeat", "link" or "hash"."""

    subject: str
    sequence: int
    fault: str


def breaks(subject: str, records: Iterable[Mapping[str, Any]]) -> list[Break]:
    """All faults in a subject's event records, in the order of the topic."""
    found: list[Break] = []
    sequence, previous = 0, FIRST
    for record in records:
        here = int(record["Sequence"])
        if here != sequence + 1:
            found.append(Break(subject, here, "repeat" if here <= sequence else "gap"))
        elif record["PreviousHash"] != previous:
            found.append(Break(subject, here, "link"))
        if record["Hash"] != digest(record):
            found.append(Break(subject, here, "hash"))
        sequence, previous = here, record["Hash"]
    return found


def _canonical(value: Any) -> Any:
    if isinstance(value, datetime):
        return millis(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _canonical(inner) for name, inner in value.items()}
    return [_canonical(inner) for inner in value] if isinstance(value, (list, tuple)) else value
