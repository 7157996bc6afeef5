"""`csdl run checkpoints`: follows every chain, signs where they end, holds the logs against what it signed.

Invariant: a checkpoint says no more than was read of the logs, in their order, from the one before it on. So
whoever rewrites a log writes what does not follow the signed heads. Where the logs are others than they were
(POS-002 to POS-004), or the row of files is (AUD-), nothing is signed until somebody has looked
(``csdl audit accept``).
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final

from kafka import KafkaConsumer

from runtime import agreement, kafka, metrics
from runtime.logs import AGAIN
from runtime.positions import Position
from runtime.process import WHOLE, Process, Share
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList, SourceLocation
from sinks.checkpoints import acts, audit, row
from sinks.checkpoints.audit import Audited
from sinks.checkpoints.findings import Finding
from sinks.checkpoints.folder import Taken
from sinks.checkpoints.heads import TOPICS, positions
from sinks.checkpoints.verification import ANOTHER_LOG, CODES
from sinks.checkpoints.writer import Writer

log = logging.getLogger("csdl")
again = logging.getLogger(AGAIN)

NAME: Final = "checkpoints"
POLL_MS: Final = 500
SOON_S: Final = 2.0
"""What somebody has decided is sealed as soon. What a check announces, refusals and acts at the access
service, of which there are many more, wait for ``checkpoint_every_s``."""

QUIET_S: Final = 3600.0
"""Where nothing happens a checkpoint says so as often."""

AUDIT_EVERY_S: Final = 24 * 3600.0
"""Between two readings of all logs. One is read at every start."""

SLICE_S: Final = 1.0
"""So long the reading of all logs goes on before the new events have their turn again."""

SAID: Final = 20
"""Findings of an audit that the log says one by one; `csdl audit verify` says all."""

NOT_WRITTEN: Final = "AUD-023"


class Checkpoints(Process):
    """Each step reads what is new, signs it when it is time, and reads a slice of all that there ever was."""

    name = NAME
    niceness: ClassVar[int] = 10

    def __init__(self, settings: Settings, share: Share = WHOLE) -> None:
        super().__init__(settings, share)
        self._writer: Writer | None = None
        self._signed = self._tried = self._hurried = time.monotonic()
        self._auditing: Iterator[Audited | None] | None = None
        self._audited: float | None = None

    def open(self) -> None:
        """Stand where the newest checkpoint says; waits while row or logs do not agree with it."""
        agreement.wait(self._disagreements)
        self._writer = writer = Writer.open(self.settings)
        writer.row.forget()
        self._state = writer.row.state
        self._last = writer.row.at or datetime.now(UTC)
        self._topics = audit.topic_ids(self.settings)
        self._consumer: KafkaConsumer = self.closes(kafka.consumer(self.settings))
        self.closes(self, lambda _: self._leave())
        stood = positions(self._state.reached)
        logs = agreement.logs(self._consumer, kafka.partitions(*TOPICS))
        self._consumer.assign(list(logs))
        for tp, known in logs.items():
            self._consumer.seek(tp, max(stood.get(tp, Position()).next, known.begin))
        metrics.CHECKPOINT_AGE_SECONDS.set_function(lambda: (datetime.now(UTC) - self._last).total_seconds())

    def step(self) -> None:
        """A poll, a checkpoint if it is time, a slice of the audit."""
        self._follow()
        now = time.monotonic()
        if now - self._tried >= self.settings.checkpoint_every_s:
            self._tried = now
            self._follow_acts()
            first = self._writer is not None and self._writer.row.newest is None
            if first or self._state.counts()[0] or now - self._signed >= QUIET_S:
                self.sign()
        elif self._state.decided and now - self._hurried >= min(SOON_S, self.settings.checkpoint_every_s):
            self._hurried = now
            self.sign()
        self._audit_a_slice()

    def sign(self) -> bool:
        """Write a checkpoint of what was read; whether it is there. A full disk is said, and tried again."""
        assert self._writer is not None
        try:
            self._last = self._writer.write(self._state, self._topics).at
        except Taken:
            self._writer = None  # another one goes on with the row; we start again after it
            raise
        except OSError as fault:
            again.error("%s", self._not_written(fault))
            metrics.CHECKPOINTS.labels("failed").inc()
            return False
        self._signed = time.monotonic()
        metrics.CHECKPOINTS.labels("written").inc()
        return True

    def _follow(self) -> None:
        for messages in self._consumer.poll(timeout_ms=POLL_MS).values():
            for message in messages:
                metrics.MESSAGES.labels(NAME, message.topic).inc()
                if fault := self._state.take(message):
                    metrics.CHAIN_BREAKS.labels(NAME).inc()
                    place = f"{message.topic}/{message.partition}/{message.offset}"
                    log.error("%s does not belong to its chain (%s)", place, fault.value)

    def _follow_acts(self) -> None:
        """Rows of the table of acts that no writer comes before any more."""
        for act in acts.rows(self.settings, self._state.next_act, self.settings.checkpoint_every_s):
            self._state.take_act(act)

    def _audit_a_slice(self) -> None:
        """Findings are said, and shown by a gauge until the next audit."""
        if self._auditing is None:
            if self._audited is not None and time.monotonic() - self._audited < AUDIT_EVERY_S:
                return
            assert self._writer is not None
            found = row.read(self.settings.checkpoints_dir, self._writer.key.public_key())
            self._auditing = audit.audit(self.settings, found)
        until = time.monotonic() + SLICE_S
        for result in self._auditing:
            if result is not None:
                self._auditing, self._audited = None, time.monotonic()
                tell(result.findings)
                for finding in result.findings[:SAID]:
                    log.error("%s", finding.problem)
                return
            if time.monotonic() > until or self.stopping.is_set():
                return

    def _leave(self) -> None:
        """What was read is sealed before the process stops."""
        if self._writer is not None and self._state.counts()[0]:
            self.sign()

    def _disagreements(self) -> Sequence[Problem]:
        """Why no checkpoint may be signed now."""
        try:
            writer = Writer.open(self.settings)
        except ProblemList as error:
            return error.problems
        except OSError as fault:
            return [self._not_written(fault)]
        found = writer.problems()
        if not found and writer.row.newest is not None:
            verification, _ = audit.begun(self.settings, writer.row)
            found = [f for f in verification.findings() if f.code == ANOTHER_LOG]
        tell(found)
        return [f.problem for f in found]

    def _not_written(self, fault: OSError) -> Problem:
        place = SourceLocation(str(self.settings.checkpoints_dir))
        return Problem(NOT_WRITTEN, place, {"reason": fault.strerror or type(fault).__name__})


def tell(findings: Sequence[Finding]) -> None:
    """The gauge shows what the last audit found, by code."""
    counts = Counter(finding.code for finding in findings)
    for code in CODES:
        metrics.AUDIT_FINDINGS.labels(code).set(counts[code])
