"""What is taken out of an archive stays in its folder, whether or not Python has a filter for it."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from deploy.local import whole


@pytest.fixture(params=["filter", "Debian 12"])
def python(request, monkeypatch):
    if request.param != "filter":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
        monkeypatch.setattr(tarfile.TarFile, "extraction_filter", staticmethod(lambda m, _: m), raising=False)


def archive(name: str, kind: bytes = tarfile.REGTYPE) -> tarfile.TarFile:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as out:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.uid, member.mode = kind, "/etc/passwd", 65534, 0o6777
        member.size = 1 if kind == tarfile.REGTYPE else 0
        out.addfile(member, io.BytesIO(b"x"))
    file.seek(0)
    return tarfile.open(fileobj=file)


def test_a_file_is_taken_out_as_our_own(python, tmp_path):
    with archive("a/b") as tar:
        whole.taken_out(tar, tar.getmembers()[0], tmp_path)
    made = (tmp_path / "a" / "b").stat()
    assert (made.st_uid, oct(made.st_mode & 0o7777)) == (os.geteuid(), "0o755")


@pytest.mark.parametrize(
    ("name", "kind"), [("../out", tarfile.REGTYPE), ("a/../../out", tarfile.REGTYPE), ("b", tarfile.SYMTYPE)]
)
def test_nothing_gets_out_of_the_folder(python, tmp_path: Path, name, kind):
    (folder := tmp_path / "in").mkdir()
    with archive(name, kind) as tar, pytest.raises(tarfile.TarError):
        whole.taken_out(tar, tar.getmembers()[0], folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]
