"""What the operator does at the machine itself: accounts are made, moved, ended, given roles and passwords.

Each is on record before it is in force; what was issued to a changed account is revoked with the change.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any, Final

from psycopg2.extensions import cursor

from access import audit
from access.accounts import passwords, store, units
from access.accounts.account import Account, Move, Role
from runtime import postgres
from runtime.settings import Settings
from schemas.days import today
from schemas.errors import Problem, ProblemList

PAST: Final = "ACC-073"


def create(
    settings: Settings, new: store.New, password: str = "", *, needs_password: bool = False
) -> Account:
    """Make an account, with a password if one is given or needed.

    Raises ProblemList, all at once: ACC-001 to 006, 008 to 010; SYS-001.
    """
    problems = passwords.problems(password) if password or needs_password else []
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


def move(settings: Settings, name: str, unit: str, roles: frozenset[Role], on: date | None = None) -> Account:
    """To another unit, or other roles; now, or as the day ``on`` begins. ``roles`` empty: as before. A move
    that was said before and has not come is given up.

    Raises ProblemList (ACC-007, ACC-008, ACC-073).
    """

    def change(cur: cursor) -> Account:
        account = store.wanted(cur, name)
        move = Move(on or today(), unit or account.unit, roles or account.roles)
        problems = [Problem(PAST)] if move.on < today() else []
        problems += units.problems(settings, move.unit, move.roles, move.on)
        if problems:
            raise ProblemList(problems)
        if move.on == today():
            stays, then = move, None
        else:
            stays, then = Move(today(), account.unit, account.roles), move
        store.change(cur, account, unit=stays.unit, roles=sorted(stays.roles), **_next(then))
        return replace(account, unit=stays.unit, roles=stays.roles, moves=then, moved=False)

    return _on_record(settings, "move", change)


def set_password(settings: Settings, name: str, password: str) -> Account:
    """Another password. Raises ProblemList (ACC-003 to 005, ACC-007)."""
    problems = passwords.problems(password)

    def change(cur: cursor) -> Account:
        account = store.wanted(cur, name)
        if problems:
            raise ProblemList(problems)
        store.set_password(cur, account, passwords.hashed(password))
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
        "moves": _told_move(account.moves) if account.moves and not account.moved else None,
        "code": account.fault(today()),
    }


def _told_move(move: Move) -> dict[str, Any]:
    return {"on": move.on, "unit": move.unit, "roles": sorted(move.roles)}


def _next(move: Move | None) -> dict[str, Any]:
    if move is None:
        return dict.fromkeys(("next_from", "next_unit", "next_roles"))
    return {"next_from": move.on, "next_unit": move.unit, "next_roles": sorted(move.roles)}


def _on_record(settings: Settings, act: str, change: Callable[[cursor], Account]) -> Account:
    with (
        closing(postgres.connect(settings, "csdl accounts")) as conn,
        closing(postgres.connect(settings, "csdl audit")) as record,
        conn,
        conn.cursor() as cur,
    ):
        account = change(cur)
        says = account.on(date.max) if act == "move" else account
        whom = {"subject": account.id, "unit": says.unit, "role": ",".join(sorted(says.roles))}
        audit.record_operators(record, audit.Kind.ACCOUNT, act=act, **whom)
    return account
