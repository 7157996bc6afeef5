"""Events of a confirmation as records, each following the one before it."""

from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace

from schemas.encoding import codec
from schemas.topics import CONFIRMATION_EVENTS, GRANTS_EVENTS
from streams.machines import chain

TOPICS = {"ConfirmationEvent": CONFIRMATION_EVENTS, "GrantEvent": GRANTS_EVENTS}
_offsets = count(100)

AT = datetime(2019, 10, 1, tzinfo=UTC)

PLAIN = {
    "CommandId": "command", "DatasetId": "19164999.2019.start", "MaTruongHoc": "19164999", "NamHoc": 2019,
    "Period": "start", "Event": "claimed", "State": "forwarding", "Level": 1, "At": AT, "Unit": "19",
    "Role": "department_officer", "Account": "", "Version": 1, "Digest": "d1", "ReasonCode": "",
    "ReasonText": "", "Route": ["164", "19"], "Counts": {},
}  # fmt: skip


def sealed(record, contract="ConfirmationEvent"):
    """The record with the hash of what it says, as a reader of its bytes sees it."""
    _, written = codec.decode(codec.encode(contract, record | {"Hash": ""}))
    return written | {"Hash": chain.digest(written)}


def chained(after=None, **changes):
    """The event after ``after``, or the first of its chain."""
    sequence, previous = (after["Sequence"] + 1, after["Hash"]) if after else (1, "")
    dataset = changes.get("DatasetId", PLAIN["DatasetId"])
    at = AT + timedelta(minutes=sequence)
    told = {"EventId": f"{dataset}-{sequence}", "Sequence": sequence, "PreviousHash": previous, "At": at}
    return sealed(PLAIN | told | changes)


def chain_of(*names, **changes):
    """A chain of events with these names."""
    events: list[dict[str, object]] = []
    for name in names:
        events.append(chained(events[-1] if events else None, Event=name, **changes))
    return events


def message(contract, record, **more):
    """The record as its topic's message."""
    return raw(TOPICS[contract], codec.encode(contract, record), **more)


def raw(topic, value, partition=0):
    """A message of these bytes."""
    place = {"topic": topic, "partition": partition, "offset": next(_offsets)}
    return SimpleNamespace(**place, value=value, key=b"", headers=[], timestamp=1_570_000_000_000)
