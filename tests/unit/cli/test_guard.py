"""A machine or a server that fails a command is said with a code, in both languages: never a traceback."""

import errno
import json
import os
import subprocess
import sys
from contextlib import nullcontext

import click
import psycopg2
import pytest
from click.testing import CliRunner
from kafka.errors import KafkaTimeoutError
from sqlalchemy.exc import OperationalError

from cli import answers
from cli.main import COMMANDS, main
from deploy.local import downloads
from runtime.settings import Settings
from schemas.errors import ProblemList
from tests.support import PATIENCE_S

FAULTS = {
    "SYS-001": KafkaTimeoutError("a host and a port"),
    "SYS-002": psycopg2.OperationalError("a secret"),
    "SYS-002 ": OperationalError("SELECT secret", {}, Exception("a secret")),
    "STK-014": PermissionError(errno.EACCES, "Permission denied", "/somewhere"),
    "STK-014 ": OSError(errno.ENOSPC, "No space left on device"),
    "STK-019": ValueError("a person's secret"),
    "STK-019 ": ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
}


def _raises(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    @answers.json_option
    def broken(as_json: bool) -> None:
        raise fault

    monkeypatch.setitem(COMMANDS, "broken", ("tests.unit.cli.test_guard", "broken", ""))
    monkeypatch.setattr(sys.modules[__name__], "broken", broken, raising=False)


@pytest.mark.parametrize(("code", "fault"), FAULTS.items(), ids=[type(f).__name__ for f in FAULTS.values()])
def test_whatever_leaves_a_command_is_one_coded_line(folder, monkeypatch, code, fault):
    _raises(fault, monkeypatch)
    result = CliRunner().invoke(main, ["broken"])
    assert [line.split()[0] for line in result.stderr.splitlines()] == [code.strip()] * 2
    assert isinstance(result.exception, SystemExit) and "secret" not in result.output
    as_json = CliRunner().invoke(main, ["broken", "--json"])
    assert [p["code"] for p in json.loads(as_json.stdout)["problems"]] == [code.strip()]
    assert as_json.exit_code == result.exit_code == (3 if code.startswith("SYS") else 1)


def _csdl(redirected: str, *, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    """A command line in a shell, on streams of our choice."""
    shell = f'"$PYTHON" -m cli {redirected}'
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONIOENCODING": encoding}
    return subprocess.run(
        ["/bin/bash", "-c", shell], env=environment, capture_output=True, timeout=PATIENCE_S, check=False
    )


@pytest.mark.parametrize("command", ["--help", "config --json", "config"])
def test_output_that_is_full_is_no_success(command):
    done = _csdl(f"{command} >/dev/full")
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stderr.decode().splitlines()] == ["STK-014"] * 2
    assert _csdl(f"{command} >/dev/full 2>&1").returncode == 1


def test_a_pipe_that_is_closed_ends_it_quietly():
    assert _csdl("--help | true").stderr == b""


def test_streams_that_are_closed_are_nobodys_business():
    assert _csdl("config >&- 2>&-").returncode == 0


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_letters_that_the_terminal_lacks_do_not_stop_it(encoding):
    assert _csdl("--help", encoding=encoding).returncode == 0
    said = json.loads(_csdl("confirmation reasons --json", encoding=encoding).stdout)
    assert any(not text.isascii() for reason in said for text in map(str, reason.values()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CSDL_BOOTSTRAP_SERVERS", "host"),
        ("CSDL_BOOTSTRAP_SERVERS", "host:port"),
        ("CSDL_DATABASE_URL", "mysql://h/d"),
        ("CSDL_DATABASE_URL", "postgresql://h:port/d"),
        ("CSDL_DATABASE_URL", "postgresql://h/%zz?secret=1"),
        ("CSDL_HTTP_PORT", "65536"),
    ],
)
def test_a_setting_of_no_form_is_named_before_it_is_used(folder, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    result = CliRunner().invoke(main, ["setup"])
    assert result.exit_code == 1 and "secret" not in result.stderr
    assert [line.split()[0] for line in result.stderr.splitlines()] == ["SET-001"] * 2
    assert name in result.stderr


def test_a_setting_that_is_empty_is_not_said(folder, monkeypatch):
    monkeypatch.setenv("CSDL_VENDORS", "")
    monkeypatch.setenv("CSDL_DATA_DIR", "")
    said = json.loads(CliRunner().invoke(main, ["config", "--json"]).stdout)
    assert {name: said[name]["value"] for name in ("vendors", "data_dir")} == {
        "vendors": ["smas", "vnedu"],
        "data_dir": ".csdl",
    }
    assert said["vendors"]["source"] == "default"


def test_setup_says_that_kafka_is_away(folder, monkeypatch):
    def away(settings: Settings) -> None:
        raise KafkaTimeoutError

    monkeypatch.setattr("deploy.taking_on.alone", lambda settings: nullcontext())
    monkeypatch.setattr("sinks.provincial.migrate.migrate", lambda settings: [])
    monkeypatch.setattr("runtime.terms.bring", lambda settings, strictly: None)
    monkeypatch.setattr("deploy.taking_on.ensure_topics", away)
    result = CliRunner().invoke(main, ["setup"])
    assert (result.exit_code, result.stderr.split()[0]) == (3, "SYS-001")


def test_so_does_the_stand_in_for_the_ministry(folder):
    result = CliRunner().invoke(main, ["ministry", "simulate"])
    assert (result.exit_code, len(result.stderr.splitlines())) == (3, 2)
    assert result.stderr.startswith("SYS-001 ")


def test_an_account_without_a_home_is_told_so(monkeypatch):
    monkeypatch.delenv("CSDL_CACHE", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)
    with pytest.raises(ProblemList, match="STK-014"):
        downloads.cache_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("variable", ["CSDL_CACHE", "CSDL_DATA_DIR"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch, variable):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    monkeypatch.setenv("CSDL_DATA_DIR", str(tmp_path / "s"))
    monkeypatch.setenv(variable, str(closed / "below"))
    result = CliRunner().invoke(main, ["up"])
    assert [line.split()[0] for line in result.stderr.splitlines()] == ["STK-014"] * 2
