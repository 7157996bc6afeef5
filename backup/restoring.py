"""Puts a backup, or one side of it, in the place of what was lost. Nothing is changed before all is known.

A local stack's folders: PostgreSQL's is made whole beside and renamed; Kafka's topics are filled on a broker
that runs without any process of the pipeline. A restore that was cut off leaves a mark with which no `csdl
up` starts; the same command begins it again.
"""

import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Final

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from access import audit_acts
from backup import database, filling, lost, manifest, records, taking
from backup.filling import NOT_EMPTY, Filled
from backup.manifest import Manifest, Progress, newer, silent
from backup.sealing import Key
from deploy.local import postgres, private, server_account, supervisor, whole
from deploy.local import stack as local
from deploy.local.layout import Stack
from runtime import kafka
from runtime import postgres as postgres_client
from runtime.settings import Settings
from runtime.stack_file import STACK_FILE
from schemas.errors import Problem, ProblemList
from schemas.organisation import province
from sinks.checkpoints.writer import began
from sinks.provincial import schema

OTHER_PROVINCE: Final = "BAK-013"
RUNS: Final = "BAK-015"
OTHER_BACKUP: Final = "BAK-018"
LOST_TOO: Final = "BAK-019"


Finish = Callable[[Settings, Manifest], None]


class Lost(StrEnum):
    """What was lost. With Kafka a younger PostgreSQL goes back, too: its tables know acts of which no chain
    does. It is put aside, and what it knew is told (``lost``)."""

    POSTGRES = "postgres"
    KAFKA = "kafka"
    BOTH = "both"


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
    stack: Stack,
    folder: Path,
    key: Key,
    *,
    what: Lost = Lost.BOTH,
    progress: Progress = silent,
    finish: Finish,
) -> Manifest:
    """Put a backup in the place of what a stack has lost; it stands still afterwards. ``finish`` is called
    when all is there and no process runs yet.

    Raises ProblemList before anything is changed: BAK-004 to 006, 008, 013 the backup; BAK-015 the stack
    runs, BAK-011 what was lost is there, BAK-019 the other side is not, BAK-010 no room, BAK-018 another
    restore was cut off here.
    """
    found, problems = refusals(folder, key, province.load(stack.settings().province).code, progress)
    if supervisor.is_running(stack) or supervisor.left_over(stack):
        problems.append(Problem(RUNS, params={"data_dir": stack.data_dir}))
    asked = {"name": found.id, "lost": what.value}
    begun = _begun(stack)
    if begun is None:
        problems += _unlike(stack, what)
    elif begun != asked:
        problems.append(Problem(OTHER_BACKUP, params=begun | {"data_dir": stack.data_dir}))
    problems += _room(stack, found)
    if problems:
        raise ProblemList(problems)
    with private.only_ours():
        stack.data_dir.mkdir(parents=True, exist_ok=True)
        whole.write(mark(stack), json.dumps(asked))
        before = _put_aside(stack, found) if what is Lost.KAFKA else []
        for home in _homes(stack, what):  # of a try that was cut off
            shutil.rmtree(home, ignore_errors=True)
        if what is Lost.KAFKA:
            shutil.rmtree(stack.postgres_dir, ignore_errors=True)
        if not (stack.data_dir / STACK_FILE).exists():  # on a machine that knew nothing of it
            stack = replace(stack, asked=found.asked() | stack.asked)
        _files(stack, folder, key)
        progress("PostgreSQL", 0, 0)
        _postgres(stack, folder, key)

        def fill(settings: Settings) -> None:
            if what is not Lost.POSTGRES:
                _kafka(settings, folder, key, found, progress)
            if what is Lost.KAFKA:
                with closing(postgres_client.connect(settings, "csdl restore")) as conn:
                    gone = lost.difference(before, lost.known(conn))
                lost.write(stack.data_dir, lost.Lost(found.id, lost.now(), gone))
            finish(settings, found)

        local.up(stack, processes=(), fill=fill)
        local.down(stack)
        mark(stack).unlink()
    return found


