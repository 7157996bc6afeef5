"""What a backup says of itself: written last, so a folder without one is none. Proved by the backup's key.

It holds no personal value: names of topics, counts, offsets, hashes. So ``csdl backup list`` needs no key.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from kafka import TopicPartition
from pydantic import BaseModel, ConfigDict, ValidationError

from backup.sealing import DAMAGED, Key
from runtime.positions import Log
from schemas.errors import Problem, ProblemList

NAME: Final = "manifest.json"
FORMAT: Final = 1

KEPT: Final = ("vendors", "vendors_by_credentials", "school_years", "province", "signatures")
"""Settings that a stack that is made anew from a backup takes from it, unless it is said otherwise."""

OTHER_KEY: Final = "BAK-004"
UNFINISHED: Final = "BAK-006"
NEWER: Final = "BAK-008"

Progress = Callable[[str, int, int], object]
"""Told what is at work, how much of it is done, and how much it is (0: nobody knows)."""


def silent(what: str, done: int, of: int) -> None:
    """Says nothing."""


class File(BaseModel):
    """One sealed file: its name in the backup, its size and hash as it lies on the disk."""

    model_config = ConfigDict(frozen=True)

    name: str
    bytes: int
    sha256: str


class Copied(BaseModel):
    """One partition: begin and end of committed data as they were taken, and the records between."""

    model_config = ConfigDict(frozen=True)

    topic: str
    partition: int
    begin: int
    end: int
    records: int
    file: str = ""
    """Empty if there are none."""

    @property
    def tp(self) -> TopicPartition:
        """The partition."""
        return TopicPartition(self.topic, self.partition)

    @property
    def log(self) -> Log:
        """As readers compare with it."""
        return Log(self.begin, self.end)


class Stood(BaseModel):
    """A consumer group's offset."""

    model_config = ConfigDict(frozen=True)

    group: str
    topic: str
    partition: int
    offset: int


class Manifest(BaseModel):
    """Of one backup. ``revision`` is that of the tables, ``key`` the id of the key that opens it."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    id: str
    begun: str
    ended: str
    product: str
    revision: str
    province: str
    cluster: str
    system: str
    postgres: str
    key: str
    vendors: list[str]
    settings: dict[str, Any]
    files: list[File]
    topics: list[Copied]
    groups: list[Stood]
    mark: str = ""

    @property
    def size(self) -> int:
        """On the disk."""
        return sum(file.bytes for file in self.files)

    @property
    def postgres_major(self) -> int:
        """Of the PostgreSQL that was copied."""
        return int(self.postgres) // 10_000

    @property
    def records(self) -> int:
        """Kafka's."""
        return sum(copied.records for copied in self.topics)

    def asked(self) -> dict[str, str]:
        """The settings that belong to the province and not to the machine, as an environment says them."""
        said = {f"CSDL_{name.upper()}": self.settings[name] for name in KEPT if self.settings.get(name)}
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}

    def content(self) -> bytes:
        """What the mark proves."""
        return json.dumps(self.model_dump(exclude={"mark"}), sort_keys=True, ensure_ascii=False).encode()

    def marked(self, key: Key) -> "Manifest":
        """With its proof."""
        return self.model_copy(update={"mark": key.mark(self.content())})


def write(folder: Path, manifest: Manifest) -> None:
    """The last file of a backup."""
    text = json.dumps(manifest.model_dump(), ensure_ascii=False, indent=1) + "\n"
    (folder / NAME).write_text(text, encoding="utf-8")


def read(folder: Path) -> Manifest:
    """Raises ProblemList: BAK-006 if it never was finished, BAK-005 if it is damaged, BAK-008 if a later
    release wrote it in another form."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if found["format"] > FORMAT:
            raise ProblemList([newer(folder.name, str(found.get("product")))])
        return Manifest.model_validate(found)
    except (FileNotFoundError, NotADirectoryError):
        raise ProblemList([Problem(UNFINISHED, params={"name": folder.name})]) from None
    except (ValueError, KeyError, TypeError, ValidationError):
        raise ProblemList([_damaged(NAME, "not readable")]) from None


def newer(name: str, product: str) -> Problem:
    """Of a backup that a later release made."""
    return Problem(NEWER, params={"name": name, "product": product})


def proved(folder: Path, key: Key) -> Manifest:
    """The same by its key: BAK-004 if another made it, BAK-005 if somebody changed it since."""
    manifest = read(folder)
    if manifest.key != key.id:
        params = {"name": manifest.id, "made": manifest.key, "given": key.id}
        raise ProblemList([Problem(OTHER_KEY, params=params)])
    if key.mark(manifest.content()) != manifest.mark or manifest.id != folder.name:
        raise ProblemList([_damaged(NAME, "changed")])
    return manifest


def damage(folder: Path, manifest: Manifest, progress: Progress = silent) -> list[Problem]:
    """All files that are not what was written: missing, cut or changed. Reads every byte."""
    problems = []
    done, of = 0, manifest.size
    for file in manifest.files:
        hashed = hashlib.sha256()
        try:
            with (folder / file.name).open("rb") as found:
                while block := found.read(1024 * 1024):
                    hashed.update(block)
                    done += len(block)
                    progress("đọc — reading", done, of)
        except FileNotFoundError:
            problems.append(_damaged(file.name, "missing"))
            continue
        if hashed.hexdigest() != file.sha256:
            problems.append(_damaged(file.name, "cut or changed"))
    return problems


def _damaged(place: str, reason: str) -> Problem:
    return Problem(DAMAGED, params={"place": place, "reason": reason})
