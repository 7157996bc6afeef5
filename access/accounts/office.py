"""What the operator does at the machine itself: accounts are made, moved, ended, given roles and passwords.

Each is on record before it is in force; what was issued to a changed account is revoked with the change.
"""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any

from psycopg2.extensions import cursor

from access import audit
from access.accounts import passwords, store, units
from access.accounts.account import Account, Role
from runtime import postgres
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem, ProblemList


def create(
    settings: Settings, new: store.New, password: str = "", *, needs_password: bool = False
) -> Account:
    """Make an account, with a password if one is given or needed.

    Raises ProblemList, all at once: ACC-001 to 006, 008 to 010; SYS-001.
    """
    problems = _password_problems(password) if password or needs_password else []
    problems += units.problems(settings, new.unit, new.roles, new.active_from)

    def make(cur: cursor) -> Account:
        try:
            made = store.create(
                cur, replace(new, password_hash=passwords.hashed(password) if password else "")
            )
        except ProblemList as found:
            raise ProblemList(problems + found.problems) from None
        if problems:
            raise ProblemList(problems)
        return made

    return _on_record(settings, "create", make)


def end(settings: Settings, name: str, on: date) -> Account:
    """``on`` is its first day without effect. Raises ProblemList (ACC-007, ACC-009)."""

    def change(cur: cursor) -> Account:
        account = store.wanted(cur, name)
        if on < account.active_from:
            raise ProblemList([Problem(store.DAYS)])
        store.change(cur, account, active_to=on)
        return replace(account, active_to=on)

    return _on_record(settings, "end", change)


def reinstate(settings: Settings, name: str, until: date | None) -> Account:
    """In force again, to ``until`` (the first day after) or without end.

    Raises ProblemList (ACC-007, ACC-009).
    """

    def change(cur: cursor) -> Account:
        account = store.wanted(cur, name)
        if until is not None and until <= account.active_from:
            raise ProblemList([Problem(store.DAYS)])
        store.change(cur, account, active_to=until)
        return replace(account, active_to=until)

    return _on_record(settings, "reinstate", change)


def move(settings: Settings, name: str, unit: str, roles: frozenset[Role]) -> Account:
    """To another unit, or other roles. ``roles`` empty: as before. Raises ProblemList (ACC-007, ACC-008)."""

    def change(cur: cursor) -> Account:
        account = store.wanted(cur, name)
        moved = replace(account, unit=unit or account.unit, roles=roles or account.roles)
        if problems := units.problems(settings, moved.unit, moved.roles, today()):
            raise ProblemList(problems)
        store.change(cur, account, unit=moved.unit, roles=sorted(moved.roles))
        return moved

    return _on_record(settings, "move", change)


def set_password(settings: Settings, name: str, password: str) -> Account:
    """Another password. Raises ProblemList (ACC-003 to 005, ACC-007)."""
    problems = _password_problems(password)

    def change(cur: cursor) -> Account:
        account = store.wanted(cur, name)
        if problems:
            raise ProblemList(problems)
        store.change(cur, account, password_hash=passwords.hashed(password))
        return account

    return _on_record(settings, "password", change)


def everyone(settings: Settings) -> list[dict[str, Any]]:
    """All accounts, by name, with what keeps each from acting today."""
    with closing(postgres.connect(settings, "csdl accounts")) as conn:
        return [told(account) for account in store.everyone(conn)]


def told(account: Account) -> dict[str, Any]:
    """An account as it is printed."""
    return {
        "account": account.id,
        "name": account.name,
        "person": account.person,
        "unit": account.unit,
        "roles": sorted(account.roles),
        "active_from": account.active_from,
        "active_to": account.active_to,
        "code": account.fault(today()),
    }


def _password_problems(password: str) -> list[Problem]:
    code = passwords.fault(password)
    params = {"shortest": passwords.SHORTEST, "longest": passwords.LONGEST}
    return [Problem(code, params=params)] if code else []


def _on_record(settings: Settings, act: str, change: Callable[[cursor], Account]) -> Account:
    with (
        closing(postgres.connect(settings, "csdl accounts")) as conn,
        closing(postgres.connect(settings, "csdl audit")) as record,
        conn,
        conn.cursor() as cur,
    ):
        account = change(cur)
        roles = ",".join(sorted(account.roles))
        whom = {"subject": account.id, "unit": account.unit, "role": roles}
        operator = f"operator:{os.getuid()}"
        audit.record(record, [audit.AuditEvent(audit.Kind.ACCOUNT, operator, act=act, **whom)])
    return account
