"""Downloads: nothing is used that is not what the lock says, and every failure is one coded problem."""

import hashlib
from pathlib import Path

import pytest

from deploy.local import downloads, kafka, lock, tools
from schemas.errors import ProblemList

GOOD = b"a jar"
ROOT = "org.example:thing:1.0"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a lock with one file."""
    monkeypatch.setenv("CSDL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "LOCKS", tmp_path)
    (tmp_path / "thing.lock").write_text(f"# a comment\n{hashlib.sha256(GOOD).hexdigest()}  {ROOT}\n")
    return tmp_path / "cache"


def _serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *contents: bytes) -> list[str]:
    """Downloads give these contents, one after the other; returns what was asked for."""
    asked: list[str] = []
    remaining = list(contents)

    def download(item: downloads.Locked) -> Path:
        asked.append(item.coordinate)
        path = tmp_path / "downloaded"
        path.write_bytes(remaining.pop(0))
        return path

    monkeypatch.setattr(downloads, "_download", download)
    return asked


def _code(name: str = "thing", root: str = ROOT) -> str:
    with pytest.raises(ProblemList) as caught:
        downloads.fetch(name, root)
    (problem,) = caught.value.problems
    assert all(len(text.splitlines()) == 1 for text in problem.messages())
    return problem.code


def test_a_file_is_fetched_once(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _serve(monkeypatch, tmp_path, GOOD)
    folder = downloads.fetch("thing", ROOT)
    assert (folder / "thing-1.0.jar").read_bytes() == GOOD
    assert downloads.fetch("thing", ROOT) == folder
    assert asked == [ROOT]


def test_a_file_cut_short_is_fetched_again(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(monkeypatch, tmp_path, b"a j", GOOD)
    assert (downloads.fetch("thing", ROOT) / "thing-1.0.jar").read_bytes() == GOOD


def test_a_file_that_is_not_the_locked_one_is_not_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(monkeypatch, tmp_path, b"other", b"other")
    assert _code() == "STK-004"
    assert not list(cache.rglob("*.jar"))


def test_a_cached_file_that_was_changed_is_replaced(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(monkeypatch, tmp_path, GOOD, GOOD)
    jar = downloads.fetch("thing", ROOT) / "thing-1.0.jar"
    jar.write_bytes(b"changed")
    downloads.fetch("thing", ROOT)
    assert jar.read_bytes() == GOOD


def test_a_former_versions_jar_leaves_the_class_path(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(monkeypatch, tmp_path, GOOD)
    (cache / "thing").mkdir(parents=True)
    (cache / "thing" / "thing-0.9.jar").write_bytes(b"old")
    downloads.fetch("thing", ROOT)
    assert [jar.name for jar in (cache / "thing").glob("*.jar")] == ["thing-1.0.jar"]


def test_a_failed_download_is_one_coded_line(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from jgo.maven import MavenContext

    def refuse(*args: object) -> None:
        raise ConnectionError("no route, with an address in it")

    monkeypatch.setattr(MavenContext, "project", refuse)
    assert _code() == "STK-003"


def test_a_lock_without_the_version_asked_for_is_stale(cache: Path) -> None:
    assert _code(root="org.example:thing:2.0") == "STK-010"


def test_the_committed_locks_hold_what_the_code_asks_for() -> None:
    for name, root in (
        ("kafka", kafka.ROOT),
        ("registry", tools.REGISTRY),
        ("kafka-tools", tools.KAFKA_TOOLS),
    ):
        locked = downloads.read_lock(name, root)
        assert all(len(item.sha256) == 64 for item in locked)
        roots, files = lock.ROOTS[name]
        assert root in roots + files


def test_no_lock_holds_an_address() -> None:
    for path in downloads.LOCKS.glob("*.lock"):
        assert "://" not in path.read_text(encoding="utf-8")
