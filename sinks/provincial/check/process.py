"""Check of whole versions, in its own process: what one chunk alone cannot show.

Takes versions that nobody has checked, several at once; reads their rows back; runs the rules that ask for
the whole version (and the tier-1 warnings); counts the records that the last whole lists lacked; computes the
digest that officers will name; tells the confirmation machine. All in one transaction: a version is checked
once, however often the process dies. Several such processes share the work.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid5

import polars as pl
from psycopg2.extensions import connection, cursor
from psycopg2.extras import execute_values

from runtime import metrics, postgres
from runtime.process import Process
from schemas import datasets as dataset_ids
from schemas.contracts import contracts
from schemas.encoding import codec, digest
from schemas.rules import catalogue
from schemas.topics import CONFIRMATION_CHECKS
from sinks.postgres import listening, outbox
from sinks.postgres.listening import Listener
from sinks.provincial.check import findings, unchecked
from sinks.provincial.check.findings import FINDING
from sinks.provincial.check.unchecked import Unchecked
from sinks.provincial.records import ledger, read
from streams.confirmation.commands import Act, Role

WAIT_S: Final = 0.5
ABSENT: Final = "VER-001"
WRONG_COUNT: Final = "VER-002"
COMMANDS: Final = UUID("6a1b5b0e-6c1f-5d0e-9a52-5f1f6f0f3c21")
"""Namespace of the ids of our commands: a version's command has one id, however often it is sent."""


@dataclass(frozen=True)
class Checked:
    """What the check found: the digest, findings that block and that warn, by rule. Absent records warn too,
    and stand in the table absence alone."""

    of: Unchecked
    digest: str
    blocking: int
    warnings: int


def check(conn: connection, now: datetime, batch: int = unchecked.BATCH) -> list[Checked]:
    """Check some versions and say so, in one transaction; empty if none waits."""
    with conn, conn.cursor() as cur:
        versions = unchecked.take(cur, batch)
        if not versions:
            return []
        of = [(v.dataset_id, v.version) for v in versions]
        fields = catalogue.fields_read()
        frames = {t: read.versions(cur, t, of, fields[t]) for t in contracts.record_types()}
        held = _held(frames)
        refused = unchecked.refused(cur, of)
        declared = {key: n for v in versions for key, n in v.declared(refused).items()}
        found = pl.concat(
            [_violations(frames, refused, declared), _own(versions, held, ledger.said(cur, of))]
        )
        digests = digest.version_digests(dict(of), held)
        blocking = _by_dataset(found.filter(pl.col("severity") == "block"))
        warning = _by_dataset(found.filter(pl.col("severity") != "block"))
        done = [
            Checked(v, digests[v.dataset_id], blocking[v.dataset_id], warning[v.dataset_id] + v.absences)
            for v in versions
        ]
        _write(cur, done, found, now)
    _count(done, found)
    return done


def command(checked: Checked, now: datetime) -> tuple[bytes, bytes]:
    """(key, value) of the command that tells the confirmation machine."""
    v = checked.of
    school, year, period = dataset_ids.split(v.dataset_id)
    counts = {
        "records": sum(v.records.values()),
        "refused": v.refused,
        "blocking": checked.blocking,
        "warnings": checked.warnings,
        **v.records,
    }
    event = {
        "CommandId": str(uuid5(COMMANDS, f"{v.dataset_id}/{v.version}")),
        "DatasetId": v.dataset_id,
        "MaTruongHoc": school,
        "NamHoc": year,
        "Period": period,
        "Command": Act.VERSION_CHECKED.value,
        "IssuedAt": now,
        "Unit": "system",
        "Role": Role.SYSTEM.value,
        "Account": "check",
        "Version": v.version,
        "Digest": checked.digest,
        "ReasonCode": "",
        "ReasonText": "",
        "Route": [],
        "Counts": counts,
    }
    return school.encode(), codec.encode("ConfirmationCommand", event)


