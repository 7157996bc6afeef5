"""`csdl run feed`: answers of pushes and acts on their versions into the feed, a batch a transaction, with
offsets.

Answers first: before a batch of acts is written, all answers are that lay in Kafka when it was fetched. An
act follows the answer of the push that it concerns, so the feed tells them in that order, however far behind
its readers are.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from kafka import TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from psycopg2.extensions import cursor

from runtime import metrics, postgres
from runtime.process import Process
from schemas import topics
from sinks.chains.chains import CONFIRMATION
from sinks.chains.reader import ChainReader, Verified
from sinks.feed import feed, store
from sinks.feed.told import Told, of_answer, of_event
from sinks.postgres.inbox import Batch, Inbox
from streams.confirmation.events import Event

log = logging.getLogger("csdl")

CONSUMER: Final = "feed"
POLL_MS: Final = 200
LOOK_S: Final = 1.0
"""Between two looks whether something can be told that has waited."""
PRUNE_S: Final = 60.0
PRUNED_AT_ONCE: Final = 5_000


class Feed(Process):
    """``csdl run feed``: the only one that writes the feed."""

    name = CONSUMER

    def open(self) -> None:
        """Take the partitions from whoever read them before; at the first start, from what Kafka keeps."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-feed"))
        with self._conn, self._conn.cursor() as cur:
            cur.execute("SET idle_in_transaction_session_timeout = '15s'")
        self._answers = self._reads(topics.PUSH_ANSWERS)
        self._acts = self._reads(CONFIRMATION.topic)
        self._chain = ChainReader(CONSUMER, CONFIRMATION)
        self._held: Batch | None = None
        self._answers_before: dict[TopicPartition, int] = {}
        self._waits = True
        self._looked = self._pruned = float("-inf")

    def step(self) -> None:
        """A batch of acts, or of the answers before them, then a look at what waits and what is too old."""
        if self._held is None and (acts := self._acts.poll(POLL_MS)).messages:
            self._held, self._answers_before = acts, self._answers.ends()
        answers = self._answers.poll(POLL_MS if self._held else 0)
        if answers.messages:
            self._deal_with(self._answers, answers)
        if self._held is not None and self._answers.has_reached(self._answers_before):
            self._deal_with(self._acts, self._held)
            self._held = None
        self._look()

    def _reads(self, topic: str) -> Inbox:
        return self.closes(Inbox(self.settings, self._conn, CONSUMER, [topic], from_what_is_kept=True))

    def _deal_with(self, inbox: Inbox, batch: Batch) -> None:
        started = time.perf_counter()
        if inbox is self._answers:
            inbox.deal_with(batch, self._tell_answers, self._leave_out)
        else:
            inbox.deal_with(batch, self._tell_acts, self._put_aside)
        metrics.BATCH_SECONDS.labels(CONSUMER).observe(time.perf_counter() - started)
        metrics.MESSAGES.labels(CONSUMER, batch.messages[0].topic).inc(len(batch.messages))

    def _tell_answers(self, batch: Batch) -> None:
        read = [of_answer(message) for message in batch.messages]
        with self._conn, self._conn.cursor() as cur:
            self._answers.take(cur, batch)
            done = self._tell(cur, [told for told in read if isinstance(told, Told)])
        for code in read:
            if isinstance(code, str):
                _left_out(code)
        self._count(done)

    def _tell(self, cur: cursor, some: Sequence[Told]) -> Counter[str]:
        """But for what would be let go of at once: an old log that is read again tells nothing twice."""
        since = store.kept_since(cur, self.settings.feed_days)
        return feed.tell(cur, [told for told in some if told.at >= since])

    def _leave_out(self, message: ConsumerRecord, code: str) -> None:
        """It lies in its topic as long as that keeps it. No letter: only the outbox may say what an answer
        is, and who sends letters again would have to write where it writes."""
        with self._conn, self._conn.cursor() as cur:
            self._answers.take(cur, Batch.of([message]))
        _left_out(code)

    def _tell_acts(self, batch: Batch) -> None:
        with self._conn, self._conn.cursor() as cur:
            self._acts.take(cur, batch)
            found = self._chain.verified(cur, batch.messages)
            done = self._tell(cur, _acts(found))
        self._chain.tell(found)
        self._count(done)

    def _put_aside(self, message: ConsumerRecord, code: str) -> None:
        """Its dataset stops for the feed, visibly, and no other."""
        with self._conn, self._conn.cursor() as cur:
            self._acts.take(cur, Batch.of([message]))
            found = self._chain.put_aside(cur, message)
        self._chain.tell(found)

    def _look(self) -> None:
        now = time.monotonic()
        if self._waits and now - self._looked >= LOOK_S:
            self._looked = now
            with self._conn, self._conn.cursor() as cur:
                self._acts.offsets.hold(cur)
                done = feed.tell_what_waited(cur)
                waiting = store.waiting(cur)
            self._count(done)
            self._waits = bool(waiting.waiting)
            metrics.FEED_WAITING.labels("waiting").set(waiting.waiting)
            metrics.FEED_WAITING.labels("lost").set(waiting.lost)
        if now - self._pruned >= PRUNE_S:
            with self._conn, self._conn.cursor() as cur:
                self._acts.offsets.hold(cur)
                gone = store.prune(cur, self.settings.feed_days, PRUNED_AT_ONCE)
            metrics.FEED_EVENTS.labels("pruned").inc(gone)
            if gone < PRUNED_AT_ONCE:
                self._pruned = now

    def _count(self, done: Counter[str]) -> None:
        for outcome, n in done.items():
            metrics.FEED_EVENTS.labels(outcome).inc(n)
        self._waits = self._waits or bool(done["waiting"] or done["lost"])


def _left_out(code: str) -> None:
    metrics.DEAD_LETTERS.labels(topics.PUSH_ANSWERS, code).inc()
    log.error("%s: a message of %s left out", code, topics.PUSH_ANSWERS)


def _acts(found: Verified) -> list[Told]:
    came = zip(found.events, found.messages, strict=True)
    acts = [of_event(event, message) for event, message in came if isinstance(event, Event)]
    return [told for told in acts if told is not None]
