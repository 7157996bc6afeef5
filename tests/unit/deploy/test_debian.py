"""Debian's packages: a pinned one of any release, else what the archive signs since; never other bytes."""

import hashlib

import pytest

from deploy.local import debian, downloads
from schemas.errors import ProblemList

APT = """#!/bin/sh
for last; do :; done
case "$*" in *update*) [ -e "$SERVED/fresh" ] && touch "$SERVED/updated"; exit 0;; esac
case "$*" in *Dir::State*) [ -e "$SERVED/updated" ] || exit 100;; *) [ -e "$SERVED/fresh" ] && exit 100;; esac
[ -e "$SERVED/$last" ] && cp "$SERVED/$last" "$(cat "$SERVED/$last.name")"
"""
DPKG = '#!/bin/sh\nmkdir -p "$3/usr/bin"; cp "$2" "$3/usr/bin/tool"\n'


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """``archive(asked, version, content)``: what `apt-get download` gives for that word."""
    programs, served = tmp_path / "bin", tmp_path / "served"
    programs.mkdir()
    served.mkdir()
    for name, text in (("apt-get", APT), ("dpkg", DPKG)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("SERVED", str(served))
    monkeypatch.setenv("CSDL_CACHE", str(tmp_path / "a cache"))
    monkeypatch.setattr(debian, "LOCKS", tmp_path)
    monkeypatch.setattr(debian, "_machine", lambda: "amd64")
    lines = (f"{hashlib.sha256(v.encode()).hexdigest()}  tool_{v}_amd64\n" for v in ("12", "13"))
    (tmp_path / "debian.lock").write_text("# pinned\n" + "".join(lines))

    def serve(asked: str, version: str, content: str) -> None:
        (served / asked).write_text(content)
        (served / f"{asked}.name").write_text(f"tool_{version}_amd64.deb")

    return serve


@pytest.fixture
def old_lists(archive, tmp_path):
    """The machine's package lists know none of it, and only root renews them."""
    (tmp_path / "served" / "fresh").touch()


def _content() -> str:
    return (debian.unpacked("tool") / "usr" / "bin" / "tool").read_text()


@pytest.mark.parametrize("version", ["12", "13"])
def test_the_pinned_package_of_either_release_is_taken(archive, version):
    archive(f"tool={version}", version, version)
    archive("tool", "99", "never asked for")
    assert _content() == version


def test_when_a_point_release_took_them_away_the_archives_own_is_taken_and_kept(archive):
    archive("tool", "12.1", "signed by the archive")
    assert _content() == "signed by the archive"
    archive("tool", "12.2", "newer")
    assert _content() == "signed by the archive"


def test_a_pinned_package_of_other_bytes_is_not_used(archive):
    archive("tool=12", "12", "other")
    with pytest.raises(ProblemList, match="STK-004"):
        debian.unpacked("tool")
    assert not list(downloads.cache_dir().rglob("tool*"))


def test_a_machine_with_old_package_lists_gets_lists_of_its_own(archive, old_lists):
    archive("tool=13", "13", "13")
    assert _content() == "13"


def test_what_no_archive_has_is_said(archive):
    with pytest.raises(ProblemList, match="STK-003"):
        debian.unpacked("tool")
