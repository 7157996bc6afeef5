"""The core of load: what a batch of arrivals does to the database, in one transaction that the caller opened.

Arrivals are folded into the pushes they belong to; pushes that wait no more are judged and applied, wave by
wave; what remains open is put aside. Nothing here reads Kafka or commits.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from psycopg2.extensions import cursor

from schemas import datasets as dataset_ids
from schemas.encoding import codec
from schemas.topics import PUSH_ANSWERS
from sinks.postgres import outbox
from sinks.provincial.load import messages, push_store, pushes
from sinks.provincial.load.apply import Applied, apply
from sinks.provincial.load.messages import AcceptedMessage, Part
from sinks.provincial.load.pushed_records import Complete
from sinks.provincial.load.pushes import Progress, Push, PushKey


@dataclass
class Settled:
    """What a batch did, for the metrics: pushes by outcome, records by outcome, repeated messages."""

    outcomes: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


Chunks = dict[PushKey, dict[int, Part]]


def settle(cur: cursor, batch: Sequence[AcceptedMessage], now: datetime) -> Settled:
    """Fold a batch of arrivals, in their order, into the database."""
    out = Settled()
    known = push_store.pushes(cur, (a.push for a in batch))
    had_aside = {key for key, push in known.items() if push.seen}
    arrived, bytes_of, ready, again = _fold(batch, known, out)
    done = {p.key for p in ready}
    aside = push_store.take_back(cur, done & had_aside)
    decoded, _ = messages.decode([value for _, _, value in aside])
    for (key, number, _), chunk in zip(aside, decoded, strict=True):
        if not isinstance(chunk, Part):
            raise RuntimeError("a chunk put aside cannot be read any more")
        arrived.setdefault(key, {})[number] = chunk
    _conclude(cur, ready, arrived, now, out)
    _answer(cur, again, now, pushes.SENT_AGAIN)
    push_store.put_pushes(cur, list(known.values()), now)
    push_store.put_aside(cur, [(k, n, v) for (k, n), v in bytes_of.items() if k not in done])
    return out


def expire(cur: cursor, now: datetime, timeout: timedelta) -> Settled:
    """Answer the pushes that have been open for too long as incomplete, and let go of their chunks."""
    out = Settled()
    late = push_store.open_since(cur, now - timeout)
    if not late:
        return out
    for push in late:
        pushes.expire(push)
        out.outcomes["incomplete"] += 1
    push_store.take_back(cur, [p.key for p in late])
    push_store.put_pushes(cur, late, now)
    _answer(cur, late, now)
    return out


def _fold(
    batch: Sequence[AcceptedMessage], known: dict[PushKey, Push], out: Settled
) -> tuple[Chunks, dict[tuple[PushKey, int], bytes], list[Push], list[Push]]:
    """Chunks that came first of their number, their bytes, the pushes that wait no more, in order, and those
    that were closed once more."""
    arrived: Chunks = {}
    bytes_of: dict[tuple[PushKey, int], bytes] = {}
    ready: dict[PushKey, Push] = {}
    again: list[Push] = []
    for arrival in batch:
        push = known.setdefault(arrival.push, Push(arrival.push, arrival.kind, arrival.at))
        if arrival.chunk is not None:
            number = arrival.chunk.header["Chunk"]
            if pushes.chunk_arrives(push, number, arrival.offset) is pushes.Delivery.FIRST:
                arrived.setdefault(push.key, {})[number] = arrival.chunk
                bytes_of[push.key, number] = arrival.value
        elif (closed := arrival.closed) is not None and (
            pushes.closing_arrives(push, closed, arrival.offset) is pushes.Delivery.LATE
        ):
            out.outcomes["repeated"] += 1
            again.append(push)
        if push.outcome is None and pushes.progress(push) is not Progress.WAITING:
            ready.setdefault(push.key, push)
    return arrived, bytes_of, list(ready.values()), again


def _conclude(cur: cursor, ready: Sequence[Push], chunks: Chunks, now: datetime, out: Settled) -> None:
    datasets = push_store.datasets(cur, {p.key.dataset_id for p in ready})
    versions: list[push_store.Version] = []
    refused: list[push_store.RefusedRecord] = []
    for wave in pushes.rounds(ready):
        complete = []
        for push in wave:
            of_push = [chunks.get(push.key, {})[n] for n in sorted(push.seen)]
            dataset = datasets[push.key.dataset_id]
            accepted = sum(c.records.frame.height for c in of_push)
            refused += [r for c in of_push for r in _refused_before(push, c)]
            if pushes.decide_outcome(push, _received(of_push), accepted, dataset.opened_at):
                complete.append(Complete(push, of_push, dataset.version + 1))
        for job, applied in zip(complete, apply(cur, complete), strict=True):
            version = _applied(datasets[job.push.key.dataset_id], job, applied)
            versions += [version] if version else []
            refused += applied.refused
            out.records["written"] += applied.written
            out.records["unchanged"] += applied.accepted - applied.written
            out.refused.update(r.rule for r in applied.refused)
    push_store.put_datasets(cur, [d for d in datasets.values() if d.opened_at is not None])
    push_store.put_versions(cur, versions)
    push_store.put_refused(cur, refused)
    _answer(cur, ready, now)
    out.outcomes.update(str(p.outcome) for p in ready)


def _applied(dataset: push_store.Dataset, job: Complete, applied: Applied) -> push_store.Version | None:
    """Carry what was applied into the push and the dataset; the version it made, if any."""
    push = job.push
    if push.closed is None:
        raise ValueError("an open push was applied")
    pushes.applied(push, dataset.version, applied.accepted, applied.written)
    dataset.opened_at = push.closed.opened_at
    if push.outcome != "version":
        return None
    dataset.version = push.version
    dataset.records = dict(Counter(dataset.records) + Counter(applied.added))
    return push_store.Version(
        push.key,
        push.version,
        dict(dataset.records),
        _received(job.chunks),
        applied.absent,
        applied.written,
        push.refused,
    )


def _refused_before(push: Push, chunk: Part) -> list[push_store.RefusedRecord]:
    """What validation or the adapter refused."""
    header = chunk.header
    return [
        push_store.RefusedRecord(
            push.key,
            chunk.record_type,
            header["Chunk"],
            header["Source"],
            header["Sheet"],
            r["Row"],
            r["ClientId"],
            r["Rule"],
            r["Fields"],
        )
        for r in header["Refused"]
    ]


def _received(chunks: Sequence[Part]) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for chunk in chunks:
        counts[chunk.record_type] += messages.received(chunk)
    return counts


def _answer(cur: cursor, ended: Sequence[Push], now: datetime, code: str = "") -> None:
    """Tell the vendor what became of each push, through the outbox; ``code`` instead of the push's own."""
    events = []
    for push in ended:
        school, year, _ = dataset_ids.split(push.key.dataset_id)
        answer = {
            "PushId": push.key.push_id,
            "Vendor": push.key.vendor,
            "MaTruongHoc": school,
            "NamHoc": year,
            "LoaiDongBo": push.kind,
            "DatasetId": push.key.dataset_id,
            "Outcome": push.outcome,
            "Code": code or push.code,
            "Version": push.version,
            "Received": push.received,
            "Accepted": push.accepted,
            "Refused": push.refused,
            "AnsweredAt": now,
        }
        events.append((school.encode(), codec.encode("PushAnswered", answer)))
    outbox.put(cur, PUSH_ANSWERS, events)
