"""What a restore does with the folders of a place, whoever starts and stops its servers."""

import errno
import io
import json
import os
import tarfile
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path

import pytest

from backup import installed, manifest, restoring, sealing, shelf, taking, verifying
from backup.manifest import Manifest
from backup.place import Lost
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList
from sinks.provincial import schema
from tests.faults.small_disk import only_root_mounts, pages

NAME = "20260101T000000Z"
KEPT = {
    "first.tar": {
        "secrets/identity.key": "the province's",
        "secrets/checkpoint.key": "signs",
        "secrets/kafka/csdl-vendor-smas": "told to smas",
        "checkpoints/1.json": "signed",
    },
    "postgres.tar": {"PG_VERSION": "18", "base/1": "rows"},
    "last.tar": {"documents/ab": "paper"},
}


class Here:
    """A place without servers: what is started is noted, and may fail."""

    then = ""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.postgres_dir, self.kafka_dir = home / "postgres", home / "kafka"
        self.settings = Settings.of({"CSDL_DATA_DIR": str(home), "CSDL_SETTINGS": ""})
        self.done: list[str] = []
        self.fails: Exception | None = None
        self.against: list[Problem] = []

    def refusals(self, found, what):
        yield from self.against

    def begin(self, found, what):
        self.home.mkdir(exist_ok=True)
        self.done.append("begin")

    def ask(self, question):
        raise AssertionError("nobody asks")

    def keys_are_there(self):
        assert self.settings.identity_key_file.exists()

    def take_over(self, home):
        assert (home / "base" / "1").read_text() == "rows"

    def fill(self, fill):
        self.done.append("fill")
        if self.fails:
            raise self.fails

    def end(self):
        assert not restoring.mark(self).exists()
        self.done.append("end")


@pytest.fixture
def key(tmp_path):
    return sealing.make(tmp_path / "backup.key")


@pytest.fixture
def folder(tmp_path, key):
    """A backup of a province without a topic."""
    folder = tmp_path / "shelf" / NAME
    folder.mkdir(parents=True)
    writing = taking.Writing(folder, key)
    for name, files in KEPT.items():
        with writing.file(name) as out, tarfile.open(fileobj=out, mode="w|") as tar:
            for path, text in files.items():
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(text), 0o644
                tar.addfile(member, io.BytesIO(text.encode()))
    now = datetime.now(UTC).isoformat()
    made = Manifest(
        id=NAME, begun=now, ended=now, product=version("csdl"), revision=schema.expected(), province="19",
        cluster="c", system="s", postgres="180001", key=key.id, vendors=["smas"], settings={},
        files=writing.files, topics=[], groups=[],
    )  # fmt: skip
    manifest.write(folder, made.marked(key))
    return folder


@pytest.fixture
def here(tmp_path):
    home = tmp_path / "here"
    home.mkdir()
    return Here(home)


def restore(here, folder, key, what=Lost.BOTH, aside=False):
    return restoring.restore(here, folder, key, what=what, aside=aside, finish=lambda settings, found: None)


def refused(here, folder, key, **asked):
    """Codes, with nothing changed."""
    before = sorted(here.home.rglob("*"))
    with pytest.raises(ProblemList) as found:
        restore(here, folder, key, **asked)
    assert sorted(here.home.rglob("*")) == before and here.done == []
    return {problem.code for problem in found.value.problems}


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def aside(path):
    """What was there before."""
    return sorted(path.parent.glob(f"{path.name}.before-*"))


def test_all_is_put_where_the_settings_have_it(here, folder, key):
    elsewhere = here.home / "signer" / "own.key"
    here.settings.checkpoint_key_file = elsewhere
    here.settings.checkpoints_dir = here.home / "signer" / "row"
    restore(here, folder, key)
    assert here.done == ["begin", "fill", "end"]
    assert (here.postgres_dir / "PG_VERSION").read_text() == "18"
    assert elsewhere.read_text() == "signs" and elsewhere.stat().st_mode & 0o777 == 0o600
    assert (here.home / "signer" / "row" / "1.json").read_text() == "signed"
    assert (here.settings.documents_dir / "ab").stat().st_mode & 0o777 == 0o644
    assert list(here.home.glob("known.*")) == []


