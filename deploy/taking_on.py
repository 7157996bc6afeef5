"""A vendor or a school year is taken on while all runs: what it needs is made, then its term is written.

In that order: a process that hears of a vendor finds its topics and its rights, and one that has not heard
yet turns nothing away before it has read the terms to their end. One at a time (``alone``), setup included:
rights are brought to what is known, so who knows less would take a new vendor's away.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from typing import Final, Protocol, TypeVar

import psycopg2
from kafka.errors import KafkaError

from deploy import kafka_rights
from runtime import kafka, postgres, terms
from runtime.settings import Settings
from runtime.topic_admin import Change, ensure_topics
from schemas.days import today
from schemas.errors import Problem, ProblemList
from schemas.terms import VENDOR, YEAR, Term

NAME: Final = {VENDOR: re.compile(r"[a-z][a-z0-9-]{1,30}"), YEAR: re.compile(r"20\d\d")}
"""A vendor's name is part of its topic's and its account's."""

NO_NAME: Final = "SET-008"
NO_TERM: Final = "SET-009"
DAYS: Final = "SET-010"

LOCK: Final = 0x6373646D

T = TypeVar("T")
Faults = tuple[type[Exception], ...]


class Until(Protocol):
    """How somebody waits for a server that has just been started: tries again at these faults."""

    def __call__(self, attempt: Callable[[], T], faults: Faults, /) -> T:
        """What it says at last."""


def at_once(attempt: Callable[[], T], _: Faults, /) -> T:
    """Of a server that runs."""
    return attempt()


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Nobody else adds, ends or sets up meanwhile; waits for who does. Raises ProblemList (SYS-002)."""
    try:
        conn = postgres.connect(settings, "csdl terms")
    except psycopg2.OperationalError as fault:
        raise ProblemList([postgres.away(fault)]) from None
    with closing(conn):
        conn.autocommit = True
        with conn.cursor() as cur:
            cur.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        yield


def provide(
    settings: Settings, fill: Callable[[Settings], None] | None = None, until: Until = at_once
) -> tuple[list[Change], list[str]]:
    """Bring Kafka to what is declared, in the one order: terms, topics, what these are filled with, rights;
    what was changed of topics and of rights. By setup's account, ``alone``.

    ``fill`` comes before anybody else may write, and its terms count from then on. What the settings alone
    name is written last: topics that are filled must be empty. Raises KafkaError, ProblemList.
    """
    until(lambda: terms.bring(settings, strictly=True), (ProblemList,))
    topics = until(lambda: ensure_topics(settings), (KafkaError,))
    if fill is not None:
        fill(settings)
        terms.bring(settings, strictly=True)
    rights = kafka_rights.ensure(settings)
    terms.hand_over(settings)
    return topics, rights


def add(
    settings: Settings, kind: str, name: str, begins: date | None = None, ends: date | None = None
) -> tuple[Term, list[str]]:
    """Make what it needs and write it, or its other days; it, and what was made. ``settings``: setup's, who
    may. Without ``begins`` the first day stays; of a new one it is today.

    Raises ProblemList: SET-008, SET-010 before anything is made, SYS-001, SYS-002 and what setup says.
    """
    if NAME[kind].fullmatch(name) is None:
        raise ProblemList([Problem(NO_NAME, params={"name": name[:40]})])
    with alone(settings):
        terms.bring(settings, strictly=True)
        term = said(settings, kind, name, begins, ends)
        if problems := _days(term):
            raise ProblemList(problems)
        settings.learn([*(known for known in settings.terms.all() if known.key != term.key), term])
        try:
            done = list(_made(settings, term))
            terms.keep(settings, [term])
        except KafkaError:
            raise kafka.away(settings) from None
    return term, done


def said(settings: Settings, kind: str, name: str, begins: date | None, ends: date | None) -> Term:
    """The term that is meant, by what is known."""
    known = settings.terms.of(kind, name)
    return Term(kind, name, begins or (known.begins if known else today()), ends)


def end(settings: Settings, kind: str, name: str, day: date) -> Term:
    """Its last day is this one; its topics, accounts and rows stay. Raises ProblemList: SET-009, SET-010,
    SYS-001, SYS-002."""
    with alone(settings):
        return _end(settings, kind, name, day)


def _end(settings: Settings, kind: str, name: str, day: date) -> Term:
    terms.bring(settings, strictly=True)
    known = settings.terms.of(kind, name)
    if known is None:
        listed = settings.vendors if kind == VENDOR else settings.school_years
        params = {"name": name[:40], "known": ", ".join(map(str, listed))}
        raise ProblemList([Problem(NO_TERM, params=params)])
    term = replace(known, ends=day)
    if problems := _days(term):
        raise ProblemList(problems)
    try:
        terms.keep(settings, [term])
    except KafkaError:
        raise kafka.away(settings) from None
    return term


def _days(term: Term) -> list[Problem]:
    late = term.begins is not None and term.ends is not None and term.ends < term.begins
    return [Problem(DAYS, params={"name": term.name[:40], "begins": term.begins})] if late else []


def _made(settings: Settings, term: Term) -> Iterator[str]:
    if term.kind == VENDOR:
        yield from map(str, ensure_topics(settings))
        yield from kafka_rights.ensure(settings)
    else:
        from sinks.provincial.migrate import partitions  # polars and contracts, which a vendor needs not

        partitions(settings, int(term.name))
