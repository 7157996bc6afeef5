"""A section of the examination: its name, what it needs, and a function from settings to findings."""

import getpass
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg2
from kafka.errors import KafkaError

from runtime import kafka, postgres, terms
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

UNSEEN: Final = "SEC-118"


@dataclass(frozen=True)
class Finding:
    """Something that is not in agreement. Its code's text says what to do; ``since`` is None if not known.
    ``remark``: something that is in agreement and should be known all the same."""

    problem: Problem
    since: datetime | None = None
    remark: bool = False

    def messages(self) -> tuple[str, str]:
        """(Vietnamese, English), with the place of what stands in a file."""
        place = f"{self.problem.place}: " if self.problem.place.file else ""
        vi, en = self.problem.messages()
        return f"{place}{vi}", f"{place}{en}"


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
    """What a section found; ``findings`` is None if it could not be looked at: for want of another, or
    because of ``unseen``, what this account of the machine may not see, which is no fault of the system's."""

    name: str
    findings: Sequence[Finding] | None
    unseen: Problem | None = None

    @property
    def fine(self) -> bool:
        """Whether it was looked at and is in agreement."""
        return self.findings is not None and not self.faults

    @property
    def faults(self) -> list[Finding]:
        """Findings that need a hand."""
        return [finding for finding in self.findings or () if not finding.remark]

    def lines(self) -> list[dict[str, Any]]:
        """For ``--json``: one a finding; ``ok`` is null if it could not be looked at."""
        if not self.findings:
            ok = None if self.findings is None else True
            why = self.unseen
            return [self._line(ok, why.code if why else "", None, why.messages() if why else ("", ""))]
        return [self._line(f.remark, f.problem.code, f.since, f.messages()) for f in self.findings]

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
    terms.bring(settings)
    fine: set[str] = set()
    for section in sections:
        examined = (
            _look(section, settings) if fine.issuperset(section.needs) else Examined(section.name, None)
        )
        if examined.fine:
            fine.add(section.name)
        yield examined


def of(problems: Iterable[Problem]) -> list[Finding]:
    """Problems of which nobody knows since when."""
    return [Finding(problem) for problem in problems]


def unseen(fault: PermissionError) -> Problem:
    """What is said to who may not look at a file."""
    return Problem(UNSEEN, params={"path": os.fsdecode(fault.filename or "."), "user": _user()})


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        return str(os.geteuid())


@contextmanager
def away_said(settings: Settings) -> Iterator[None]:
    """A server that is away, as what is said of it: SYS-001, SYS-002, SYS-010."""
    try:
        yield
    except KafkaError:
        raise kafka.away(settings) from None
    except psycopg2.OperationalError as fault:
        raise ProblemList([postgres.away(fault)]) from None


def _look(section: Section, settings: Settings) -> Examined:
    try:
        return Examined(section.name, list(section.look(settings)))
    except PermissionError as fault:
        return Examined(section.name, None, unseen(fault))
    except ProblemList as error:
        problems = error.problems
    except KafkaError:
        problems = kafka.away(settings).problems
    except psycopg2.Error as fault:
        problems = [postgres.away(fault)]
    return Examined(section.name, of(problems))