def test_nothing_is_put_over_data_and_all_that_is_wrong_is_told_at_once(here, folder, key):
    put(here.postgres_dir / "a", "")
    here.against = [Problem("BAK-015", params={"data_dir": here.home})]
    assert refused(here, folder, key) == {"BAK-011", "BAK-015"}
    here.against = []
    assert refused(here, folder, key, what=Lost.POSTGRES) == {"BAK-011", "BAK-019"}


def _cut(name):
    def cut(folder, key):
        path = folder / name
        path.write_bytes(path.read_bytes()[:-2])

    return cut


def _says(**other):
    """Another manifest, by the same key."""

    def says(folder, key):
        manifest.write(folder, manifest.read(folder).model_copy(update=other).marked(key))

    return says


@pytest.mark.parametrize(
    ("spoil", "codes"),
    [
        *((_cut(name), {"BAK-005"}) for name in (*KEPT, manifest.NAME)),
        (lambda folder, key: (folder / "last.tar").unlink(), {"BAK-005"}),
        (lambda folder, key: (folder / manifest.NAME).unlink(), {"BAK-006"}),
        (_says(province="01"), {"BAK-013"}),
        (_says(product="99.0.0"), {"BAK-008"}),
        (_says(revision="9999"), {"BAK-008"}),
        (_says(format=manifest.FORMAT + 1), {"BAK-008"}),
        (_says(province="01", revision="9999"), {"BAK-008", "BAK-013"}),
        (lambda folder, key: folder.rename(folder.with_name("20260102T000000Z")), {"BAK-006"}),
    ],
)
def test_what_is_wrong_with_a_backup_is_told_before_anything_changes(here, folder, key, spoil, codes):
    spoil(folder, key)
    assert refused(here, folder, key) == codes


def test_a_backup_that_was_cut_short_is_not_brought_to_life(folder, key, tmp_path):
    _cut("postgres.tar")(folder, key)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(ProblemList) as found:
        verifying.verify(folder, key, scratch=scratch)
    assert [problem.code for problem in found.value.problems] == ["BAK-005"]
    assert list(scratch.iterdir()) == []


def test_another_key_is_refused(here, folder, tmp_path):
    assert refused(here, folder, sealing.make(tmp_path / "another.key")) == {"BAK-004"}


def test_aside_keeps_what_was_there_each_time(here, folder, key, monkeypatch):
    for hour in (1, 2):
        put(here.postgres_dir / "base" / "2", f"younger {hour}")
        put(here.kafka_dir / "log", "")
        monkeypatch.setattr(shelf, "name", lambda _, hour=hour: f"2026010{hour}T000000Z")
        restore(here, folder, key, aside=True)
    assert [(each / "base" / "2").read_text() for each in aside(here.postgres_dir)] == [
        "younger 1",
        "younger 2",
    ]
    assert len(aside(here.kafka_dir)) == 2


def test_cut_off_the_same_command_goes_on_and_keeps_what_was_there(here, folder, key):
    put(here.postgres_dir / "a", "younger")
    here.fails = OSError(errno.ENOSPC, "No space left on device", "/there")
    with pytest.raises(ProblemList) as full:
        restore(here, folder, key, aside=True)
    assert [p.code for p in full.value.problems] == ["BAK-024"]
    assert restoring.mark(here).exists()
    here.done, here.fails = [], None
    with pytest.raises(ProblemList) as another:
        restore(here, folder, key, what=Lost.POSTGRES)
    assert [p.code for p in another.value.problems] == ["BAK-018"]
    restore(here, folder, key, aside=True)
    assert here.done == ["begin", "fill", "end"]
    [kept] = aside(here.postgres_dir)
    assert (kept / "a").read_text() == "younger"
    assert (here.postgres_dir / "PG_VERSION").exists() and not restoring.mark(here).exists()


