"""Checked versions and answered exports are announced again, on the topics that each writer has now.

What an earlier release announced went to the units' topic, where its role is refused now: what nobody had
taken there, or still waited in the outbox, would be lost. So all of it is announced once more, a dataset's
versions in their order. Ids are the landed ones, and a machine that knows a version or an answer already
stays silent.
"""

import io
from typing import Any, Final
from uuid import UUID, uuid5

import fastavro
from alembic import op
from sqlalchemy import text

from schemas.contracts import versions
from schemas.encoding import codec

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UNITS: Final = "csdl.confirmation.commands.v1"
CHECKS: Final = "csdl.confirmation.checks.v1"
RECEIPTS: Final = "csdl.confirmation.receipts.v1"

COMMANDS: Final = UUID("6a1b5b0e-6c1f-5d0e-9a52-5f1f6f0f3c21")
EXPORTS: Final = UUID("5f0c5b0e-6a57-5c0e-9d0b-7c8f3b1f4c11")
"""Namespaces of the check's commands and of exports when this revision was written."""

LONGEST_CHAIN: Final = 10_000

CHECKED: Final = """
SELECT v.dataset_id, d.school, d.school_year, d.period, v.version, v.digest, v.records, v.refused, v.blocking,
    v.warnings, v.checked_at
FROM version v JOIN dataset d USING (dataset_id) WHERE v.checked_at IS NOT NULL
ORDER BY v.dataset_id, v.version
"""

ANSWERED: Final = """
SELECT export_id, dataset_id, school, school_year, period, version, digest, accepted, refused, sequence,
    answered_at
FROM ministry_export WHERE state = 'answered' ORDER BY dataset_id, answered_at, export_id
"""


def upgrade() -> None:
    connection = op.get_bind()
    # All that waited there comes from these two writers, and is announced below.
    connection.execute(text("DELETE FROM outbox WHERE topic = :topic"), {"topic": UNITS})
    checked = [_checked(dict(row)) for row in connection.execute(text(CHECKED)).mappings()]
    answered = [_answered(dict(row)) for row in connection.execute(text(ANSWERED)).mappings()]
    messages = [
        {"topic": topic, "key": command["MaTruongHoc"].encode(), "value": _encoded(command)}
        for topic, commands in ((CHECKS, checked), (RECEIPTS, answered))
        for command in commands
    ]
    if messages:
        insert = "INSERT INTO outbox (topic, key, value) VALUES (:topic, :key, :value)"
        connection.execute(text(insert), messages)


def downgrade() -> None:
    """What was announced stays announced: a machine that knows it is silent."""


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    counts = {
        "records": sum(row["records"].values()),
        "refused": row["refused"],
        "blocking": row["blocking"],
        "warnings": row["warnings"],
        **row["records"],
    }
    return _about(row) | {
        "CommandId": str(uuid5(COMMANDS, f"{row['dataset_id']}/{row['version']}")),
        "Command": "version_checked",
        "IssuedAt": row["checked_at"],
        "Unit": "system",
        "Role": "system",
        "Account": "check",
        "Counts": counts,
    }


def _answered(row: dict[str, Any]) -> dict[str, Any]:
    return _about(row) | {
        "CommandId": str(uuid5(UUID(row["export_id"]), "record_receipts")),
        "Command": "record_receipts",
        "IssuedAt": row["answered_at"],
        "Unit": "ministry",
        "Role": "ministry_adapter",
        "Account": "",
        "Counts": {"accepted": row["accepted"], "refused": row["refused"]},
        "Sequence": row["sequence"] if row["sequence"] > 0 else _sequence(row),
        "ExportId": row["export_id"],
    }


def _about(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "DatasetId": row["dataset_id"],
        "MaTruongHoc": row["school"],
        "NamHoc": row["school_year"],
        "Period": row["period"],
        "Version": row["version"],
        "Digest": row["digest"],
        "ReasonCode": "",
        "ReasonText": "",
        "Route": [],
        "Sequence": -1,
        "ExportId": "",
        "Window": None,
    }


def _sequence(row: dict[str, Any]) -> int:
    """Of the forwarding, where the read model had not come to it: an export's id is made of it."""
    made = (
        n
        for n in range(1, LONGEST_CHAIN)
        if row["export_id"] == str(uuid5(EXPORTS, f"{row['dataset_id']}/{row['version']}/{n}"))
    )
    return next(made, -1)


def _encoded(command: dict[str, Any]) -> bytes:
    """By the contract version that this revision was written with, whichever is the newest."""
    contract = next(c for c in versions.contracts()["ConfirmationCommand"] if c.version == 2)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, contract.parsed, command)
    return codec.frame(contract, out.getvalue())
