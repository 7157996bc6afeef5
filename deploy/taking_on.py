"""A vendor or a school year is taken on while all runs: what it needs is made, then its term is written.

In that order: a process that hears of a vendor finds its topics and its rights, and one that has not heard
yet turns nothing away before it has read the terms to their end.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from kafka.errors import KafkaError

from deploy import kafka_rights
from runtime import kafka, terms
from runtime.settings import Settings
from runtime.topic_admin import ensure_topics
from schemas.errors import Problem, ProblemList
from schemas.terms import VENDOR, YEAR, Term

NAME: Final = {VENDOR: re.compile(r"[a-z][a-z0-9-]{1,30}"), YEAR: re.compile(r"20\d\d")}
"""A vendor's name is part of its topic's and its account's."""

NO_NAME: Final = "SET-008"
NO_TERM: Final = "SET-009"
DAYS: Final = "SET-010"


def add(settings: Settings, term: Term) -> list[str]:
    """Make what it needs and write it, or its other days; what was made. ``settings``: setup's, who may.

    Raises ProblemList: SET-008, SET-010 before anything is made, SYS-001 and what setup says.
    """
    problems = []
    if NAME[term.kind].fullmatch(term.name) is None:
        problems.append(Problem(NO_NAME, params={"name": term.name[:40]}))
    problems += _days(term)
    if problems:
        raise ProblemList(problems)
    terms.bring(settings, strictly=True)
    settings.learn([*(known for known in settings.terms.all() if known.key != term.key), term])
    try:
        done = list(_made(settings, term))
        terms.keep(settings, [term])
    except KafkaError:
        raise kafka.away(settings) from None
    return done


def end(settings: Settings, kind: str, name: str, day: date) -> Term:
    """Its last day is this one; its topics, accounts and rows stay. Raises ProblemList: SET-009, SET-010."""
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