def test_a_mark_of_an_earlier_release_is_known(here, folder, key):
    put(here.postgres_dir / "half", "")
    restoring.mark(here).write_text(json.dumps({"name": NAME, "lost": "both"}))
    restore(here, folder, key)
    assert not (here.postgres_dir / "half").exists()


def test_keys_of_another_installation_are_refused_or_put_aside_with_what_they_signed(here, folder, key):
    identity = put(here.settings.identity_key_file, "a new one")
    signs = put(here.settings.checkpoint_key_file, "a new one")
    row = put(here.settings.checkpoints_dir / "1.json", "of the new one").parent
    password = put(here.settings.secrets_dir / "kafka" / "csdl-vendor-smas", "nobody was told")
    own = put(here.settings.secrets_dir / "kafka" / "csdl-load", "ours")
    assert refused(here, folder, key) == {"BAK-023"}
    restore(here, folder, key, aside=True)
    assert identity.read_text() == "the province's" and signs.read_text() == "signs"
    assert password.read_text() == "told to smas" and own.read_text() == "ours"
    assert (row / "1.json").read_text() == "signed"
    assert all(len(aside(each)) == 1 for each in (identity, signs, row, password))


def test_what_is_younger_than_the_backup_stays(here, folder, key):
    put(here.settings.identity_key_file, "the province's\n")
    password = put(here.settings.secrets_dir / "kafka" / "csdl-vendor-smas", "given since")
    assert installed.others(here.settings, folder, key) == []
    restore(here, folder, key)
    assert password.read_text() == "given since"


def test_too_small_a_disk_is_refused(here, folder, key, monkeypatch):
    monkeypatch.setattr(taking, "free_mb", lambda path: -1)
    assert refused(here, folder, key) == {"BAK-010"}


@only_root_mounts
def test_wherever_a_disk_is_full_it_is_said_and_the_same_command_goes_on(here, folder, key, monkeypatch):
    """Formerly a key of which half was written stayed so."""
    monkeypatch.setattr(os, "sync", lambda: None)
    for number in count(1):
        with pages(here.home, number) as disk:
            try:
                restore(here, folder, key)
                break
            except ProblemList as full:
                assert [problem.code for problem in full.problems] == ["BAK-024"]
            disk.grow()
            restore(here, folder, key)
            for name, text in (KEPT["first.tar"] | KEPT["last.tar"]).items():
                assert installed.where(here.settings, name).read_text() == text
            for name, text in KEPT["postgres.tar"].items():
                assert (here.postgres_dir / name).read_text() == text
            assert not restoring.mark(here).exists()
    assert number > sum(map(len, KEPT.values()))


@only_root_mounts
def test_wherever_a_disk_is_full_while_a_backup_is_verified_nothing_is_left(
    folder, key, tmp_path, monkeypatch
):
    monkeypatch.setattr(os, "sync", lambda: None)
    monkeypatch.setattr(verifying, "Local", lambda stack: Here(stack.data_dir))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    before = dict(os.environ)
    for number in count(1):
        with pages(scratch, number):
            try:
                verifying.verify(folder, key, scratch=scratch)
                break
            except ProblemList as full:
                assert [problem.code for problem in full.problems] == ["BAK-024"]
            assert (list(scratch.iterdir()), dict(os.environ)) == ([], before)
    assert number > sum(map(len, KEPT.values()))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_comes_into_a_folder_belongs_to_its_owner(here, folder, key):
    documents = here.home / "access" / "documents"
    here.settings.documents_dir = documents
    documents.parent.mkdir()
    os.chown(documents.parent, 12345, 12346)
    restore(here, folder, key)
    for path in (documents, documents / "ab"):
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 12346)
