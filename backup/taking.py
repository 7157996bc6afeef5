"""Makes a backup: what is copied, and in which order, so that no part knows of what another one lacks.

1. secrets and signed checkpoints: they seal no act that the tables, and no event that the topics, do not
   have;
2. PostgreSQL: its positions lie in logs that go on at least as far;
3. Kafka's topics, up to one cut (``cut``);
4. documents and trust: every document that anything names.
"""

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Final, cast

import zstandard
from kafka import TopicPartition

from backup import cut, database, manifest, records, sealing, shelf, status
from backup.manifest import Copied, File, Manifest, Progress, Stood, silent
from backup.sealing import Key, Sealed
from deploy.broker_rights import groups
from runtime import accounts, kafka, postgres, terms
from runtime.positions import Log
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from schemas.organisation import province
from schemas.topics import topics

NO_ROOM: Final = "BAK-010"
FAILED: Final = "BAK-012"

FIRST: Final = "first.tar"
DATABASE: Final = "postgres.tar"
LAST: Final = "last.tar"

LEVEL: Final = 3
"""zstd's."""


@dataclass
class Writing:
    """A backup under way."""

    folder: Path
    key: Key
    files: list[File] = field(default_factory=list)

    @contextmanager
    def file(self, name: str) -> Iterator[BinaryIO]:
        """A file of it, compressed and sealed; listed once it is on the disk."""
        (self.folder / name).parent.mkdir(exist_ok=True, mode=0o700)
        sealed = Sealed(self.folder / name, self.key, place(self.folder, name))
        try:
            with zstandard.ZstdCompressor(level=LEVEL).stream_writer(
                cast(BinaryIO, sealed), closefd=False
            ) as out:
                yield cast(BinaryIO, out)
            sealed.close()
        except BaseException:
            sealed.abandon()
            raise
        self.files.append(File(name=name, bytes=sealed.bytes, sha256=sealed.sha256))


def place(folder: Path, name: str) -> str:
    """What a file is sealed under: its backup and its name there."""
    return f"{folder.name.removeprefix(shelf.UNFINISHED)}/{name}"


def take(settings: Settings, progress: Progress = silent, now: datetime | None = None) -> Manifest:
    """One backup of all, then prune. Raises ProblemList: BAK-001/002 no key, BAK-009 another one is made,
    BAK-010 no room, BAK-012 PostgreSQL, SYS-; KafkaError, psycopg2.Error. Nothing is left of one that
    failed."""
    with status.of_a_backup(settings.backups_dir):
        return _made(settings, progress, now or datetime.now(UTC))


def _made(settings: Settings, progress: Progress, begun: datetime) -> Manifest:
    key = sealing.read(settings.backup_key_file)
    own = settings.acting_as(accounts.BACKUP)
    terms.bring(own, strictly=True)
    try:
        with shelf.making(settings.backups_dir, shelf.name(begun)) as folder:
            made = _take(own, Writing(folder, key), begun, progress).marked(key)
            manifest.write(folder, made)
    except OSError as fault:
        path = fault.filename or settings.backups_dir
        params = {"path": path, "reason": fault.strerror or type(fault).__name__}
        raise ProblemList([Problem(NO_ROOM, params=params)]) from None
    shelf.prune(settings.backups_dir, settings.backups_kept)
    return made


