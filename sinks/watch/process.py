"""`csdl run watch`: measures what waits, every few seconds, for all stages at once."""

import logging
import time
from pathlib import Path
from typing import Final

import psycopg2
from kafka.errors import KafkaError
from psycopg2.extensions import connection

from runtime import clock, metrics, postgres, standbys
from runtime.logs import AGAIN
from runtime.process import WHOLE, Process, Share
from runtime.settings import Settings
from sinks.watch import tables
from sinks.watch.broker import Broker
from sinks.watch.database_log import KINDS, DatabaseLog
from sinks.watch.reader_lag import ReaderPosition, Stillness, by_topic
from sinks.watch.readers import readers
from sinks.watch.refusals import Refusals
from sinks.watch.surroundings import UNITS, Certificates, backups, clock_is_kept, disks, failed_units
from sinks.watch.tables import Waiting
from streams.confirmation.state import Stage

EXPORT_STATES: Final = ("opened", "sent", "answered", "mismatch")

again = logging.getLogger(AGAIN)


class Watch(Process):
    """``measure`` sets every gauge anew. A server that is away is waited for: watching goes on without it."""

    name = "watch"

    def __init__(self, settings: Settings, share: Share = WHOLE) -> None:
        super().__init__(settings, share)
        self._stillness = Stillness()
        self._refusals = Refusals(settings.kafka_log_file)
        self._certificates = Certificates(settings)
        self._broker: Broker | None = None
        self._conn: connection | None = None
        self._measured = False
        self._log = DatabaseLog(settings.database_log) if settings.database_log != Path() else None
        for unit in UNITS:  # where systemd does not answer none of them runs
            metrics.UNIT_FAILED.labels(unit).set(False)
        for kind in KINDS:  # a counter that begins with its first event never rises
            metrics.DATABASE_REFUSED.labels(kind)
            metrics.KAFKA_REFUSED.labels(kind)

    @property
    def ready(self) -> bool:
        """Whether the last round could be done."""
        return self._measured

    def open(self) -> None:
        """Each round opens what it lacks."""

    def step(self) -> None:
        """A round, and the wait for the next."""
        self._measured = self.measure()
        self.stopping.wait(self.settings.watch_every_s)

    def measure(self) -> bool:
        """One round; whether it could be done."""
        try:
            self._measure()
        except (KafkaError, psycopg2.OperationalError, psycopg2.InterfaceError) as error:
            again.warning("nothing measured this time: %s", type(error).__name__)
            metrics.WATCH_ROUNDS.labels("failed").inc()
            self.close()
            return False
        metrics.WATCH_ROUNDS.labels("done").inc()
        return True

    def close(self) -> None:
        """Let go of Kafka and PostgreSQL."""
        broker, self._broker = self._broker, None
        conn, self._conn = self._conn, None
        if broker is not None:
            broker.close()
        if conn is not None:
            conn.close()

    def _measure(self) -> None:
        self._tell_surroundings()  # also while a server is away: its disk may be full
        if self._log is not None:
            for kind, count in self._log.refused().items():
                metrics.DATABASE_REFUSED.labels(kind).inc(count)
        self._broker = broker = self._broker or Broker(self.settings)
        self._conn = conn = self._conn or postgres.connect(self.settings, "csdl-watch")
        asked = time.time()
        waiting = tables.look(conn)
        metrics.CLOCK_OFFSET_SECONDS.set(clock.skew(asked, time.time(), waiting.now))
        places = broker.places(readers(self.settings.vendors), waiting.offsets)
        oldest = broker.oldest(places)
        letters = broker.dead_letters()
        metrics.REPLICAS_BEHIND.set(broker.behind())
        metrics.STANDBYS_BEHIND.set(sum(not each.fine for each in standbys.look(conn)))
        self._refusals.look()
        _tell_tables(waiting)
        self._tell_places(places, oldest)
        _tell_ages(waiting, oldest)
        for topic, count in letters.items():
            metrics.DEAD_LETTERS_KEPT.labels(topic).set(count)

    def _tell_surroundings(self) -> None:
        for name, size, free in disks(self.settings):
            metrics.DISK_SIZE.labels(name).set(size)
            metrics.DISK_FREE.labels(name).set(free)
        for name, ends in self._certificates.ends().items():
            metrics.CERTIFICATE_ENDS.labels(name).set(ends)
        metrics.CLOCK_KEPT.set(clock_is_kept() is not False)
        for unit, failed in failed_units().items():
            metrics.UNIT_FAILED.labels(unit).set(failed)
        said = backups(self.settings)
        metrics.BACKUP_SUCCESS.set(said.last_success)
        metrics.BACKUP_VERIFIED.set(said.last_verified)
        metrics.BACKUP_FAILED.set(said.last_failed)

    def _tell_places(self, places: list[ReaderPosition], oldest: dict[ReaderPosition, float | None]) -> None:
        lags = {place: place.lag if oldest[place] is not None else 0 for place in places}
        for (reader, topic), lag in by_topic(places, lags).items():
            metrics.LAG.labels(reader.name, topic, reader.stage).set(lag)
        now = time.monotonic()
        still: dict[tuple[str, str, str], float] = {}
        for place in places:
            key = (place.reader.name, place.tp.topic, place.reader.stage)
            still[key] = max(still.get(key, 0.0), self._stillness.seconds(place, bool(lags[place]), now))
        for key, seconds in still.items():
            metrics.OFFSET_STILL_SECONDS.labels(*key).set(seconds)


def _tell_ages(waiting: Waiting, oldest: dict[ReaderPosition, float | None]) -> None:
    """Per stage: the oldest message in Kafka, or the oldest row in its table."""
    now = time.time()
    ages = {"check": waiting.version_age, "outbox": waiting.outbox_age, "export": waiting.export_age}
    for place, since in oldest.items():
        age = 0.0 if since is None else max(now - since, 0.0)
        ages[place.reader.stage] = max(ages.get(place.reader.stage, 0.0), age)
    for stage, age in ages.items():
        metrics.OLDEST_WAITING_SECONDS.labels(stage).set(age)


def _tell_tables(waiting: Waiting) -> None:
    metrics.PUSHES_OPEN.set(waiting.pushes_open)
    metrics.PUSH_OLDEST_OPEN_SECONDS.set(waiting.push_age)
    metrics.VERSIONS_UNCHECKED.set(waiting.versions_unchecked)
    metrics.OUTBOX_WAITING.set(waiting.outbox)
    metrics.OUTBOX_ASIDE.set(waiting.outbox_aside)
    metrics.CHAINS_BROKEN.set(waiting.chains_broken)
    metrics.GRANTS_ENDING.set(waiting.grants_ending)
    metrics.RECEIPTS_AWAITED.set(waiting.receipts_awaited)
    for state in Stage:
        metrics.DATASETS.labels(state.value).set(waiting.datasets.get(state.value, 0))
    for kept in EXPORT_STATES:
        metrics.EXPORTS_KEPT.labels(kept).set(waiting.exports.get(kept, 0))
