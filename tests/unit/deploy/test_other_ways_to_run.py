"""What stands in the compose file and the systemd units agrees with the code's own tables."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from cli import run
from deploy.local import layout
from runtime.settings import Settings

DEPLOY = Path(layout.__file__).parents[1]
COMPOSE = (DEPLOY / "compose.yml").read_text(encoding="utf-8")
UNITS = DEPLOY / "systemd"


def test_every_process_that_can_be_run_is_supervised() -> None:
    assert set(run.PROCESSES) == set(layout.PROCESSES)


def test_no_two_ports_of_a_stack_are_the_same() -> None:
    assert len(set(layout.OFFSETS.values())) == len(layout.OFFSETS)


def test_compose_runs_every_process_at_its_standard_port() -> None:
    found = re.findall(
        r'command: \[run, (\w+), --standard-port\], ports: \["127.0.0.1:(\d+):(\d+)"\]', COMPOSE
    )
    expected = [layout.PORT_BASE + layout.OFFSETS[name] for name in layout.PROCESSES]
    assert found == [(n, str(p), str(p)) for n, p in zip(layout.PROCESSES, expected, strict=True)]


def test_the_target_starts_every_process() -> None:
    target = (UNITS / "csdl.target").read_text(encoding="utf-8")
    assert set(re.findall(r"csdl@(\w+)\.service", target)) == set(layout.PROCESSES)


@pytest.mark.parametrize("text", [COMPOSE, (UNITS / "csdl.env.example").read_text(encoding="utf-8")])
def test_only_settings_that_exist_are_set(text: str) -> None:
    names = set(re.findall(r"^ *CSDL_(\w+)[:=]", text, flags=re.MULTILINE))
    assert names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS.iterdir():
        text = unit.read_text(encoding="utf-8").replace("/opt/csdl/.venv/bin/csdl", "/bin/true")
        (tmp_path / unit.name.replace("@.", "@validation.")).write_text(text, encoding="utf-8")
    units = [str(path) for path in tmp_path.iterdir() if path.suffix in (".service", ".target")]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert ours == []
