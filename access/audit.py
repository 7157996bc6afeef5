"""The one writer of ``audit_event``: who tried what, when, from where, and what came of it.

A transaction of its own: what is refused is on record although the work it was part of was rolled back. An
event holds codes and ids, never a person's value. Rows are only ever added (the table refuses the rest).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Final

from psycopg2.extensions import connection
from psycopg2.extras import execute_values


class Kind(StrEnum):
    """What happened."""

    LOGIN = "login"
    LOGOUT = "logout"
    ASKED = "asked"
    """Somebody is about to act: on record before the command leaves."""
    DONE = "done"
    REFUSED = "refused"
    """Anything that was refused to somebody, a login too: ``code`` says why."""
    LOOKED = "looked"
    """Somebody looked at sensitive fields."""
    ACCOUNT = "account"
    """An account was made or changed."""
    TOKEN = "token"
    """A personal token was made or revoked."""
    KEY = "key"
    """A vendor's credential was made, shown, rotated, stopped or handed over."""


@dataclass(frozen=True)
class AuditEvent:
    """One event. ``account`` is an account's id (``A12``), or whoever acts without one (``operator``);
    ``subject`` what it is about: a dataset, a grant, an account's id; ``address`` where it came from."""

    kind: Kind
    account: str = ""
    unit: str = ""
    role: str = ""
    act: str = ""
    subject: str = ""
    code: str = ""
    command_id: str = ""
    address: str = ""


OPERATORS: Final = "operator_event"
"""A view on the table: what comes through it is an operator's, of the kinds that operators do, of now."""

COLUMNS: Final = tuple(field.name for field in fields(AuditEvent))
_VALUES: Final = attrgetter(*COLUMNS)


def record(conn: connection, events: Sequence[AuditEvent], table: str = "audit_event") -> None:
    """Write them in one statement and commit. ``conn`` has no transaction under way. Raises psycopg2.Error:
    whoever cannot put it on record must not do it."""
    with conn.cursor() as cur:
        statement = f"INSERT INTO {table} ({', '.join(COLUMNS)}) VALUES %s"
        execute_values(cur, statement, list(map(_VALUES, events)), page_size=max(len(events), 1))
    conn.commit()


def record_operators(conn: connection, kind: Kind, **more: str) -> None:
    """What the operator does at the machine itself, through the view that takes no account's acts."""
    record(conn, [AuditEvent(kind, f"operator:{os.getuid()}", **more)], OPERATORS)
