"""Reads the logs and a row of checkpoints, and says whether they agree."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from kafka import TopicPartition

from runtime import agreement, kafka
from runtime.positions import Log
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList, SourceLocation
from sinks.chains.chains import CHAINS
from sinks.checkpoints import acts, keys, row, writer
from sinks.checkpoints import folder as files
from sinks.checkpoints.findings import Finding
from sinks.checkpoints.heads import TOPICS, Followed, positions
from sinks.checkpoints.row import Row
from sinks.checkpoints.verification import Verification

Logs = Mapping[TopicPartition, Log]

Progress = Callable[[int, int], object]
"""Told how many offsets of how many were read."""


@dataclass(frozen=True)
class Audited:
    """What an audit found. ``state``: the heads of the logs as they are now, for an acceptance."""

    row: Row
    findings: Sequence[Finding]
    read: Verification
    state: Followed

    @property
    def chains(self) -> int:
        """How many the logs hold."""
        return sum(len(self.state.heads[chain.topic]) for chain in CHAINS)


def topic_ids(settings: Settings) -> dict[str, str]:
    """Kafka's own id of each topic that is sealed: one that was deleted and made again has another."""
    with closing(kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as admin:
        return {t["name"]: str(t["topic_id"]) for t in admin.describe_topics(list(TOPICS))}


def read_row(
    settings: Settings, folder: Path, public_key: Path | None = None
) -> tuple[Row, Ed25519PublicKey]:
    """The row and the key that it was verified with: one that is trusted, never the folder's own unseen.

    Raises ProblemList (AUD-001 if there is no checkpoint, AUD-022, AUD-025, AUD-026); OSError if it cannot be
    read.
    """
    if not files.numbers(folder):
        raise none(folder)
    if public_key is not None:
        key = keys.public(public_key)
    else:
        known, signers = settings.checkpoint_key_id, settings.checkpoint_key_file
        key = keys.trusted(folder / files.PUBLIC_KEY, known, signers)
    return row.read(folder, key), key


def none(folder: Path) -> ProblemList:
    """AUD-001: nothing to compare with."""
    return ProblemList([Problem(row.NONE, SourceLocation(str(folder)))])


def forgotten(settings: Settings, found: Row) -> list[Finding]:
    """What the signer of these settings has written and the row does not have."""
    remembered = writer.remembered_of(settings.checkpoint_key_file)
    return writer.forgotten(found, settings.checkpoints_dir, remembered)


def begun(settings: Settings, found: Row) -> tuple[Verification, Logs]:
    """What Kafka says of its logs held against the row, and these logs; no event is read yet.

    Raises KafkaError if Kafka is away.
    """
    verification = Verification(found)
    stood = positions(found.newest.reached) if found.newest else {}
    with closing(agreement.narrow(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as consumer:
        logs = agreement.logs(consumer, kafka.partitions(*TOPICS))
        lies = {tp: agreement.lying_at(consumer, tp, at, logs[tp]) for tp, at in stood.items() if tp in logs}
    verification.begin(logs, lies, topic_ids(settings))
    return verification, logs


def audit(
    settings: Settings, found: Row, progress: Progress = lambda done, of: None
) -> Iterator[Audited | None]:
    """None again and again while it reads, the result at last. Raises KafkaError, psycopg2.Error of a server
    that is away."""
    verification, logs = begun(settings, found)
    state = Followed()
    of, done = sum(log.end - log.begin for log in logs.values()), 0
    with closing(kafka.consumer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as consumer:
        for tp, log in logs.items():
            consumer.assign([tp])
            consumer.seek(tp, log.begin)
            while (at := consumer.position(tp)) < log.end:
                for message in consumer.poll(timeout_ms=kafka.POLL_MS).get(tp, []):
                    verification.take(message)
                    state.take(message)
                progress(done + at - log.begin, of)
                yield None
            done += log.end - log.begin
    for number, act in enumerate(acts.rows(settings, 0, settings.checkpoint_every_s)):
        verification.take_act(act)
        state.take_act(act)
        if number % acts.AT_ONCE == 0:
            yield None
    yield Audited(found, verification.findings(), verification, state)


def whole(settings: Settings, found: Row, progress: Progress = lambda done, of: None) -> Audited:
    """The same at once."""
    for result in audit(settings, found, progress):
        if result is not None:
            return result
    raise AssertionError("an audit ends with its result")
