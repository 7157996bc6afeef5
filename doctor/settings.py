"""Are the settings right, each of them, all said at once: their names, values and files; the logins of all
accounts whose passwords we may read, at the servers that they name.

``section`` is what ``csdl doctor`` asks, whose other sections ask the servers; ``everything`` is
``csdl config --check``. What is wrong has the place at which the setting stands.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import psycopg2

from deploy.broker_rights import principals
from deploy.local import certificates
from deploy.processes import database_principals
from doctor.section import UNSEEN, Finding, of, unseen
from runtime import kafka, postgres, settings_file
from runtime.settings import Settings
from runtime.settings_given import PREFIX, Given, gather, place
from schemas.errors import Problem, ProblemList, SourceLocation

UNKNOWN: Final = "DOC-006"
NO_SETTING: Final = "SET-005"
TWICE: Final = "SET-006"
NO_FILE: Final = "SET-007"
ENDED: Final = "SEC-119"

OURS: Final = frozenset(
    {
        "CSDL_PORT_BASE", "CSDL_SUPERVISED", "CSDL_CACHE", "CSDL_NATIVE", "CSDL_REGISTER_FOLDER",
        "CSDL_SCHEMAS", settings_file.SETTINGS,
    }
)  # fmt: skip
"""Variables of ours that are no settings of a process."""

READ: Final = (
    "kafka_password_file",
    "kafka_ca_file",
    "metrics_token_file",
    "openid_secret_file",
    "register_file",
    "layouts_dir",
)
"""Settings that name what must be there; the others name what is made."""

ABOUT: Final = {
    "SYS-001": "BOOTSTRAP_SERVERS", "SYS-002": "DATABASE_URL", "SYS-010": "DATABASE_URL",
    "SEC-101": "KAFKA_PASSWORD_FILE", "SEC-102": "KAFKA_CA_FILE", "SEC-103": "KAFKA_CA_FILE",
    "SEC-104": "BOOTSTRAP_SERVERS", "SEC-105": "BOOTSTRAP_SERVERS", "SEC-106": "KAFKA_PASSWORD_FILE",
    "SEC-107": "BOOTSTRAP_SERVERS", "SEC-119": "KAFKA_CA_FILE", "SEC-207": "SECRETS_DIR",
    "SEC-208": "DATABASE_URL",
}  # fmt: skip
"""Code → the setting that it is about."""


def section(settings: Settings) -> Iterable[Finding]:
    """Names and files."""
    given = gather()
    return of(p for p in [*names(given), *files(settings, given)] if p.code != UNSEEN)


def everything() -> list[Problem]:
    """All that is wrong with what is given, from the names to the logins. Raises ProblemList (SET-002
    to 004) where it cannot be read at all."""
    given = gather()
    found = list(names(given))
    settings, wrong = values(given)
    found += wrong
    found += files(settings, given)
    told = {(each.code, each.params.get("path")) for each in found}
    for problem in logins(settings):
        if (problem.code, problem.params.get("path")) not in told:
            told.add((problem.code, problem.params.get("path")))
            found.append(_placed(problem, given))
    return found


def names(given: Mapping[str, Given]) -> Iterator[Problem]:
    """Names that look like ours and set nothing (DOC-006), lines of the file that are none (SET-005), a name
    that stands there twice (SET-006)."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in sorted(given.keys() - set(known) - OURS):
        [near] = get_close_matches(name, known, 1, cutoff=0)
        yield Problem(UNKNOWN, place(given[name]), {"name": name, "near": near})
    if any(each.source == "file" for each in given.values()) and (path := settings_file.path()):
        first: dict[str, int] = {}
        for line in settings_file.read(path):
            where = SourceLocation(file=str(path), row=line.number)
            if not line.name:
                yield Problem(NO_SETTING, where)
            elif line.name in first:
                yield Problem(TWICE, where, {"name": line.name, "line": first[line.name]})
            first.setdefault(line.name, line.number)


def values(given: Mapping[str, Given]) -> tuple[Settings, list[Problem]]:
    """The settings without those that are wrong, and these (SET-001)."""
    texts = {name: each.value for name, each in given.items()}
    problems: list[Problem] = []
    while True:
        try:
            return Settings.exactly(texts), problems
        except ProblemList as error:
            for each in error.problems:
                name = str(each.params["name"])
                problems.append(replace(each, place=place(given.get(name))))
                if texts.pop(name, None) is None:  # wrong for what another one says
                    return Settings.exactly({}), problems


def files(settings: Settings, given: Mapping[str, Given]) -> Iterator[Problem]:
    """Files that are named and not there (SET-007), that this account may not read (SEC-118); an authority
    that has ended (SEC-119) or is none (SEC-102)."""
    for field in READ:
        name = f"{PREFIX}{field.upper()}"
        if name in given:
            path: Path = getattr(settings, field)
            try:
                if not path.exists():
                    yield Problem(NO_FILE, place(given[name]), {"name": name, "path": path})
                elif not os.access(path, os.R_OK):
                    raise PermissionError(13, "", str(path))
            except PermissionError as fault:
                yield replace(unseen(fault), place=place(given[name]))
    yield from (_placed(problem, given) for problem in _authority(settings.kafka_ca_file))


def logins(settings: Settings) -> Iterator[Problem]:
    """What the servers say to us, and to each account whose password lies here and may be read."""
    if settings.kafka_loopback or settings.bootstrap_servers:
        yield from _first([kafka.fault(each) for each in _at_kafka(settings)])
    if settings.database_url.get_secret_value():
        yield from _first([_at_database(each) for each in _of_database(settings)])


def _first(answers: list[Problem | None]) -> Iterator[Problem]:
    """Ours, and what another one hears that is about its own password; a server that is away is away once."""
    for number, problem in enumerate(answers):
        if problem is not None and (number == 0 or problem.code in ("SEC-106", "SYS-010")):
            yield problem


def _at_kafka(settings: Settings) -> list[Settings]:
    others = principals(settings.vendors, settings.vendors_by_credentials) if settings.kafka_user else []
    folder = settings.kafka_password_file.parent
    return [settings, *(settings.acting_as(name) for name in others if os.access(folder / name, os.R_OK))]


def _of_database(settings: Settings) -> list[Settings]:
    folder = settings.secrets_dir / "postgres"
    readable = (name for name in database_principals() if os.access(folder / name, os.R_OK))
    return [settings, *(settings.acting_as(name) for name in readable)]


def _at_database(settings: Settings) -> Problem | None:
    try:
        postgres.connect(settings, "csdl config").close()
    except (psycopg2.Error, ProblemList) as fault:
        return postgres.away(fault)
    return None


def _authority(path: Path) -> Iterator[Problem]:
    if not os.access(path, os.R_OK) or path.is_dir():
        return
    try:
        ends = certificates.ends(path)
    except ValueError as fault:
        yield Problem("SEC-102", params={"path": path, "reason": type(fault).__name__})
        return
    if ends < datetime.now(UTC):
        yield Problem(ENDED, params={"path": path, "day": f"{ends:%d/%m/%Y}"})


def _placed(problem: Problem, given: Mapping[str, Given]) -> Problem:
    """With the place of the setting that it is about."""
    return replace(problem, place=place(given.get(f"{PREFIX}{ABOUT.get(problem.code, '')}")))
