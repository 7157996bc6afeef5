"""A school's own act: records that its last whole list lacked leave, at once or with the head's consent.

It makes the next version of the dataset, without a row written, and is answered like a push. An act that was
carried out is answered once more when it comes again, and does nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from psycopg2.extensions import cursor

from schemas import datasets as dataset_ids
from schemas.contracts import bounds
from schemas.contracts.chunks import MAX_TEXT
from schemas.encoding import codec
from sinks.provincial.load import absences, dataset_store, removal_store, removals
from sinks.provincial.load.absences import Absence
from sinks.provincial.load.answers import answer_removal
from sinks.provincial.load.dataset_store import Dataset, Version
from sinks.provincial.load.removals import HEAD, Asked, Removal
from sinks.provincial.load.tombstones import may_leave
from sinks.provincial.records import rows, tables

CONTRACT: Final = "RemovalAsked"
NOT_OURS: Final = "REC-005"
NO_DATASET: Final = "REC-004"


def read(value: bytes, at: datetime) -> Asked | str:
    """A RemovalAsked, or the code of what is wrong with the message. ``at``: Kafka's time."""
    try:
        name, event = codec.decode(value)
    except codec.Undecodable as fault:
        return fault.code
    if name != CONTRACT:
        return NOT_OURS
    if unfit := bounds.asked(CONTRACT, event):
        return unfit
    told = [event[n] for n in ("RemovalId", "DatasetId", "RecordType", "Account", "ReasonText")]
    if any("\x00" in text or len(text) > MAX_TEXT for text in told) or not event["RemovalId"]:
        return NO_DATASET
    try:
        school, year, period = dataset_ids.split(event["DatasetId"])
    except ValueError:
        return NO_DATASET
    if (school, year, period) != (event["MaTruongHoc"], event["NamHoc"], event["Period"]):
        return NO_DATASET
    if period not in dataset_ids.PERIODS.values() or not school:
        return NO_DATASET
    return Asked(
        removal_id=event["RemovalId"],
        dataset_id=event["DatasetId"],
        record_type=event["RecordType"],
        version=event["Version"],
        identities=tuple(event["Identities"]),
        unit=event["Unit"],
        school=school,
        role=event["Role"],
        account=event["Account"],
        reason=event["ReasonText"],
        at=at,
    )


def carry_out(cur: cursor, asked: Asked, now: datetime, share: float) -> int:
    """Do what is asked, or say why not; how many records left."""
    known = removal_store.find(cur, asked.dataset_id, asked.removal_id)
    dataset = dataset_store.datasets(cur, [asked.dataset_id])[asked.dataset_id]
    if known is None:
        return _ask(cur, asked, dataset, now, share)
    if not removals.by_the_school(asked):
        _refuse(cur, asked, dataset, removals.NOT_THE_SCHOOL, now)
        return 0
    if known.state == "waiting" and asked.role == HEAD:
        return _consent(cur, asked, known, dataset, now)
    _say(cur, known, now, removals.ASKED_BEFORE)
    return 0


def _ask(cur: cursor, asked: Asked, dataset: Dataset, now: datetime, share: float) -> int:
    fault = removals.fault(asked, dataset.version, may_leave(asked.record_type))
    leave: Sequence[str] = ()
    if not fault:
        leave, fault = removals.leaving(asked, _absent(cur, asked.dataset_id, asked.record_type))
    if fault:
        _refuse(cur, asked, dataset, fault, now)
        return 0
    removal = Removal(
        dataset_id=asked.dataset_id,
        removal_id=asked.removal_id,
        record_type=asked.record_type,
        identities=tuple(leave),
        absent_only=True,
        vendor=removals.SCHOOL,
        push_id=asked.removal_id,
        role=asked.role,
        account=asked.account,
        reason=asked.reason,
        asked_at=asked.at,
        version=dataset.version,
    )
    before = removal_store.left_without_head(cur, asked.dataset_id, asked.record_type)
    held = dataset.records.get(asked.record_type, 0)
    if asked.role != HEAD and removals.waits(len(leave), held, before, share):
        removal_store.put(cur, removal)
        _say(cur, removal, now)
        return 0
    return _remove(cur, removal, leave, dataset, asked, now)


def _consent(cur: cursor, asked: Asked, removal: Removal, dataset: Dataset, now: datetime) -> int:
    """The head agrees: who still stands leaves the version that is current now."""
    held = _held(cur, removal)
    if removal.absent_only:
        held &= _absent(cur, removal.dataset_id, removal.record_type)
    leave = [i for i in removal.identities if i in held]
    if not leave:
        ended = removal.refused(removals.NOBODY_LEFT)
        removal_store.put(cur, ended)
        _say(cur, ended, now)
        return 0
    return _remove(cur, removal, leave, dataset, asked, now)


def _remove(
    cur: cursor, removal: Removal, leave: Sequence[str], dataset: Dataset, asked: Asked, now: datetime
) -> int:
    version, record_type = dataset.version + 1, removal.record_type
    removal_store.end_rows(cur, tables.table(record_type), dataset.dataset_id, leave, version)
    absences.end(cur, [Absence(dataset.dataset_id, record_type, i, version) for i in leave])
    records = dict(dataset.records)
    records[record_type] = records.get(record_type, 0) - len(leave)
    opened = max(asked.at, dataset.opened_at) if dataset.opened_at else asked.at
    dataset_store.put_datasets(cur, [replace(dataset, version=version, opened_at=opened)])
    made = Version(
        dataset.dataset_id,
        version,
        removals.SCHOOL,
        removal.removal_id,
        {t: n for t, n in records.items() if n},
        removed={record_type: len(leave)},
    )
    dataset_store.put_versions(cur, [made])
    done = removal.done(version, leave, asked.account if asked.role == HEAD else "")
    removal_store.put(cur, done)
    _say(cur, done, now)
    return len(leave)


def _absent(cur: cursor, dataset_id: str, record_type: str) -> set[str]:
    opened = absences.open_absences(cur, [dataset_id])
    return {identity for of_type, _, identity in opened.rows() if of_type == record_type}


def _held(cur: cursor, removal: Removal) -> set[str]:
    current = rows.current(cur, tables.table(removal.record_type), [removal.dataset_id], ())
    return set(current["_identity"])


def _refuse(cur: cursor, asked: Asked, dataset: Dataset, code: str, now: datetime) -> None:
    answer_removal(cur, asked.dataset_id, asked.removal_id, "refused", code, now, Version=dataset.version)


def _say(cur: cursor, removal: Removal, now: datetime, code: str = "") -> None:
    """The removal as it stands; ``code`` instead of its own."""
    counted = {removal.record_type: len(removal.identities)}
    outcome, more = {
        "waiting": ("unchanged", {"Waiting": counted}),
        "done": ("version", {"Removed": counted}),
        "refused": ("refused", {}),
    }[removal.state]
    own = removals.WAITS if removal.state == "waiting" else removal.code
    answer_removal(
        cur,
        removal.dataset_id,
        removal.removal_id,
        outcome,
        code or own,
        now,
        Version=removal.version,
        **more,
    )
