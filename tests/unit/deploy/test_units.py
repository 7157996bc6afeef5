"""systemd's units: what the table of processes says stands in them, systemd accepts them, each is shut in."""

import shutil
import subprocess
from pathlib import Path

import pytest

from deploy import processes, units
from runtime.settings import Settings
from schemas.errors import ProblemList

ASKED = Settings(instances={"load": 2})
MOST_EXPOSED = 30
"""Tenths of what systemd-analyze security says."""

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As /etc/systemd/system, with programs that are here."""
    units.write(tmp_path, units.files(ASKED))
    shutil.copy(units.FOLDER / "kafka.service", tmp_path)
    for path in tmp_path.glob("*.service"):
        text = path.read_text(encoding="utf-8").replace("/opt/csdl/current/bin/csdl", "/bin/true")
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_each_instance_runs_by_the_account_of_its_process_within_its_bound() -> None:
    found = units.files(ASKED)
    for each in processes.instances(ASKED):
        lines = found[f"csdl@{each.label}.service.d/process.conf"].splitlines()
        assert f"User=csdl-{each.declared.name}" in lines
        assert f"MemoryMax={each.declared.memory_mb}M" in lines


def test_the_target_starts_all_of_this_machine_and_no_other() -> None:
    wanted = [f"Wants=csdl@{each.label}.service" for each in processes.instances(ASKED)]
    assert [line for line in units.files(ASKED)["csdl.target"].splitlines() if "Wants" in line] == wanted
    of_two = units.files(ASKED, ["load-2", "grants"])
    assert "Wants=csdl@load-2.service\nWants=csdl@grants.service\n" in of_two["csdl.target"]
    assert sum(name.endswith("process.conf") for name in of_two) == 2
    with pytest.raises(ProblemList, match="SYS-007"):
        units.files(ASKED, ["laod"])


def test_a_second_time_nothing_is_changed_and_what_went_away_goes(tmp_path: Path) -> None:
    kept = tmp_path / "csdl@load-2.service.d/more-memory.conf"
    kept.parent.mkdir()
    kept.touch()
    assert units.write(tmp_path, units.files(ASKED)) == [*units.files(ASKED)]
    assert units.write(tmp_path, units.files(ASKED)) == []
    gone = {"csdl@load-1.service.d/process.conf", "csdl@load-2.service.d/process.conf"}
    assert gone < set(units.write(tmp_path, units.files(Settings())))
    assert kept.exists() and not (tmp_path / "csdl@load-1.service.d").exists()


@needs_systemd
def test_systemd_accepts_them(folder: Path) -> None:
    services = [str(path) for path in folder.glob("csdl-*.service")]
    each = [str(folder / f"csdl@{label.label}.service") for label in processes.instances(ASKED)]
    for unit in each:
        shutil.copy(folder / "csdl@.service", unit)
    names = [*services, *each, str(folder / "kafka.service"), str(folder / "csdl.target")]
    done = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if str(folder) in line] == []


@needs_systemd
@pytest.mark.parametrize("name", ["csdl@load-1.service", "csdl-setup.service", "kafka.service"])
def test_none_is_more_exposed_than_it_need_be(folder: Path, name: str) -> None:
    shutil.copy(folder / "csdl@.service", folder / "csdl@load-1.service")
    asked = ("--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager", str(folder / name))
    done = subprocess.run(["systemd-analyze", "security", *asked], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
