"""What a batch does to the feed, in a transaction that the caller opened: told, kept waiting, or nobody's."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from psycopg2.extensions import cursor

from sinks.feed import store
from sinks.feed.concerned import Push, Unsaid, concerned
from sinks.feed.told import Told

DATASETS_AT_ONCE: Final = 100


def tell(cur: cursor, new: Sequence[Told]) -> Counter[str]:
    """Write what is new, and what has waited of the same datasets; how many by outcome.

    The versions of all are looked up once, in one statement: what waited is told before what came later.
    """
    before = store.told_before(cur, {t.event_id for t in new})
    fresh = {t.event_id: t for t in new if t.event_id not in before}
    out: Counter[str] = Counter(repeated=len(new) - len(fresh))
    waited = store.waiting_of(cur, {t.dataset_id for t in fresh.values() if not t.vendor})
    return out + _told(cur, waited, list(fresh.values()))


def tell_what_waited(cur: cursor) -> Counter[str]:
    """Write what has waited for a version that has come since."""
    datasets = store.ripe(cur, DATASETS_AT_ONCE)
    return _told(cur, store.waiting_of(cur, datasets), [])


def _told(cur: cursor, waited: Sequence[Told], fresh: Sequence[Told]) -> Counter[str]:
    known = store.known(cur, [t for t in (*waited, *fresh) if not t.vendor])
    to_tell: list[tuple[Told, Push]] = []
    to_keep: list[tuple[Told, bool]] = []
    held_up: set[str] = set()
    out: Counter[str] = Counter()
    for told in (*waited, *fresh):
        found = concerned(told, known)
        if not told.vendor and told.dataset_id in held_up and found is not Unsaid.NOBODY:
            found = Unsaid.WAITS
        match found:
            case Push():
                to_tell.append((told, found))
                out["written"] += 1
            case Unsaid.NOBODY:
                out["nobody"] += 1
            case Unsaid.WAITS | Unsaid.LOST:
                to_keep.append((told, found is Unsaid.LOST))
                out["waiting" if found is Unsaid.WAITS else "lost"] += 1
                if found is Unsaid.WAITS:
                    held_up.add(told.dataset_id)
    kept = {told.event_id for told, _ in to_keep}
    store.no_longer_waiting(cur, {t.event_id for t in waited} - kept)
    store.keep_waiting(cur, to_keep)
    store.append(cur, to_tell)
    return out
