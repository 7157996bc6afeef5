"""A release is all that runs: made of a commit, installed where the source tree is not, never changed."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.docs import GENERATED
from deploy import install, release
from schemas.encoding.native import library
from schemas.errors import ProblemList
from tests.support import ROOT

SITE = Path(f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the product's wheel, and of this one's the libraries alone."""
    folder = tmp_path_factory.mktemp("installed")
    release.stage(ROOT, "HEAD", folder / "tree")
    (folder / "wheels").mkdir()
    wheel = release.product(folder / "tree", folder / "wheels")
    shutil.rmtree(folder / "tree")
    there = folder / "there"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(there)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(there / "bin/python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    # A path that a .pth file names is searched, but for .pth files of its own: the source tree's is not read.
    (there / SITE / "libraries.pth").write_text(f"{sys.prefix}/{SITE}\n", encoding="utf-8")
    return there


def _run(installed: Path, *command: str) -> str:
    done = subprocess.run(
        [str(installed / "bin" / command[0]), *command[1:]], cwd="/", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_it_says_its_version_commit_and_place(installed: Path) -> None:
    head = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout
    said = _run(installed, "csdl", "--version")
    assert f"(commit {head[:10]}, {installed / SITE})" in said


@pytest.mark.slow
def test_it_holds_all_data_that_the_tree_has(installed: Path) -> None:
    """Every file of every package of the commit."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-tree", "-r", "--name-only", "HEAD", "--", *_packages(installed)],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert len(listed) > 500
    assert [name for name in listed if not (installed / SITE / name).is_file()] == []
    if library.path().exists():
        assert (installed / SITE / library.path().relative_to(ROOT)).is_file()


@pytest.mark.slow
def test_what_is_printed_from_it_is_what_the_tree_prints(installed: Path) -> None:
    """Contracts, rules, lists, machines, processes: all are read where it is installed."""
    code = (
        "import json; from cli import docs; from sinks.provincial.schema import expected; "
        "print(json.dumps([{n: f() for n, f in docs.GENERATED.items()}, docs.__file__, expected()]))"
    )
    texts, place, head = json.loads(_run(installed, "python", "-c", code))
    assert Path(place).is_relative_to(installed)
    assert texts == {name: render() for name, render in GENERATED.items()}
    assert head


def _packages(installed: Path) -> list[str]:
    return [p.name for p in (installed / SITE).iterdir() if (p / "__init__.py").is_file() and p.is_dir()]


def test_of_another_commit_than_a_tag_it_has_another_name(tmp_path: Path) -> None:
    tree = tmp_path / "checkout"
    tree.mkdir()
    (tree / "pyproject.toml").write_text('[project]\nname = "csdl"\nversion = "9.1.0"\n', encoding="utf-8")
    for path in ("deploy/kept", "schemas/encoding/native/build.py"):
        (tree / path).parent.mkdir(parents=True)
        (tree / path).touch()
    _git(tree, "init", "-q")
    _git(tree, "add", ".")
    _git(tree, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "one")
    (tree / "left-lying").touch()
    about = release.stage(tree, "HEAD", tmp_path / "first")
    assert about.version == f"9.1.0+g{about.commit[:10]}"
    assert f'version = "{about.version}"' in (tmp_path / "first/pyproject.toml").read_text(encoding="utf-8")
    assert not (tmp_path / "first/left-lying").exists()
    _git(tree, "tag", "v9.1.0")
    assert release.stage(tree, "v9.1.0", tmp_path / "second").version == "9.1.0"


@pytest.mark.parametrize("commit", ["0123456789", "--help", "no-such-tag"])
def test_what_is_no_commit_is_refused(tmp_path: Path, commit: str) -> None:
    with pytest.raises(ProblemList, match="REL-001"):
        release.build(tmp_path / "out.tar", commit)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """A release as it lies there unpacked, but for what is installed."""
    folder = tmp_path / "csdl-9.1.0"
    (folder / "wheels").mkdir(parents=True)
    shutil.copyfile(ROOT / "deploy/install.py", folder / install.INSTALLER)
    shutil.copyfile(ROOT / "schemas/errors.csv", folder / install.MESSAGES)
    _write_about(folder, python=f"{sys.version_info.major}.{sys.version_info.minor}")
    _write_list(folder)
    return folder


def _write_about(folder: Path, **changed: str) -> None:
    about = {"version": "9.1.0", "commit": "a" * 40, "python": "3.11"} | changed
    (folder / install.ABOUT).write_text(json.dumps(about), encoding="utf-8")


def _write_list(folder: Path) -> None:
    names = [install.INSTALLER, install.MESSAGES, install.ABOUT]
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / install.LIST).write_text("".join(lines), encoding="utf-8")


def _install(unpacked: Path, to: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(unpacked / install.INSTALLER), "--to", str(to), "--use"]
    return subprocess.run(command, capture_output=True, text=True, cwd="/")


def test_a_changed_file_is_refused_before_anything_is_made(unpacked: Path, tmp_path: Path) -> None:
    with (unpacked / install.MESSAGES).open("a", encoding="utf-8") as file:
        file.write("\n")
    done = _install(unpacked, tmp_path / "opt")
    assert (done.returncode, "REL-003" in done.stderr) == (1, True)
    assert not (tmp_path / "opt").exists()


def test_wheels_of_another_python_are_refused(unpacked: Path, tmp_path: Path) -> None:
    _write_about(unpacked, python="3.9")
    _write_list(unpacked)
    done = _install(unpacked, tmp_path / "opt")
    assert (done.returncode, "REL-004" in done.stderr) == (1, True)
    assert not (tmp_path / "opt").exists()


def test_what_is_installed_is_never_changed(unpacked: Path, tmp_path: Path) -> None:
    there = tmp_path / "opt/releases/9.1.0"
    there.mkdir(parents=True)
    _write_about(there, commit="b" * 40)
    done = _install(unpacked, tmp_path / "opt")
    assert (done.returncode, "REL-005" in done.stderr) == (1, True)
    assert not (tmp_path / "opt/current").exists()


def test_the_one_in_force_is_a_link_that_is_set_at_once(unpacked: Path, tmp_path: Path) -> None:
    """A second time nothing is changed."""
    there = tmp_path / "opt/releases/9.1.0"
    there.mkdir(parents=True)
    _write_about(there, commit="a" * 40)
    (tmp_path / "opt/current").symlink_to("releases/9.0.0")
    assert _install(unpacked, tmp_path / "opt").stdout == f"installed {there}\n"
    assert (tmp_path / "opt/current").resolve() == there
    assert _install(unpacked, tmp_path / "opt").stdout == f"unchanged {there}\n"


def _git(tree: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(tree), *arguments], check=True, capture_output=True)


def test_neither_environment_makes_the_folder_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """venv looks whether a folder is there, then makes it: two at once, and one of them fails."""
    there, found = tmp_path / "opt" / "1.0", []
    monkeypatch.setattr(install, "_environment", lambda *_: found.append(there.is_dir()))
    monkeypatch.setattr(install, "_compile", lambda _: None)
    with pytest.raises(FileNotFoundError):  # no jars in this one
        install._install(tmp_path / "source", there)
    assert found == [True, True]
