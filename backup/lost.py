"""What the tables knew that a copy does not: told after a restore.

Where a younger PostgreSQL goes back with a lost Kafka its tables are asked before they are put aside and
after; where it was lost itself Kafka is asked (``since``). The difference is kept beside the data, and looked
at by ``csdl doctor`` until each thing was done again: a push that its vendor must send, an act that its unit
must repeat, an export that went to the Ministry and will go there again.
"""

import grp
import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from psycopg2.extensions import connection

from deploy import server
from deploy.local import layout, whole
from runtime.settings import Settings
from schemas.errors import Problem

FILE: Final = "lost.json"

PUSH: Final = "BAK-030"
ACTS: Final = "BAK-031"
GRANT: Final = "BAK-032"
EXPORT: Final = "BAK-033"
ACCOUNT: Final = "BAK-034"
CREDENTIAL: Final = "BAK-035"
UNIT: Final = "BAK-036"
ACTED: Final = "BAK-037"
RECORDED: Final = "BAK-038"

TOLD_ONCE: Final = (CREDENTIAL, ACTED, RECORDED)
"""Of these nobody who asks can see whether they were done again: they stay until somebody says so."""

_ASK: Final = {
    PUSH: "SELECT push_id || ' ' || dataset_id, 1, vendor, dataset_id FROM push",
    ACTS: "SELECT dataset_id, max(sequence), '', dataset_id FROM confirmation_event GROUP BY dataset_id",
    GRANT: "SELECT vendor || '/' || school, sequence, vendor, school FROM grant_state",
    UNIT: "SELECT unit_code, sequence, '', unit_code FROM unit",
    EXPORT: "SELECT export_id, 1, '', dataset_id FROM ministry_export WHERE state IN ('sent', 'answered')",
    ACCOUNT: "SELECT name, 1, '', unit FROM account",
    CREDENTIAL: "SELECT handle, 1, vendor, school FROM vendor_credential",
}
"""Code → (subject, how far, vendor, about) of all of its kind."""

_AGAIN: Final = {
    PUSH: "SELECT vendor, dataset_id FROM push WHERE first_seen > %s",
    EXPORT: "SELECT '', dataset_id FROM ministry_export WHERE sent_at > %s",
}
"""What was done anew since, under whichever id."""


@dataclass(frozen=True, order=True)
class Thing:
    """Something that was known. ``far``: the sequence of a chain, else 1; ``about``: dataset, school,
    unit."""

    code: str
    subject: str
    far: int
    vendor: str
    about: str


@dataclass(frozen=True)
class Lost:
    """What one restore has lost. ``at``: when it was done."""

    backup: str
    at: str
    things: Sequence[Thing]


def known(conn: connection, codes: Sequence[str] = tuple(_ASK)) -> list[Thing]:
    """All that the tables know."""
    with conn, conn.cursor() as cur:
        found = []
        for code in codes:
            cur.execute(_ASK[code])
            found += [Thing(code, *row) for row in cur.fetchall()]
    return sorted(found)


def difference(before: Sequence[Thing], after: Sequence[Thing]) -> list[Thing]:
    """What was known before and is not after. Pure."""
    reached = {(thing.code, thing.subject): thing.far for thing in after}
    return [thing for thing in before if reached.get((thing.code, thing.subject), 0) < thing.far]


def write(home: Path, lost: Lost) -> None:
    """Keep it beside the data, with what an earlier restore has lost and nobody has done again."""
    earlier = read(home)
    things = sorted({*lost.things, *(earlier.things if earlier else ())})
    content = asdict(Lost(lost.backup, lost.at, things))
    whole.write(home / FILE, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def shown(home: Path) -> None:
    """On a server: people look at it by `csdl doctor`. Root's alone."""
    path = home / FILE
    if path.exists():
        os.chown(path, 0, grp.getgrnam(server.OPERATORS).gr_gid)
        path.chmod(0o640)


def read(home: Path) -> Lost | None:
    """None where nothing was lost."""
    try:
        found = json.loads((home / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Lost(found["backup"], found["at"], [Thing(**thing) for thing in found["things"]])


def done(home: Path) -> None:
    """Somebody has looked: it is no longer told, and stays under another name."""
    path = home / FILE
    if path.exists():
        path.rename(path.with_name(f"lost.{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"))


def missing(conn: connection, lost: Lost) -> list[Thing]:
    """What is still not done again."""
    seen = [code for code in _ASK if code not in TOLD_ONCE]
    left = [thing for thing in lost.things if thing.code in TOLD_ONCE]
    left += difference([t for t in lost.things if t.code not in TOLD_ONCE], known(conn, seen))
    again: set[tuple[str, str, str]] = set()
    with conn, conn.cursor() as cur:
        for code, statement in _AGAIN.items():
            cur.execute(statement, (lost.at,))
            again |= {(code, *row) for row in cur.fetchall()}
    return sorted(t for t in left if (t.code, t.vendor, t.about) not in again)


def problems(lost: Lost, things: Sequence[Thing]) -> Iterator[Problem]:
    """One a push, dataset, grant, export, account, unit; credentials by school."""
    schools: Mapping[tuple[str, str], list[str]] = defaultdict(list)
    for thing in things:
        if thing.code == CREDENTIAL:
            schools[thing.vendor, thing.about].append(thing.subject)
            continue
        said = {name: value for name, value in asdict(thing).items() if name != "code"}
        yield Problem(thing.code, params=said | {"backup": lost.backup})
    for (vendor, school), handles in sorted(schools.items()):
        params: dict[str, Any] = {"vendor": vendor, "about": school, "subject": ", ".join(handles)}
        yield Problem(CREDENTIAL, params=params | {"backup": lost.backup})


def now() -> str:
    """As ``Lost.at``."""
    return datetime.now(UTC).isoformat()


def home(settings: Settings) -> Path:
    """Where a restore remembers what it lost: in the stack's folder, or in the server's."""
    return settings.data_dir if layout.known(settings.data_dir) else server.HOME


def of(settings: Settings) -> Lost | None:
    """What was lost here."""
    return read(home(settings))
