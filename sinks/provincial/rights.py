"""Who may do what with which table: one table. `csdl setup` brings the database to it, each process looks for
its own rights at its start, `csdl doctor` and docs/rights.md follow it.

Nobody but the owner has more: what is not here is taken away, whoever gave it. Partitions are reached by
their table alone, so one that is made later needs no rights of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.accounts import BACKUP, OPERATOR, PROCESSES
from schemas.contracts import contracts

LETTERS: Final = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}

RECORDS: Final = "RECORDS"
"""Stands for the tables of all record types."""


class Kind(StrEnum):
    """Of what there are rights."""

    TABLE = "TABLE"
    DATABASE = "DATABASE"
    SCHEMA = "SCHEMA"
    FUNCTION = "FUNCTION"


@dataclass(frozen=True, order=True)
class Right:
    """``account`` may ``what`` (SELECT …) with the object; the database at hand is named ""."""

    account: str
    kind: Kind
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} {self.name}".rstrip()


@dataclass(frozen=True)
class Account:
    """Letters by table. ``temporary``: it needs tables of its own for a while, or tries if there is room.
    ``functions``: that answer from what the account may not read."""

    tables: Mapping[str, str]
    temporary: bool = True
    functions: tuple[str, ...] = ()


_SINK: Final = {"alembic_version": "S", "consumer_offset": "SIU"}
_CHAINS: Final = {"chain_position": "SIU", "chain_fault": "SI"}

TABLE: Final = {
    "csdl-load": Account(
        {
            **_SINK,
            RECORDS: "SIU",
            **dict.fromkeys(("dataset", "push", "removal"), "SIU"),
            "version": "SI",
            "absence": "SIUD",
            "push_chunk": "SID",
            "record_refused": "SI",
            "identity_key": "SIU",
            "identity_finding": "SI",
            "identity_ledger": "SU",  # U: it is locked against a change of the key
            "outbox": "I",
        }
    ),
    "csdl-check": Account(
        {
            "alembic_version": "S",
            RECORDS: "S",
            **dict.fromkeys(("dataset", "absence", "record_refused", "identity_finding"), "S"),
            "version": "SU",
            "finding": "SIU",
            "outbox": "I",
        }
    ),
    "csdl-outbox": Account({"alembic_version": "S", "outbox": "SUD"}),
    "csdl-projection": Account(
        {
            **_SINK,
            **_CHAINS,
            "confirmation": "SIU",
            "confirmation_event": "SI",
            "grant_state": "SIU",
            "command_outcome": "SIU",
            "unit": "SIU",
            "unit_period": "SID",
        }
    ),
    "csdl-export": Account(
        {
            **_SINK,
            **_CHAINS,
            RECORDS: "S",
            **dict.fromkeys(("version", "finding"), "S"),
            "ministry_export": "SIU",
            "ministry_export_record": "SI",
        }
    ),
    "csdl-receipts": Account(
        {
            **_SINK,
            "ministry_export": "SU",
            "ministry_export_record": "S",
            "ministry_receipt": "SI",
            "ministry_receipt_aside": "SID",
            "outbox": "I",
        }
    ),
    "csdl-watch": Account(
        dict.fromkeys(
            (
                "alembic_version",
                "chain_fault",
                "confirmation",
                "consumer_offset",
                "grant_state",
                "ministry_export",
                "outbox",
                "push",
                "unit",
                "version",
            ),
            "S",
        ),
        temporary=False,
    ),
    "csdl-access": Account(
        {
            **dict.fromkeys(
                ("alembic_version", "account", "confirmation_event", "dataset", "push", "removal"), "S"
            ),
            "account_password": "SU",  # a person's own
            "credential": "SIU",
            "login_attempt": "SIUD",
            "vendor_credential": "SIU",
            "credential_link": "SIU",
            "conformity": "SIU",
            "audit_event": "I",
        },
        temporary=False,
        functions=("staff_named",),
    ),
    "csdl-credentials": Account(
        {"alembic_version": "S", "vendor_credential": "SU", "audit_event": "I"}, temporary=False
    ),
    "csdl-gateway": Account(
        {
            "alembic_version": "S",
            "vendor_credential": "SU",  # U: when it was used last
            "audit_event": "I",
            "gateway_push": "SIU",
            "gateway_file": "SID",
            "gateway_quota": "SIU",
            "consumer_offset": "S",  # what waits for load
            # What came of a push: counts, places, codes; no record, no name.
            **dict.fromkeys(
                (
                    "absence",
                    "confirmation",
                    "confirmation_event",
                    "dataset",
                    "finding",
                    "ministry_export",
                    "ministry_export_record",
                    "ministry_receipt",
                    "push",
                    "record_refused",
                    "version",
                ),
                "S",
            ),
            "push_event": "S",
            "push_feed": "S",
        },
        temporary=False,
        functions=("push_chunks_seen", "pushed_client_ids"),
    ),
    "csdl-feed": Account(
        {
            **_SINK,
            **_CHAINS,
            "version": "S",
            "removal": "S",
            "push_event": "SID",
            "push_event_waiting": "SIUD",
            "push_feed": "SU",
        }
    ),
    BACKUP: Account({"alembic_version": "S"}, temporary=False),  # all else by replication
    "csdl-checkpoints": Account({"alembic_version": "S", "audit_event": "S"}, temporary=False),
    OPERATOR: Account(
        {
            RECORDS: "S",
            **dict.fromkeys(("account", "account_password"), "SIU"),  # csdl accounts
            "credential": "SU",
            "audit_event": "S",
            "operator_event": "I",  # the same table, but for what operators do alone
            **dict.fromkeys(
                (
                    "absence",
                    "alembic_version",
                    "chain_position",
                    "command_outcome",
                    "confirmation_event",
                    "dataset",
                    "finding",
                    "gateway_push",
                    "identity_finding",
                    "identity_ledger",
                    "ministry_export_record",
                    "ministry_receipt",
                    "ministry_receipt_aside",
                    "outbox",
                    "push",
                    "push_event",
                    "push_event_waiting",
                    "push_feed",
                    "record_refused",
                    "removal",
                    "school_year_closed",
                    "unit_period",
                    "version",
                ),
                "S",
            ),
            "chain_fault": "SUD",  # csdl chains acknowledge, reread
            **dict.fromkeys(("confirmation", "grant_state", "unit", "consumer_offset"), "SU"),
            "position_accepted": "SI",  # csdl positions accept
            "ministry_export": "SU",  # csdl ministry retry
        },
        functions=("push_chunks_seen", "pushed_client_ids"),
    ),
}  # fmt: skip
"""Of every account that logs in, but setup: that acts as the owner."""


def declared(accounts: Mapping[str, Account] = TABLE) -> set[Right]:
    """Every right that somebody has."""
    found = {
        Right(PROCESSES, Kind.DATABASE, "", "CONNECT"),
        Right(PROCESSES, Kind.SCHEMA, "public", "USAGE"),
    }
    for name, account in accounts.items():
        if account.temporary:
            found.add(Right(name, Kind.DATABASE, "", "TEMPORARY"))
        found |= {Right(name, Kind.FUNCTION, each, "EXECUTE") for each in account.functions}
        for table, letters in account.tables.items():
            for each in typed() if table == RECORDS else (table,):
                found |= {Right(name, Kind.TABLE, each, LETTERS[letter]) for letter in letters}
    return found


def typed() -> list[str]:
    """Tables of the record types."""
    return [contracts.record(record_type).table for record_type in contracts.record_types()]