def _homes(stack: Stack, what: Lost) -> list[Path]:
    homes = {Lost.POSTGRES: [stack.postgres_dir], Lost.KAFKA: [stack.kafka_dir]}
    return homes.get(what, [stack.postgres_dir, stack.kafka_dir])


def _unlike(stack: Stack, what: Lost) -> list[Problem]:
    """Where what was lost is there, or what was not is missing."""
    lost_homes = _homes(stack, what)
    there = [Problem(NOT_EMPTY, params={"place": home}) for home in lost_homes if home.exists()]
    others = [home for home in (stack.postgres_dir, stack.kafka_dir) if home not in lost_homes]
    return there + [Problem(LOST_TOO, params={"place": home}) for home in others if not home.exists()]


def _put_aside(stack: Stack, found: Manifest) -> list[lost.Thing]:
    """Ask the younger PostgreSQL all that it knows, then give its folder another name. Cut off anywhere, the
    next try goes on: the name says how far this one came."""
    aside = stack.postgres_dir.with_name(f"{stack.postgres_dir.name}.before-{found.id}")
    told = stack.data_dir / f"known.{found.id}.json"
    if not aside.exists():
        known: list[lost.Thing] = []

        def ask(settings: Settings) -> None:
            with closing(postgres_client.connect(settings, "csdl restore")) as conn:
                known.extend(lost.known(conn))

        local.up(stack, processes=(), fill=ask)  # beside an empty Kafka, which is made anew afterwards
        local.down(stack)
        whole.write(told, json.dumps([asdict(thing) for thing in known], ensure_ascii=False))
        stack.postgres_dir.rename(aside)
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


def mark(stack: Stack) -> Path:
    """There from the first change of a restore to its end."""
    return stack.data_dir / local.RESTORING


def _begun(stack: Stack) -> dict[str, str] | None:
    """What a restore that was cut off was asked."""
    try:
        return dict(json.loads(mark(stack).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _room(stack: Stack, found: Manifest) -> list[Problem]:
    """What is unpacked is some four times what lies sealed; PostgreSQL takes its journal besides."""
    at = next(path for path in (stack.data_dir, *stack.data_dir.parents) if path.exists())
    due, free = found.size * 4 // 1_000_000, taking.free_mb(at)
    params = {"path": at, "reason": f"{free} MB < {due} MB"}
    return [Problem(taking.NO_ROOM, params=params)] if free < due else []


def _files(stack: Stack, folder: Path, key: Key) -> None:
    """What is not there: whatever is newer than the backup stays."""
    for name in (taking.FIRST, taking.LAST):
        with taking.unpack(folder, key, name) as file, tarfile.open(fileobj=file, mode="r|") as tar:
            for member in tar:
                to = stack.data_dir / member.name
                if member.isreg() and ".." not in Path(member.name).parts and not to.exists():
                    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    whole.taken_out(tar, member, stack.data_dir)
                    to.chmod(0o600)


def _postgres(stack: Stack, folder: Path, key: Key) -> None:
    def extract(home: Path) -> None:
        with taking.unpack(folder, key, taking.DATABASE) as file:
            database.extract(file, home)
        server_account.hand_over(home)
        server_account.hand_over_all(home)
        postgres.configure(stack, home)

    whole.make(stack.postgres_dir, extract)


def _kafka(settings: Settings, folder: Path, key: Key, found: Manifest, progress: Progress) -> None:
    wanted = [
        Filled(copied.tp, copied.log, _records(folder, key, copied.file))
        for copied in found.topics
        if copied.end
    ]
    filling.fill(settings, wanted, progress)
    groups: dict[str, dict[TopicPartition, OffsetAndMetadata]] = {}
    for stood in found.groups:
        of_group = groups.setdefault(stood.group, {})
        of_group[TopicPartition(stood.topic, stood.partition)] = OffsetAndMetadata(stood.offset, "", -1)
    for group, offsets in groups.items():
        with closing(kafka.consumer(settings, group_id=group)) as consumer:
            consumer.commit(offsets)


def _records(folder: Path, key: Key, name: str) -> Iterator[records.Kept]:
    if name:
        with taking.unpack(folder, key, name) as file:
            yield from records.read(file)


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("+")[0].split(".") if part.isdigit())
