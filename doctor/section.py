"""A section of the examination: its name, what it needs, and a function from settings to findings."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg2
from kafka.errors import KafkaError

from runtime import kafka, postgres
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList


@dataclass(frozen=True)
class Finding:
    """Something that is not in agreement. Its code's text says what to do; ``since`` is None if not known."""

    problem: Problem
    since: datetime | None = None


@dataclass(frozen=True)
class Section:
    """``needs``: sections that must have found nothing, else this one cannot be looked at.

    ``look`` may raise ProblemList, and KafkaError or psycopg2.Error of a server that is away.
    """

    name: str
    look: Callable[[Settings], Iterable[Finding]]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examined:
    """What a section found; ``findings`` is None if it could not be looked at for want of another."""

    name: str
    findings: Sequence[Finding] | None

    @property
    def fine(self) -> bool:
        """Whether it was looked at and is in agreement."""
        return self.findings is not None and not self.findings

    def lines(self) -> list[dict[str, Any]]:
        """For ``--json``: one a finding; ``ok`` is null if it could not be looked at."""
        if not self.findings:
            ok = None if self.findings is None else True
            return [self._line(ok, "", None, ("", ""))]
        return [self._line(False, f.problem.code, f.since, f.problem.messages()) for f in self.findings]

    def _line(
        self, ok: bool | None, code: str, since: datetime | None, messages: tuple[str, str]
    ) -> dict[str, Any]:
        vi, en = messages
        return {
            "name": self.name,
            "ok": ok,
            "code": code,
            "since": since,
            "message_vi": vi,
            "message_en": en,
        }


def examine(settings: Settings, sections: Sequence[Section]) -> Iterator[Examined]:
    """All sections, in their order."""
    fine: set[str] = set()
    for section in sections:
        findings = _look(section, settings) if fine.issuperset(section.needs) else None
        examined = Examined(section.name, findings)
        if examined.fine:
            fine.add(section.name)
        yield examined


def of(problems: Iterable[Problem]) -> list[Finding]:
    """Problems of which nobody knows since when."""
    return [Finding(problem) for problem in problems]


@contextmanager
def away_said(settings: Settings) -> Iterator[None]:
    """A server that is away, as what is said of it: SYS-001, SYS-002, SYS-010."""
    try:
        yield
    except KafkaError:
        raise kafka.away(settings) from None
    except psycopg2.OperationalError as fault:
        raise ProblemList([postgres.away(fault)]) from None


def _look(section: Section, settings: Settings) -> Sequence[Finding]:
    try:
        return list(section.look(settings))
    except ProblemList as error:
        return of(error.problems)
    except KafkaError:
        return of(kafka.away(settings).problems)
    except psycopg2.Error as fault:
        return of([postgres.away(fault)])
