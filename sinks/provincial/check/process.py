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
from sinks.postgres import outbox
from sinks.postgres import rows as by_name
from sinks.provincial.check import findings
from sinks.provincial.check.findings import FINDING
from sinks.provincial.records import ledger, read
from streams.confirmation.commands import Act, Role

BATCH: Final = 16
"""Versions at once: some 7,000 records, enough for the rules to run at full speed."""

MAX_RECORDS: Final = 50_000
"""Records of all of them, or one version alone: what is read of them is held at once."""

WAIT_S: Final = 0.2
ABSENT: Final = "VER-001"
WRONG_COUNT: Final = "VER-002"
COMMANDS: Final = UUID("6a1b5b0e-6c1f-5d0e-9a52-5f1f6f0f3c21")
"""Namespace of the ids of our commands: a version's command has one id, however often it is sent."""


@dataclass(frozen=True)
class Unchecked:
    """A version to check: records by type as load counted them and as the push brought them, the types of
    which that was the whole list, refused records, and by type those that whole lists lacked."""

    dataset_id: str
    version: int
    records: Mapping[str, int]
    received: Mapping[str, int]
    whole: Sequence[str]
    refused: int
    absent: Mapping[str, int]

    def declared(self, refused: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
        """(dataset, type) → records that a control total speaks of, without those that were refused.

        Of a whole list: what it brought. Else: what is held and not absent.
        """
        counts = {
            t: self.received.get(t, 0) - refused.get((self.dataset_id, t), 0)
            if t in self.whole
            else self.records.get(t, 0) - self.absent.get(t, 0)
            for t in contracts.record_types()
        }
        return {(self.dataset_id, t): n for t, n in counts.items()}


@dataclass(frozen=True)
class Checked:
    """What the check found: digest, findings (columns ``dataset_id`` and FINDING)."""

    of: Unchecked
    digest: str
    findings: pl.DataFrame

    @property
    def blocking(self) -> int:
        return self.findings.filter(pl.col("severity") == "block").height

    @property
    def warnings(self) -> int:
        """Findings that warn, and absent records: those stand in the table absence alone."""
        return self.findings.height - self.blocking + sum(self.of.absent.values())


def check(conn: connection, now: datetime, batch: int = BATCH) -> list[Checked]:
    """Check some versions and say so, in one transaction; empty if none waits."""
    with conn, conn.cursor() as cur:
        versions = _take(cur, batch)
        if not versions:
            return []
        of = [(v.dataset_id, v.version) for v in versions]
        fields = catalogue.fields_read()
        frames = {t: read.versions(cur, t, of, fields[t]) for t in contracts.record_types()}
        refused = _refused(cur, of)
        declared = {key: n for v in versions for key, n in v.declared(refused).items()}
        found = _violations(frames, refused, declared)
        said = ledger.said(cur, of)
        done = [
            Checked(v, _digest(v, frames), pl.concat([_of_version(found, v), _own(v, frames, said)]))
            for v in versions
        ]
        _write(cur, done, now)
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

    def open(self) -> None:
        """Connect."""
        self._conn = self.closes(postgres.connect(self.settings, "csdl-check"))

    def step(self) -> None:
        """Check some versions, or wait a moment for one."""
        started = time.perf_counter()
        done = check(self._conn, datetime.now(UTC))
        if not done:
            self.stopping.wait(WAIT_S)
            return
        metrics.BATCH_SECONDS.labels(self.name).observe(time.perf_counter() - started)
        for checked in done:
            outcome = "blocking" if checked.blocking else "warnings" if checked.warnings else "clean"
            metrics.VERSIONS_CHECKED.labels(outcome).inc()
        rules: Counter[str] = Counter()
        for checked in done:
            rules.update(dict(checked.findings["rule"].value_counts().iter_rows()))
            rules[ABSENT] += sum(checked.of.absent.values())
        for rule, n in rules.items():
            metrics.FINDINGS.labels(rule).inc(n)


def _take(cur: cursor, batch: int) -> list[Unchecked]:
    # A dataset's versions are checked one after the other, so their commands keep their order.
    cur.execute(
        "SELECT v.dataset_id, v.version, v.records, v.received, v.whole, v.refused FROM version v "
        "WHERE v.checked_at IS NULL AND NOT EXISTS (SELECT FROM version o WHERE o.dataset_id = v.dataset_id "
        "AND o.version < v.version AND o.checked_at IS NULL) "
        "ORDER BY v.loaded_at LIMIT %s FOR UPDATE SKIP LOCKED",
        (batch,),
    )
    found = _bounded(by_name.fetch(cur))
    absent = _absent(cur, [(row["dataset_id"], row["version"]) for row in found])
    return [Unchecked(**row, absent=absent.get(row["dataset_id"], {})) for row in found]


def _bounded(found: Sequence[by_name.Row]) -> list[by_name.Row]:
    """The first of them, of so many records together; the others stay for the next batch."""
    total = 0
    taken: list[by_name.Row] = []
    for row in found:
        total += sum(row["records"].values())
        if taken and total > MAX_RECORDS:
            break
        taken.append(row)
    return taken


def _absent(cur: cursor, of: Sequence[read.VersionId]) -> dict[str, dict[str, int]]:
    """Dataset → type → records that the last whole list lacked, of these versions (one a dataset)."""
    cur.execute(
        "SELECT a.dataset_id, a.record_type, count(*) AS records "
        "FROM unnest(%s::text[], %s::int[]) AS w (dataset_id, version) JOIN absence a USING (dataset_id) "
        "WHERE a.since_version <= w.version AND coalesce(a.until_version > w.version, true) GROUP BY 1, 2",
        ([d for d, _ in of], [n for _, n in of]),
    )
    out: dict[str, dict[str, int]] = {}
    for row in by_name.fetch(cur):
        out.setdefault(row["dataset_id"], {})[row["record_type"]] = row["records"]
    return out


def _refused(cur: cursor, of: Sequence[read.VersionId]) -> dict[tuple[str, str], int]:
    """(dataset, type) → records refused in the push that made the version."""
    cur.execute(
        "SELECT v.dataset_id, r.record_type, count(DISTINCT (r.chunk, r.source_row, r.client_id)) "
        "FROM unnest(%s::text[], %s::int[]) AS w (dataset_id, version) "
        "JOIN version v USING (dataset_id, version) "
        "JOIN record_refused r USING (vendor, push_id, dataset_id) GROUP BY 1, 2",
        ([d for d, _ in of], [n for _, n in of]),
    )
    return {(dataset, record_type): n for dataset, record_type, n in cur.fetchall()}


def _violations(
    frames: Mapping[str, pl.DataFrame],
    refused: Mapping[tuple[str, str], int],
    declared: Mapping[tuple[str, str], int],
) -> pl.DataFrame:
    scoped = {
        t: f.rename({"_dataset": catalogue.DATASET, "_identity": "identity"}) for t, f in frames.items()
    }
    return catalogue.violations_of_version(scoped, refused, declared)


def _of_version(found: pl.DataFrame, v: Unchecked) -> pl.DataFrame:
    """A version's findings, each once: rules that share their id say the same of a record."""
    return (
        found.filter(pl.col(catalogue.DATASET) == v.dataset_id)
        .select(
            "dataset_id",
            "rule",
            "severity",
            pl.col("type").alias("record_type"),
            "identity",
            pl.concat_str(pl.lit("{"), pl.col("fields").list.join(","), pl.lit("}")).alias("fields"),
        )
        .unique(maintain_order=True)
    )


def _own(v: Unchecked, frames: Mapping[str, pl.DataFrame], said: Sequence[ledger.Finding]) -> pl.DataFrame:
    """What no rule of a record type can find: rows that load did not count, keys that stood for another."""
    rows = [
        (v.dataset_id, WRONG_COUNT, "block", record_type, "", "{}")
        for record_type, frame in frames.items()
        if frame.filter(pl.col("_dataset") == v.dataset_id).height != v.records.get(record_type, 0)
    ]
    rows += [
        (dataset, rule, "warn", record_type, identity, "{" + ",".join(fields) + "}")
        for dataset, version, rule, record_type, identity, fields in said
        if (dataset, version) == (v.dataset_id, v.version)
    ]
    return pl.DataFrame(rows, schema=dict.fromkeys(["dataset_id", *FINDING], pl.String()), orient="row")


def _digest(v: Unchecked, frames: Mapping[str, pl.DataFrame]) -> str:
    return digest.version_digest(
        v.dataset_id,
        v.version,
        (
            (record_type, identity, row_hash)
            for record_type, frame in frames.items()
            for identity, row_hash in frame.filter(pl.col("_dataset") == v.dataset_id)
            .select("_identity", "_row_hash")
            .iter_rows()
        ),
    )


def _write(cur: cursor, done: Sequence[Checked], now: datetime) -> None:
    findings.carry(cur, pl.concat(c.findings for c in done), {c.of.dataset_id: c.of.version for c in done})
    execute_values(
        cur,
        "UPDATE version v SET checked_at = now(), digest = c.digest, digest_rule = c.rule, "
        "blocking = c.blocking, warnings = c.warnings "
        "FROM (VALUES %s) AS c (dataset_id, version, digest, rule, blocking, warnings) "
        "WHERE v.dataset_id = c.dataset_id AND v.version = c.version",
        [(c.of.dataset_id, c.of.version, c.digest, digest.RULE, c.blocking, c.warnings) for c in done],
    )
    outbox.put(cur, CONFIRMATION_CHECKS, [command(c, now) for c in done])
