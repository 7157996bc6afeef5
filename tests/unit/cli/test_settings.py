"""Settings that are wrong are named with a code, never with their value, and never as a traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from deploy.local.layout import Stack
from runtime import credentials
from runtime.settings import Settings
from schemas.errors import ProblemList

WRONG = {
    "CSDL_REPLICATION_FACTOR": "0",
    "CSDL_MIN_INSYNC_REPLICAS": "two",
    "CSDL_VENDORS": "smas,vnedu",
    "CSDL_VENDORS_BY_CREDENTIALS": '["smsa"]',
    "CSDL_SCHOOL_YEARS": '["a"]',
    "CSDL_HTTP_PORT": "secret",
    "CSDL_KAFKA_LOOPBACK": "10.0.0.5:9092",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, WRONG[name])
    with pytest.raises(ProblemList) as error:
        Settings()
    (problem,) = error.value.problems
    assert problem.code == "SET-001" and all(name in text for text in problem.messages())


def test_only_what_runs_beside_the_broker_speaks_with_it_in_clear(folder: Path, tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    authority = tmp_path / "none.pem"
    beside = Settings.of(stack.process_environment("load")).model_copy(update={"kafka_ca_file": authority})
    assert beside.brokers == f"127.0.0.1:{stack.port('kafka-loopback')}"
    assert credentials.context(beside) is None
    anybody = stack.settings().model_copy(update={"kafka_ca_file": authority})
    assert anybody.brokers == f"127.0.0.1:{stack.port('kafka')}"
    with pytest.raises(ProblemList, match="SEC-102"):
        credentials.context(anybody)


def test_a_command_says_it_and_nothing_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSDL_HTTP_PORT", "secret")
    result = CliRunner().invoke(main, ["config"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split()[0] for line in result.stderr.splitlines()] == ["SET-001"] * 2
    assert "secret" not in result.stderr


def test_setup_without_its_servers_is_exit_3(folder: Path) -> None:
    result = CliRunner().invoke(main, ["setup"])
    assert (result.exit_code, result.stderr.split()[0]) == (3, "SYS-002")
