"""Machines unlike ours: what cannot work is one coded line before anything is downloaded or changed."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from deploy.local import machine

ROOT: Final = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache that holds what is to be downloaded, so that it needs no space."""
    monkeypatch.setenv("CSDL_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "kafka").mkdir(parents=True)


def _codes(problems) -> list[str]:
    return [problem.code for problem in problems]


def _make(folder: Path, *pythons: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`make venv` in a folder that holds nothing but what it reads."""
    shutil.copytree(ROOT / "deploy" / "local", folder / "deploy" / "local")
    (folder / "deploy" / "__init__.py").touch()
    (folder / "schemas").mkdir()
    for name in ("__init__.py", "errors.py", "errors.csv"):
        shutil.copy(ROOT / "schemas" / name, folder / "schemas")
    for name in ("Makefile", "requirements.txt", "requirements.dev.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    command = ["make", "venv", f"PYTHON={' '.join(pythons)}"]
    return subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True)


def _python_that_says(folder: Path, line: str) -> str:
    path = folder / f"python-{len(list(folder.iterdir()))}"
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("version", [(3, 10), (3, 15), (2, 7)])
def test_a_python_that_does_not_fit_is_said(monkeypatch, tmp_path, version):
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    assert _codes(machine.environment_problems(tmp_path)) == ["STK-012"]


def test_a_python_without_its_venv_package_is_said(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "find_spec", lambda name: None)
    (problem,) = machine.environment_problems(tmp_path)
    assert problem.code == "STK-013" and "python3-venv" in problem.messages()[1]


@pytest.mark.parametrize(
    ("name", "libc"), [("aarch64", "glibc 2.36"), ("x86_64", "glibc 2.17"), ("x86_64", None)]
)
def test_a_machine_without_wheels_is_said(monkeypatch, tmp_path, name, libc):
    monkeypatch.setattr(platform, "machine", lambda: name)
    monkeypatch.setattr(os, "confstr", lambda _: libc)
    assert _codes(machine.environment_problems(tmp_path)) == ["STK-016"]


def test_too_little_space_and_a_folder_with_a_colon_are_said_together(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 2**20))
    assert _codes(machine.environment_problems(tmp_path / "a:b")) == ["STK-014", "STK-015"]


def test_a_folder_where_nothing_may_be_executed_is_said(monkeypatch, tmp_path):
    seen = os.statvfs(tmp_path)
    flags = [*seen[:8], os.ST_NOEXEC, *seen[9:]]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(flags))
    (problem,) = machine.folder_problems(tmp_path / "not yet there", 1)
    assert problem.code == "STK-014" and "noexec" in problem.messages()[0]


def test_a_cache_that_will_not_do_is_said_before_anything_is_downloaded(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CSDL_CACHE", str(tmp_path / "file" / "cache"))
    (problem,) = machine.environment_problems(tmp_path)
    assert problem.code == "STK-014" and str(tmp_path / "file" / "cache") in problem.messages()[0]
    monkeypatch.setenv("CSDL_CACHE", str(tmp_path / "a:b"))
    assert _codes(machine.environment_problems(tmp_path)) == ["STK-014"]


def test_a_file_where_a_folder_is_due_is_said(tmp_path):
    (tmp_path / "file").touch()
    assert _codes(machine.folder_problems(tmp_path / "file" / "below", 1)) == ["STK-014"]


def test_make_says_one_code_and_downloads_nothing_when_no_python_fits(tmp_path):
    old = _python_that_says(tmp_path, "echo 'SyntaxError: invalid syntax'; exit 1")
    done = _make(tmp_path / "a folder", old, "python-that-is-not-there")
    assert done.returncode == 2 and not (tmp_path / "a folder" / ".venv").exists()
    assert [line.split(" ")[0] for line in done.stderr.splitlines() if "make" not in line[:5]] == [
        "STK-012"
    ] * 2


def test_make_says_what_the_python_that_fits_lacks(tmp_path):
    lacking = _python_that_says(tmp_path, "echo 'STK-013 install python3-venv'; exit 1")
    old = _python_that_says(tmp_path, "echo 'STK-012 too old'; exit 1")
    done = _make(tmp_path / "a folder", old, lacking)
    assert done.returncode == 2 and done.stderr.startswith("STK-013 ")


def test_make_takes_the_first_python_that_can_and_starts_anew_after_an_interruption(tmp_path):
    """Its environment's pip is stopped; the next `make` makes the environment again, from nothing."""
    old = _python_that_says(tmp_path, "echo 'STK-012 too old'; exit 1")
    makes = "mkdir -p .venv/bin; echo made >>made; cp /bin/false .venv/bin/python"
    new = _python_that_says(tmp_path, f'case "$*" in *--clear*) {makes};; esac')
    folder = tmp_path / "một thư mục"
    assert _make(folder, old, new).returncode == 2
    assert not (folder / ".venv" / ".ready").exists()
    subprocess.run(["make", "venv", f"PYTHON={new}"], cwd=folder, capture_output=True, check=False)
    assert (folder / "made").read_text() == "made\n" * 2


def test_the_bounds_are_the_same_everywhere():
    (_, oldest), (_, newest) = machine.PYTHONS
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == f">=3.{oldest},<3.{newest + 1}"
    assert project["tool"]["mypy"]["python_version"] == f"3.{oldest}"
    assert project["tool"]["ruff"]["target-version"] == f"py3{oldest}"
    asked = re.search(r"^PYTHON \?= (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert asked and asked[1].split() == ["python3", *(f"python3.{n}" for n in range(newest, oldest - 1, -1))]
    texts = " ".join(
        (ROOT / "schemas" / "errors.csv").read_text(encoding="utf-8").split("STK-012")[1].splitlines()[:1]
    )
    assert f"3.{oldest}" in texts and f"3.{newest}" in texts
