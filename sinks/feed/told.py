"""What a message tells of pushes. Pure: nothing of a person is carried on, and no officer's own words."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from kafka.consumer.fetcher import ConsumerRecord

from runtime import reading
from schemas.contracts import bounds
from schemas.encoding import codec
from streams.confirmation.events import Event

ANSWERED: Final = "answered"
"""Kind of a push's answer; the other kinds are the confirmation's own names of its events."""
REMOVAL: Final = "removal"
"""Kind of what became of records that the school lets go, or that a push named and the head decided on."""

CONTRACT: Final = "PushAnswered"
NOT_OURS: Final = "REC-005"
NO_DATASET: Final = "REC-004"

SCHOOL: Final = "school"
"""Vendor of the answers and versions that a school's own act makes (``load.removals``)."""

_IDS: Final = UUID("c5a2ff0e-34f8-5d3c-9f0a-6b0a4f7f1c55")
_COUNTS: Final = {
    "Received": "received",
    "Accepted": "accepted",
    "Refused": "refused",
    "Written": "written",
    "Absent": "absent",
    "Stayed": "stayed",
    "Removed": "removed",
    "Waiting": "waiting",
}


@dataclass(frozen=True)
class Told:
    """One event before it has its place in the feed. ``at``: Kafka's time of the message.

    An answer names ``vendor`` and ``push_id``; of an act they are "" until the version is looked up that it
    speaks of, by ``digest`` where it says one. ``removal_id``: of a removal that a school decided.
    """

    event_id: str
    kind: str
    at: datetime
    school: str
    dataset_id: str
    version: int
    said: Mapping[str, Any]
    topic: str
    partition: int
    source_offset: int
    vendor: str = ""
    push_id: str = ""
    digest: str = ""
    removal_id: str = ""


def of_answer(message: ConsumerRecord) -> Told | str:
    """A PushAnswered, or the code of what is wrong with the message.

    Its id is made of what it says but for when: the outbox may send an answer twice, and load, where an older
    copy of the database was restored, gives it once more.
    """
    if fault := reading.fault(message):
        return fault
    try:
        name, record = codec.decode(message.value or b"")
    except codec.Undecodable as undecodable:
        return undecodable.code
    if name != CONTRACT:
        return NOT_OURS
    if unfit := bounds.kept(record):
        return unfit
    school, vendor = record["MaTruongHoc"], record["Vendor"]
    if not (re.fullmatch(bounds.DATASET, record["DatasetId"]) and re.fullmatch(bounds.VENDOR, vendor)):
        return NO_DATASET
    if record["DatasetId"].split(".")[0] != school:
        return NO_DATASET
    said = {
        "kind": record["LoaiDongBo"],
        "outcome": record["Outcome"],
        "code": record["Code"],
    }
    said |= {ours: record[field] for field, ours in _COUNTS.items()}
    told = [vendor, record["PushId"], record["DatasetId"], record["Version"], said]
    by_school = vendor == SCHOOL
    return Told(
        event_id=_id(json.dumps(told, sort_keys=True)),
        kind=REMOVAL if by_school else ANSWERED,
        school=school,
        dataset_id=record["DatasetId"],
        version=record["Version"],
        said=said,
        vendor="" if by_school else vendor,
        push_id="" if by_school else record["PushId"],
        removal_id=record["PushId"] if by_school else "",
        **_source(message),
    )


def of_event(event: Event, message: ConsumerRecord) -> Told | None:
    """An act on a version; None of one that speaks of none yet: it concerns no push.

    Its id is made of its hash, which seals all that it says: ids of commands are chosen by who sends them.
    """
    if not event.version:
        return None
    said = {
        "state": event.state.value,
        "unit": event.unit,
        "role": event.role,
        "reason_code": event.reason_code,
        "counts": dict(event.counts),
        "sequence": event.sequence,
    }
    return Told(
        event_id=_id(event.hash),
        kind=event.event.value,
        school=event.ma_truong_hoc,
        dataset_id=event.dataset_id,
        version=event.version,
        digest=event.digest,
        said=said,
        **_source(message),
    )


def _id(of: str) -> str:
    return str(uuid5(_IDS, of))


def _source(message: ConsumerRecord) -> dict[str, Any]:
    at = datetime.fromtimestamp(message.timestamp / 1000, UTC)
    place = {"topic": message.topic, "partition": message.partition, "source_offset": message.offset}
    return {"at": at} | place