def _take(settings: Settings, writing: Writing, begun: datetime, progress: Progress) -> Manifest:
    revision, system, server = _of_database(settings)
    progress("khóa, điểm chốt — secrets, checkpoints", 0, 0)
    with writing.file(FIRST) as out, tarfile.open(fileobj=out, mode="w|") as tar:
        # The note of how far was signed before the files that it is about: a longer row is fine.
        _add(tar, settings.secrets_dir, "secrets", leave=settings.backup_key_file)
        if settings.identity_key_file.parent != settings.secrets_dir:
            _add(tar, settings.identity_key_file, "secrets/identity.key")
        if settings.checkpoint_key_file.parent != settings.secrets_dir:
            for path in (settings.checkpoint_key_file.with_suffix(".last"), settings.checkpoint_key_file):
                _add(tar, path, f"secrets/{path.name}")
        _add(tar, settings.checkpoints_dir, "checkpoints")
        _add(tar, settings.register_file, "register.csv")
    progress("PostgreSQL", 0, 0)
    with writing.file(DATABASE) as out:
        database.copy(settings, out)
    copied, stood, cluster = _topics(settings, writing, progress)
    progress("văn bản — documents", 0, 0)
    with writing.file(LAST) as out, tarfile.open(fileobj=out, mode="w|") as tar:
        _add(tar, settings.documents_dir, "documents")
        _add(tar, settings.trust_dir, "trust")
    return Manifest(
        id=writing.folder.name.removeprefix(shelf.UNFINISHED),
        begun=begun.isoformat(timespec="seconds"),
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        product=version("csdl"),
        revision=revision,
        province=province.load(settings.province).code,
        cluster=cluster,
        system=system,
        postgres=server,
        key=writing.key.id,
        vendors=settings.vendors,
        settings=settings.model_dump(mode="json"),
        files=writing.files,
        topics=copied,
        groups=stood,
    )


def _of_database(settings: Settings) -> tuple[str, str, str]:
    with closing(postgres.connect(settings, "csdl backup")) as conn, conn, conn.cursor() as cur:
        cur.execute("SELECT version_num FROM alembic_version")
        (revision,) = cur.fetchone()
        cur.execute("SELECT system_identifier::text FROM pg_control_system()")
        (system,) = cur.fetchone()
        return revision, system, str(conn.info.server_version)


def _topics(
    settings: Settings, writing: Writing, progress: Progress
) -> tuple[list[Copied], list[Stood], str]:
    names = [topic.name for topic in topics(settings.vendors)]
    with (
        closing(kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as admin,
        closing(kafka.consumer(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as consumer,
    ):
        cluster = str(admin.describe_cluster()["cluster_id"])
        ends, offsets = cut.take(consumer, admin, names, groups())
        of = sum(log.end - log.begin for log in ends.values())
        done, copied = 0, []
        for tp, log in sorted(ends.items()):
            count, name, found = 0, "", log
            if log.begin < log.end:
                name = f"topics/{tp.topic}-{tp.partition}"
                part = records.Partition(consumer, tp, log)
                with writing.file(name) as out:
                    count = records.write(out, iter(part))
                found = part.log
            copied.append(_copied(tp, found, count, name))
            done += log.end - log.begin
            progress("Kafka", done, of)
    stood = [
        Stood(group=group, topic=tp.topic, partition=tp.partition, offset=offset)
        for group, of_group in sorted(offsets.items())
        for tp, offset in sorted(of_group.items())
    ]
    return copied, stood, cluster


def _copied(tp: TopicPartition, log: Log, count: int, name: str) -> Copied:
    return Copied(
        topic=tp.topic, partition=tp.partition, begin=log.begin, end=log.end, records=count, file=name
    )


def _add(tar: tarfile.TarFile, path: Path, name: str, leave: Path | None = None) -> None:
    """A file or folder, if it is there; what goes away meanwhile is left out, and so is what is half
    written."""
    if path == leave or not path.exists() or path.name.endswith(".part"):
        return
    if path.is_dir():
        for each in sorted(path.iterdir(), key=lambda p: (p.suffix != ".last", p.name)):
            if not each.is_symlink() and not each.name.startswith(shelf.UNFINISHED):
                _add(tar, each, f"{name}/{each.name}", leave)
        return
    try:
        content = path.read_bytes()
        status = path.stat()
    except FileNotFoundError:
        return
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(content), status.st_mode & 0o777, int(status.st_mtime)
    tar.addfile(member, io.BytesIO(content))


def unpack(folder: Path, key: Key, name: str) -> BinaryIO:
    """Content of a file of a backup. What reads it raises ProblemList (BAK-005) where it is damaged."""
    sealed = sealing.reading(folder / name, key, place(folder, name))
    reader = zstandard.ZstdDecompressor().stream_reader(sealed, read_across_frames=False)
    return cast(BinaryIO, io.BufferedReader(reader, 1024 * 1024))


def free_mb(path: Path) -> int:
    """Room on the disk of a folder, in MB."""
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize // 1_000_000
