"""The archive of Kafka's classes: made once, used where there is one, and never in the way."""

import os
import subprocess
from pathlib import Path

import pytest

from deploy.local import class_archive, kafka
from deploy.local.class_archive import WRITTEN


@pytest.fixture
def jars(tmp_path, monkeypatch):
    monkeypatch.setenv("CSDL_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "jars"
    folder.mkdir()
    (folder / "a.jar").write_bytes(b"a")
    return folder


def written(options: tuple[str, ...]) -> str:
    Path(options[0].partition("=")[2]).write_bytes(b"classes")
    return f"... {WRITTEN}: 7 bytes"


def archive(jars: Path) -> Path:
    return Path(class_archive.options(jars)[0].partition("=")[2])


def test_it_is_made_once_and_then_used(jars):
    assert class_archive.options(jars) == ()
    class_archive.make(jars, written)
    assert archive(jars).read_bytes() == b"classes"
    class_archive.make(jars, lambda _: pytest.fail("made a second time"))


def test_other_jars_have_another_and_the_former_goes(jars):
    class_archive.make(jars, written)
    former = archive(jars)
    os.utime(jars / "a.jar", (1, 1))
    assert class_archive.options(jars) == ()
    class_archive.make(jars, written)
    assert archive(jars) != former
    assert not former.exists()


def test_one_cut_short_is_not_used_nor_tried_again(jars):
    class_archive.make(jars, lambda options: written(options).replace(WRITTEN, "killed"))
    assert class_archive.options(jars) == ()
    class_archive.make(jars, lambda _: pytest.fail("tried again"))


def test_where_a_try_was_killed_the_next_makes_it(jars):
    def killed(options):
        written(options)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        class_archive.make(jars, killed)
    assert class_archive.options(jars) == ()
    class_archive.make(jars, written)
    assert class_archive.options(jars)


def test_a_cache_that_takes_none_is_passed_over(jars, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CSDL_CACHE", str(tmp_path / "file"))
    class_archive.make(jars, written)
    assert class_archive.options(jars) == ()


def test_a_java_machine_passes_over_what_is_none_of_its_own(tmp_path, monkeypatch):
    found = kafka.jars()
    monkeypatch.setenv("CSDL_CACHE", str(tmp_path / "cache"))
    class_archive.make(found, written)
    options = class_archive.options(found)
    assert options
    command = kafka.java(found, "kafka.tools.StorageTool", "random-uuid", temp=tmp_path / "tmp", jvm=options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "aot" not in done.stdout + done.stderr
