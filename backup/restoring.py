"""Puts a backup, or one side of it, in the place of what was lost. Nothing is changed before all is known.

PostgreSQL's folder is made whole beside and renamed; Kafka's topics are filled on a broker that runs without
any process of the pipeline. A restore that was cut off leaves a mark with which nothing starts; the same
command begins it again. Nothing is deleted but what such a try has made.
"""

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from access import audit_acts
from backup import database, filling, installed, lost, manifest, numbers, records, shelf, since, taking
from backup.filling import NOT_EMPTY, Filled
from backup.manifest import Manifest, Progress, newer, silent
from backup.place import Lost, Place
from backup.sealing import Key
from deploy.local import private, whole
from deploy.local import stack as local
from runtime import kafka
from runtime import postgres as postgres_client
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.organisation import province
from schemas.topics import PARTITIONS
from sinks.checkpoints.writer import began
from sinks.provincial import schema

OTHER_PROVINCE: Final = "BAK-013"
OTHER_BACKUP: Final = "BAK-018"
LOST_TOO: Final = "BAK-019"
OTHER_KEYS: Final = "BAK-023"

FULL: Final = "BAK-024"

NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT)


Finish = Callable[[Settings, Manifest], None]


def refusals(
    folder: Path, key: Key, its_province: str, progress: Progress = silent
) -> tuple[Manifest, list[Problem]]:
    """(what the backup says of itself, why it cannot be used here). Every byte is read. Raises ProblemList
    where it says nothing: BAK-004 to 006, 008."""
    found = manifest.proved(folder, key)
    problems = manifest.damage(folder, found, progress)
    if found.province != its_province:
        params = {"name": found.id, "found": found.province, "here": its_province}
        problems.append(Problem(OTHER_PROVINCE, params=params))
    if _release(found.product) > _release(version("csdl")) or not schema.knows(found.revision):
        problems.append(newer(found.id, found.product))
    return found, problems


def restore(
    place: Place,
    folder: Path,
    key: Key,
    *,
    what: Lost = Lost.BOTH,
    aside: bool = False,
    progress: Progress = silent,
    finish: Finish,
) -> Manifest:
    """Put a backup in the place of what was lost. ``finish`` is called when all is there and no process runs
    yet. ``aside``: what lies where something is put back gets another name and stays.

    Raises ProblemList before anything is changed: BAK-004 to 006, 008, 013 the backup; what the place says
    (``Place.refusals``); BAK-011 what was lost is there, BAK-019 the other side is not, BAK-023 keys of
    another installation, BAK-010 no room, BAK-018 another restore was cut off here.
    """
    settings = place.settings
    found, problems = refusals(folder, key, province.load(settings.province).code, progress)
    problems += place.refusals(found, what)
    asked = {"name": found.id, "lost": what.value} | ({"aside": "yes"} if aside else {})
    begun = _begun(place)
    # Two restores of one backup put two things aside.
    at = shelf.name(datetime.now(UTC)) if begun is None else begun.pop("at", found.id)
    if begun is None:
        problems += [*_unlike(place, what, aside), *_room(place, found, what)]
    elif begun != asked:
        problems.append(Problem(OTHER_BACKUP, params=begun | {"data_dir": place.home}))
    others = [] if problems else installed.others(settings, folder, key)
    if not aside:
        problems += [Problem(OTHER_KEYS, params={"path": path, "name": found.id}) for path in others]
    if problems:
        raise ProblemList(problems)
    with private.only_ours(), _full_disk_said(place):
        place.begin(found, what)
        whole.write(mark(place), json.dumps(asked | {"at": at}))
        for path in others:
            path.rename(_aside(path, at))
        for home in _homes(place, what):
            _make_way(home, _aside(home, at) if aside else None)
        before = _put_aside(place, at) if what is Lost.KAFKA else []
        installed.unpack(settings, folder, key)
        place.keys_are_there()
        progress("PostgreSQL", 0, 0)
        _postgres(place, folder, key)

        def fill(settings: Settings) -> None:
            if what is not Lost.POSTGRES:
                _kafka(settings, folder, key, found, progress)
            gone: list[lost.Thing] = []
            with closing(postgres_client.connect(settings, "csdl restore")) as conn:
                if what is Lost.KAFKA:
                    gone = lost.difference(before, lost.known(conn))
                elif what is Lost.POSTGRES:
                    gone = since.unknown(settings, conn)
                numbers.go_on(conn)
            if gone:
                lost.write(place.home, lost.Lost(found.id, lost.now(), gone))
            finish(settings, found)

        place.fill(fill)
        _known(place, at).unlink(missing_ok=True)
        mark(place).unlink()
        place.end()
    return found


def _homes(place: Place, what: Lost) -> list[Path]:
    homes = {Lost.POSTGRES: [place.postgres_dir], Lost.KAFKA: [place.kafka_dir]}
    return homes.get(what, [place.postgres_dir, place.kafka_dir])


def _unlike(place: Place, what: Lost, aside: bool) -> list[Problem]:
    """Where what was lost is there, or what was not is missing."""
    lost_homes = [] if aside else _homes(place, what)
    there = [Problem(NOT_EMPTY, params={"place": home}) for home in lost_homes if home.exists()]
    others = [home for home in (place.postgres_dir, place.kafka_dir) if home not in _homes(place, what)]
    return there + [Problem(LOST_TOO, params={"place": home}) for home in others if not home.exists()]


def _aside(path: Path, at: str) -> Path:
    return path.with_name(f"{path.name}.before-{at}")