class Check(Process):
    """``csdl run check``."""

    name = "check"
    niceness = 10
    """Where cores are short, versions wait for each other: twenty at once cost little more than one."""

    def open(self) -> None:
        """Listen for new versions; those that wait already are taken first."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-check"))
        self._listener = self.closes(Listener(self.settings, "csdl-check-listen", listening.VERSIONS))

    def step(self) -> None:
        """Check some versions, or wait a moment for one."""
        started = time.perf_counter()
        done = check(self._conn, datetime.now(UTC))
        if not done:
            self._listener.wait(WAIT_S)
            return
        metrics.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)


def _count(done: Sequence[Checked], found: pl.DataFrame) -> None:
    for checked in done:
        outcome = "blocking" if checked.blocking else "warnings" if checked.warnings else "clean"
        metrics.VERSIONS_CHECKED.labels(outcome).inc()
    rules = Counter(dict(found["rule"].value_counts().iter_rows()))
    rules[ABSENT] += sum(checked.of.absences for checked in done)
    for rule, n in rules.items():
        metrics.FINDINGS.labels(rule).inc(n)


def _held(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The records of all versions: ``dataset_id``, ``digest.ROW``."""
    return pl.concat(
        frame.select(
            pl.col("_dataset").alias("dataset_id"),
            pl.lit(record_type).alias("record_type"),
            pl.col("_identity").alias("identity"),
            pl.col("_row_hash").alias("row_hash"),
        )
        for record_type, frame in frames.items()
    )


def _violations(
    frames: Mapping[str, pl.DataFrame],
    refused: Mapping[tuple[str, str], int],
    declared: Mapping[tuple[str, str], int],
) -> pl.DataFrame:
    """What the rules find, each once: rules that share their id say the same of a record."""
    scoped = {
        t: f.rename({"_dataset": catalogue.DATASET, "_identity": "identity"}) for t, f in frames.items()
    }
    fields = pl.concat_str(pl.lit("{"), pl.col("fields").list.join(","), pl.lit("}"))
    return (
        catalogue.violations_of_version(scoped, refused, declared)
        .select(
            "dataset_id", "rule", "severity", pl.col("type").alias("record_type"), "identity", fields=fields
        )
        .unique()
        .sort("dataset_id")
    )


def _own(versions: Sequence[Unchecked], held: pl.DataFrame, said: Sequence[ledger.Finding]) -> pl.DataFrame:
    """What no rule of a record type can find: rows that load did not count, keys that stood for another."""
    there = {(d, t): n for d, t, n in held.group_by("dataset_id", "record_type").len().iter_rows()}
    rows = [
        (v.dataset_id, WRONG_COUNT, "block", t, "", "{}")
        for v in versions
        for t in contracts.record_types()
        if there.get((v.dataset_id, t), 0) != v.records.get(t, 0)
    ]
    rows += [
        (dataset, rule, "warn", record_type, identity, "{" + ",".join(fields) + "}")
        for dataset, _, rule, record_type, identity, fields in said
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(["dataset_id", *FINDING], pl.String()), orient="row")


def _by_dataset(found: pl.DataFrame) -> Counter[str]:
    return Counter(dict(found["dataset_id"].value_counts().iter_rows()))


def _write(cur: cursor, done: Sequence[Checked], found: pl.DataFrame, now: datetime) -> None:
    findings.carry(cur, found, {c.of.dataset_id: c.of.version for c in done})
    execute_values(
        cur,
        "UPDATE version v SET checked_at = now(), digest = c.digest, digest_rule = c.rule, "
        "blocking = c.blocking, warnings = c.warnings "
        "FROM (VALUES %s) AS c (dataset_id, version, digest, rule, blocking, warnings) "
        "WHERE v.dataset_id = c.dataset_id AND v.version = c.version",
        [(c.of.dataset_id, c.of.version, c.digest, digest.RULE, c.blocking, c.warnings) for c in done],
    )
    outbox.put(cur, CONFIRMATION_CHECKS, [command(c, now) for c in done])
