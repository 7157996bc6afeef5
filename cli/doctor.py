"""`csdl doctor`: looks at the servers and settings, changes nothing, and says what needs a hand.

A check is a line of CHECKS: its name, the check without which it cannot be done, and a function from settings
to problems.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click
import psycopg2
from kafka.errors import KafkaError

from cli.answers import exit_code, json_option, print_json
from runtime import clock, kafka, postgres
from runtime.settings import Settings
from runtime.topic_admin import deviations
from schemas.errors import Problem, ProblemList
from schemas.organisation import schools
from sinks.provincial import schema
from sinks.provincial.records import secret


@dataclass(frozen=True)
class Check:
    """``look`` may raise ProblemList, and KafkaError or psycopg2.Error of a server that is away."""

    name: str
    needs: str
    look: Callable[[Settings], Sequence[Problem]]


@dataclass(frozen=True)
class Found:
    """What a check found; ``problems`` is None if it could not be done for want of another."""

    name: str
    problems: Sequence[Problem] | None

    @property
    def fine(self) -> bool:
        """Whether it was done and found nothing."""
        return self.problems is not None and not self.problems

    def lines(self) -> list[dict[str, Any]]:
        """For ``--json``: one a problem; ``ok`` is null if it could not be done."""
        if not self.problems:
            ok = None if self.problems is None else True
            return [{"name": self.name, "ok": ok, "code": "", "message_vi": "", "message_en": ""}]
        told = [(p.code, *p.messages()) for p in self.problems]
        return [
            {"name": self.name, "ok": False, "code": code, "message_vi": vi, "message_en": en}
            for code, vi, en in told
        ]


def _register(settings: Settings) -> Sequence[Problem]:
    schools.load(settings.register_file)
    return []


def _kafka(settings: Settings) -> Sequence[Problem]:
    kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS).close()
    return []


def _postgres(settings: Settings) -> Sequence[Problem]:
    postgres.connect(settings, "csdl doctor").close()
    return []


def _clock(settings: Settings) -> Sequence[Problem]:
    return clock.ask(settings).warnings()


def _tables(settings: Settings) -> Sequence[Problem]:
    return schema.problems(settings)


CHECKS: Final = (
    Check("register", "", _register),
    Check("kafka", "", _kafka),
    Check("topics", "kafka", deviations),
    Check("clock", "topics", _clock),
    Check("postgres", "", _postgres),
    Check("tables", "postgres", _tables),
    Check("identity", "tables", secret.problems),
)


def examine(settings: Settings) -> Iterator[Found]:
    """All checks, in their order."""
    fine = {""}
    for check in CHECKS:
        found = Found(check.name, _look(check, settings) if check.needs in fine else None)
        if found.fine:
            fine.add(check.name)
        yield found


def _look(check: Check, settings: Settings) -> Sequence[Problem]:
    try:
        return check.look(settings)
    except ProblemList as error:
        return error.problems
    except KafkaError:
        return kafka.away(settings).problems
    except psycopg2.Error:
        return [Problem("SYS-002")]


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Khám hệ thống — look at servers, topics, tables and the clock; say what needs a hand.

    Exit code 0: nothing does. 1: something does. 3: a server is away.
    """
    found = []
    for each in examine(Settings()):
        found.append(each)
        if not as_json:
            _print(each)
    if as_json:
        print_json({"checks": [line for each in found for line in each.lines()]})
    ctx.exit(exit_code(problem for each in found for problem in each.problems or ()))


def _print(found: Found) -> None:
    if found.problems is None:
        click.echo(f"{found.name:10} chưa xem được — could not be looked at")
    elif not found.problems:
        click.echo(f"{found.name:10} tốt — fine")
    for problem in found.problems or ():
        for text in problem.messages():
            click.echo(f"{found.name:10} {problem.code} {text}")