def _known(place: Place, at: str) -> Path:
    """What the younger PostgreSQL knew, as long as the restore goes on."""
    return place.home / f"known.{at}.json"


def _make_way(home: Path, aside: Path | None) -> None:
    """What was there gets the other name, once; what lies there afterwards a try has made that was cut
    off."""
    if aside is not None and home.exists() and not aside.exists():
        home.rename(aside)
    shutil.rmtree(home, ignore_errors=True)


def _put_aside(place: Place, at: str) -> list[lost.Thing]:
    """Ask the younger PostgreSQL all that it knows, then give its folder another name. Cut off anywhere, the
    next try goes on: the name says how far this one came."""
    aside, told = _aside(place.postgres_dir, at), _known(place, at)
    if not aside.exists():
        known: list[lost.Thing] = []

        def ask(settings: Settings) -> None:
            with closing(postgres_client.connect(settings, "csdl restore")) as conn:
                known.extend(lost.known(conn))

        place.ask(ask)
        whole.write(told, json.dumps([asdict(thing) for thing in known], ensure_ascii=False))
        place.postgres_dir.rename(aside)
    for home in (place.postgres_dir, place.kafka_dir):  # of a try that was cut off, or made to ask
        shutil.rmtree(home, ignore_errors=True)
    return [lost.Thing(**thing) for thing in json.loads(told.read_text(encoding="utf-8"))]


def accepting(account: str, reason: str) -> Finish:
    """To finish with: the logs are others than the signed ones, if only by Kafka's id of each topic. What is
    found, who put them back, why and from which backup are signed into the next checkpoint."""

    def accept(settings: Settings, found: Manifest) -> None:
        if not began(settings):
            return
        try:
            audit_acts.accept(settings, account=account, reason=f"csdl restore {found.id}: {reason}")
        except ProblemList as nothing:
            if {p.code for p in nothing.problems} != {audit_acts.NOTHING_TO_ACCEPT}:
                raise

    return accept


def mark(place: Place) -> Path:
    """There from the first change of a restore to its end."""
    return place.home / local.RESTORING


def _begun(place: Place) -> dict[str, str] | None:
    """What a restore that was cut off was asked."""
    try:
        return dict(json.loads(mark(place).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _room(place: Place, found: Manifest, what: Lost) -> Iterator[Problem]:
    """What is unpacked is some four times what lies sealed; PostgreSQL takes its journal besides. One problem
    a disk."""
    sealed = {file.name: file.bytes for file in found.files}
    of_postgres = sealed.get(taking.DATABASE, 0)
    due = {place.postgres_dir: of_postgres}
    if what is not Lost.POSTGRES:
        due[place.kafka_dir] = sum(sealed.values()) - of_postgres
    by_disk: dict[int, tuple[Path, int]] = {}
    for home, size in due.items():
        at = next(path for path in home.parents if path.exists())
        _, before = by_disk.get(at.stat().st_dev, (at, 0))
        by_disk[at.stat().st_dev] = at, before + size * 4
    for at, size in by_disk.values():
        needed, free = size // 1_000_000, taking.free_mb(at)
        if free < needed:
            yield Problem(taking.NO_ROOM, params={"path": at, "reason": f"{free} MB < {needed} MB"})


@contextmanager
def _full_disk_said(place: Place) -> Iterator[None]:
    """A disk that is full all the same: with room the same command goes on."""
    try:
        yield
    except OSError as fault:
        if fault.errno not in NO_SPACE:
            raise
        params = {"path": fault.filename or place.home, "reason": os.strerror(fault.errno)}
        raise ProblemList([Problem(FULL, params=params)]) from None


def _postgres(place: Place, folder: Path, key: Key) -> None:
    def extract(home: Path) -> None:
        with taking.unpack(folder, key, taking.DATABASE) as file:
            database.extract(file, home)
        place.take_over(home)

    whole.make(place.postgres_dir, extract)


def _kafka(settings: Settings, folder: Path, key: Key, found: Manifest, progress: Progress) -> None:
    wanted = [
        Filled(copied.tp, copied.log, _records(folder, key, copied.file))
        for copied in found.topics
        if copied.end and copied.partition < PARTITIONS
    ]
    filling.fill(settings, wanted, progress, _unread_in_added(folder, key, found))
    groups: dict[str, dict[TopicPartition, OffsetAndMetadata]] = {}
    for stood in found.groups:
        if stood.partition >= PARTITIONS:
            continue
        of_group = groups.setdefault(stood.group, {})
        of_group[TopicPartition(stood.topic, stood.partition)] = OffsetAndMetadata(stood.offset, "", -1)
    for group, offsets in groups.items():
        with closing(kafka.consumer(settings, group_id=group)) as consumer:
            consumer.commit(offsets)


def _unread_in_added(folder: Path, key: Key, found: Manifest) -> Iterator[tuple[str, Iterator[records.Kept]]]:
    """By topic, what lies in partitions that somebody had added, behind where a group stood in them."""
    stood = {TopicPartition(each.topic, each.partition): each.offset for each in found.groups}
    for copied in found.topics:
        if copied.partition >= PARTITIONS and copied.records:
            first = stood.get(copied.tp, copied.begin)
            kept = _records(folder, key, copied.file)
            yield copied.topic, (record for record in kept if record.offset >= first)


def _records(folder: Path, key: Key, name: str) -> Iterator[records.Kept]:
    if name:
        with taking.unpack(folder, key, name) as file:
            yield from records.read(file)


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("+")[0].split(".") if part.isdigit())
