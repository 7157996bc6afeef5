"""The core of load: what a batch of messages does to the database, in one transaction that the caller opened.

Messages are folded into the pushes they belong to; pushes that wait no more are judged and applied, round by
round; what remains open is put aside. Removals that schools ask for come after the pushes of their batch:
they name the version that was seen. Nothing here reads Kafka or commits.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from psycopg2.extensions import cursor

from schemas.left_to_do import SENT_AGAIN
from sinks.provincial.load import absences, dataset_store, messages, push_store, pushes, removals, together
from sinks.provincial.load.absences import Absence
from sinks.provincial.load.answers import answer
from sinks.provincial.load.apply import Applied, apply
from sinks.provincial.load.dataset_store import Dataset, Version
from sinks.provincial.load.messages import AcceptedMessage, Part, Tombstones
from sinks.provincial.load.push_store import RefusedRecord
from sinks.provincial.load.pushed_records import Complete, brought
from sinks.provincial.load.pushes import Limits, Progress, Push, PushKey
from sinks.provincial.load.removals import Asked
from sinks.provincial.load.schools_acts import carry_out
from sinks.provincial.records.ledger import Seen
from sinks.provincial.records.mac import Mac

Chunk = Part | Tombstones
Chunks = dict[PushKey, dict[int, Chunk]]

PORTION_BYTES: Final = 32 * 1024 * 1024
"""Pushes that end in one batch are applied so much at a time: thousands of closings fit into a batch, each of
a push whose chunks lie aside."""


@dataclass
class Settled:
    """What a batch did, for the metrics: pushes by outcome, records by outcome, repeated messages."""

    outcomes: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def settle(
    cur: cursor,
    batch: Sequence[AcceptedMessage],
    now: datetime,
    mac: Mac,
    acts: Sequence[Asked] = (),
    removal_share: float = removals.SHARE,
    seen: Seen | None = None,
    limits: Limits = pushes.LIMITS,
) -> Settled:
    """Fold a batch of messages, in their order, into the database."""
    out = Settled()
    known = push_store.pushes(cur, (a.push for a in batch))
    had_aside = {key for key, push in known.items() if push.seen}
    folded = _fold(batch, known, out, limits)
    for portion in together.portions(folded.ready, PORTION_BYTES):
        arrived = {p.key: folded.arrived.pop(p.key, {}) for p in portion}
        for key, number, chunk in _taken_back(cur, had_aside & arrived.keys()):
            arrived[key][number] = chunk
        _conclude(cur, portion, arrived, now, out, mac, removal_share, seen)
    _let_go(cur, folded.over, now, out)
    answer(cur, folded.again, now, SENT_AGAIN)
    push_store.put_pushes(cur, list(known.values()), now)
    aside = [(k, n, v) for (k, n), v in folded.bytes_of.items() if known[k].outcome is None]
    push_store.put_aside(cur, aside)
    for asked in acts:
        out.records["removed"] += carry_out(cur, asked, now, removal_share)
    return out


def expire(
    cur: cursor, read_up_to: datetime, limits: Limits, is_ours: Callable[[PushKey], bool] = lambda push: True
) -> Settled:
    """Answer those of our pushes that have been open for too long, and let go of their chunks.

    ``read_up_to``: Kafka's time up to which all that was written for these pushes has been folded.
    """
    out = Settled()
    late = [p for p in push_store.open_since(cur, read_up_to - limits.open_for) if is_ours(p.key)]
    for push in late:
        pushes.expire(push)
    _let_go(cur, late, read_up_to, out)
    push_store.put_pushes(cur, late, read_up_to)
    return out


def _taken_back(cur: cursor, keys: Iterable[PushKey]) -> Iterator[tuple[PushKey, int, Chunk]]:
    for aside in push_store.take_back(cur, keys):
        decoded, _ = messages.decode([value for _, _, value in aside])
        for (key, number, _), chunk in zip(aside, decoded, strict=True):
            if not isinstance(chunk, Chunk):
                raise RuntimeError("a chunk put aside cannot be read any more")
            yield key, number, chunk


def _let_go(cur: cursor, ended: Sequence[Push], now: datetime, out: Settled) -> None:
    """Of pushes that ended unapplied nobody reads the chunks again."""
    push_store.forget(cur, [p.key for p in ended])
    answer(cur, ended, now)
    out.outcomes.update(str(p.outcome) for p in ended)


@dataclass
class _Folded:
    """Chunks that came first of their number and their bytes; pushes that wait no more, those that ended
    unapplied, in order; those that were closed once more."""

    arrived: Chunks = field(default_factory=dict)
    bytes_of: dict[tuple[PushKey, int], bytes] = field(default_factory=dict)
    ready: list[Push] = field(default_factory=list)
    over: list[Push] = field(default_factory=list)
    again: list[Push] = field(default_factory=list)


def _fold(
    batch: Sequence[AcceptedMessage], known: dict[PushKey, Push], out: Settled, limits: Limits
) -> _Folded:
    to = _Folded()
    ready: dict[PushKey, Push] = {}
    for message in batch:
        came = message.came
        push = known.setdefault(
            message.push, Push(message.push, message.kind, came.at, opened_at=came.source_time)
        )
        if push.outcome is None:
            push.opened_at = min(push.opened_at, came.source_time)
            if came.began is not None:
                push.began_at = min(push.began_at or came.began, came.began)
        if push.key not in ready and pushes.is_overdue(push, came.source_time, limits):
            # So it ends alike whether this message was read in time or with a backlog.
            pushes.expire(push)
            to.over.append(push)
        number = -1
        if message.chunk is not None:
            number = message.chunk.header["Chunk"]
            first = pushes.chunk_arrives(push, number, came.source_offset, len(came.value))
            if first is pushes.Delivery.FIRST:
                to.arrived.setdefault(push.key, {})[number] = message.chunk
                to.bytes_of[push.key, number] = came.value
        elif (closed := message.closed) is not None and (
            pushes.closing_arrives(push, closed, came.source_offset) is pushes.Delivery.LATE
        ):
            out.outcomes["repeated"] += 1
            to.again.append(push)
        if push.outcome is not None or push.key in ready:
            continue
        if pushes.outgrows(push, limits, number):
            to.over.append(push)
        elif pushes.progress(push) is not Progress.WAITING:
            ready[push.key] = push
    to.ready = list(ready.values())
    return to


def _conclude(
    cur: cursor,
    ready: Sequence[Push],
    chunks: Chunks,
    now: datetime,
    out: Settled,
    mac: Mac,
    removal_share: float,
    seen: Seen | None,
) -> None:
    datasets = dataset_store.datasets(cur, {p.key.dataset_id for p in ready})
    refused: list[RefusedRecord] = []
    for of_round in together.rounds(ready):
        complete = []
        let_through: dict[PushKey, int] = {}
        for push in of_round:
            of_push = [chunks.get(push.key, {})[n] for n in sorted(push.seen)]
            dataset = datasets[push.key.dataset_id]
            refused += [r for c in of_push for r in _refused_before(push, c)]
            came = brought(of_push)
            if pushes.decide_outcome(push, came, dataset.opened_at):
                let_through[push.key] = sum(came.accepted.values())
                records = [c for c in of_push if isinstance(c, Part)]
                removed = [c for c in of_push if isinstance(c, Tombstones)]
                complete.append(Complete(push, records, dataset.version + 1, removed))
        versions: list[Version] = []
        begun: list[Absence] = []
        ended: list[Absence] = []
        for job, applied in zip(complete, apply(cur, complete, mac, removal_share, seen), strict=True):
            versions += _applied(datasets[job.push.key.dataset_id], job, applied)
            begun += _absences(job.push, applied.begun)
            ended += _absences(job.push, applied.ended)
            refused += applied.refused
            out.records["written"] += job.push.written
            out.records["unchanged"] += job.push.accepted - job.push.written
            out.records["refused"] += let_through[job.push.key] - job.push.accepted
            out.records["removed"] += sum(map(len, applied.left.values()))
            out.refused.update(r.rule for r in applied.refused)
        dataset_store.put_datasets(cur, [datasets[job.push.key.dataset_id] for job in complete])
        dataset_store.put_versions(cur, versions)
        absences.end(cur, ended)
        absences.begin(cur, begun)
    push_store.put_refused(cur, refused)
    answer(cur, ready, now)
    out.outcomes.update(str(p.outcome) for p in ready)


def _applied(dataset: Dataset, job: Complete, applied: Applied) -> list[Version]:
    """Carry what was applied into the push and the dataset; the version it made, if any."""
    push = job.push
    push.absent = +applied.absent
    push.removed = _lengths(applied.left)
    push.waiting = _lengths(applied.waiting)
    pushes.applied(push, dataset.version, applied.accepted, applied.written)
    records = Counter(dataset.records) + applied.added - Counter(push.removed)
    push.stayed = records - applied.accepted
    dataset.opened_at = push.order
    if push.outcome != "version":
        return []
    dataset.version, dataset.records = push.version, dict(records)
    return [
        Version(
            push.key.dataset_id,
            push.version,
            push.key.vendor,
            push.key.push_id,
            dataset.records,
            received=brought(job.chunks).records,
            removed=push.removed,
            whole=job.whole(),
            written=push.written,
            refused=push.refused,
        )
    ]


def _absences(push: Push, records: Sequence[tuple[str, str]]) -> list[Absence]:
    """A push of which nothing could be taken says nothing of what is absent."""
    if push.outcome not in ("version", "unchanged"):
        return []
    key = push.key
    return [Absence(key.dataset_id, t, i, push.version, key.vendor, key.push_id) for t, i in records]


def _lengths(identities: dict[str, list[str]]) -> dict[str, int]:
    return {record_type: len(some) for record_type, some in identities.items() if some}


def _refused_before(push: Push, chunk: Chunk) -> list[RefusedRecord]:
    """What validation or the adapter refused."""
    header = chunk.header
    return [
        RefusedRecord(
            push.key,
            chunk.record_type,
            header["Chunk"],
            header["Source"],
            header["Sheet"],
            r["Row"],
            r["ClientId"],
            r["Rule"],
            r["Fields"],
            removal=isinstance(chunk, Tombstones),
        )
        for r in header["Refused"]
    ]
