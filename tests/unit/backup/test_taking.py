"""A disk that is full at whichever step of a backup: it is said, and nothing of it is left."""

import os
from itertools import count

import pytest

from backup import database, manifest, sealing, shelf, status, taking
from backup.manifest import Copied
from runtime import terms
from runtime.settings import Settings
from schemas.errors import ProblemList
from tests.faults.small_disk import PAGE, only_root_mounts, pages

EARLIER = "20260101T000000Z"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """Of a province without servers: what they give is made up."""
    monkeypatch.setattr(taking, "_of_database", lambda settings: ("0029", "s", "180001"))
    monkeypatch.setattr(terms, "bring", lambda *_, **__: None)
    monkeypatch.setattr(database, "copy", lambda settings, out: out.write(os.urandom(2 * PAGE)))

    def topics(settings, writing, progress):
        with writing.file("topics/t-0") as out:
            out.write(os.urandom(PAGE))
        return [Copied(topic="t", partition=0, begin=0, end=1, records=1, file="topics/t-0")], [], "c"

    monkeypatch.setattr(taking, "_topics", topics)
    disk = tmp_path / "disk"
    disk.mkdir()
    made = Settings.of({"CSDL_DATA_DIR": str(tmp_path / "data"), "CSDL_BACKUPS_DIR": str(disk)})
    sealing.make(made.backup_key_file)
    made.documents_dir.mkdir(parents=True)
    for path in (made.identity_key_file, made.documents_dir / "paper"):
        path.write_bytes(os.urandom(PAGE))
    return made


@only_root_mounts
def test_wherever_the_disk_is_full_it_is_said_and_an_earlier_backup_stays(settings):
    disk = settings.backups_dir
    for number in count(1):
        with pages(disk, number):
            (disk / EARLIER).mkdir()
            try:
                made = taking.take(settings)
            except ProblemList as full:
                assert [problem.code for problem in full.problems] == ["BAK-010"]
                left = {path.name for path in disk.iterdir()} - {f"{status.NAME}.part"}
                assert left <= {EARLIER, shelf.LOCK, status.NAME}
                continue
            assert shelf.backups(disk) == [disk / EARLIER, disk / made.id]
            key = sealing.read(settings.backup_key_file)
            assert manifest.damage(disk / made.id, manifest.proved(disk / made.id, key)) == []
            break
    assert number > len(made.files)
