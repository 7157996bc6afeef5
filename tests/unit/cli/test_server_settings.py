"""A server's file of settings: every command finds it, and what is wrong in it is said line by line."""

import json
import os
import pwd
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from deploy.local import certificates
from deploy.local.layout import Stack
from doctor.section import Section, examine
from runtime import serve
from runtime.settings import Settings
from tests.support import ROOT, free_port_base

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its file; nothing else is said, and no stack is near."""
    for name in [name for name in os.environ if name.startswith("CSDL_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "csdl.env"
    path.write_text(
        "# a server\nCSDL_BOOTSTRAP_SERVERS=127.0.0.1:1\nCSDL_DATABASE_URL=postgresql://127.0.0.1:1/csdl\n"
        f'CSDL_VENDORS=["smas","other"]\nCSDL_DATA_DIR={tmp_path / "data"}\n'
    )
    monkeypatch.setenv("CSDL_SETTINGS", str(path))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return path


def _said(*arguments: str) -> tuple[int, list[tuple[str, str, int]]]:
    """Exit code; code, setting and line of each problem."""
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert not result.stderr
    return result.exit_code, [
        (
            p["code"],
            next((word for word in p["message_en"].split() if word.startswith("CSDL_")), ""),
            p["row"],
        )
        for p in json.loads(result.stdout)["problems"]
    ]


def _from(name: str) -> tuple[str, int]:
    shown = json.loads(CliRunner().invoke(main, ["config", "--json"]).stdout)[name]
    return shown["source"], shown["line"]


def test_a_command_finds_it_wherever_it_is_called(server: Path) -> None:
    assert Settings().vendors == ["smas", "other"]
    assert (_from("vendors"), _from("province")) == (("file", 4), ("default", 0))
    shown = CliRunner().invoke(main, ["config"]).stdout
    assert shown.startswith("# file ") and 'CSDL_VENDORS=["smas", "other"]' in shown.split("# default")[0]


def test_the_environment_goes_before_it_and_a_stack_is_whole_without_it(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CSDL_VENDORS", '["vnedu"]')
    assert (Settings().vendors, _from("vendors")) == (["vnedu"], ("environment", 0))
    assert Settings().brokers == "127.0.0.1:1"
    Path(".csdl").mkdir()
    Stack(Path(".csdl").absolute(), 23_000).save()
    assert Settings().brokers == "127.0.0.1:23002"
    assert (_from("bootstrap_servers"), _from("vendors")) == (("stack", 0), ("environment", 0))


def test_a_stack_is_made_of_what_it_was_asked_alone(server: Path, tmp_path: Path) -> None:
    assert Stack(tmp_path / "new", 23_000).settings().vendors == ["smas", "vnedu"]


def test_without_one_nothing_is_guessed(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSDL_SETTINGS", "")
    assert CliRunner().invoke(main, ["pushes"]).stderr.split()[0] == "STK-007"
    monkeypatch.setenv("CSDL_SETTINGS", "/nowhere/csdl.env")
    assert CliRunner().invoke(main, ["pushes"]).stderr.split()[0] == "SET-004"


def test_all_that_is_wrong_is_said_at_once_with_its_line(server: Path, tmp_path: Path) -> None:
    expired = tmp_path / "ca.pem"
    _, made = certificates.authority(datetime.now(UTC) - timedelta(days=366 * 10))
    expired.write_text(certificates.text(made))
    with server.open("a") as file:
        file.write(
            f"CSDL_VENDOR=[]\nCSDL_HTTP_PORT=secret\nthis is none\nCSDL_SCHOOL_YEARS=2019,\n"
            f"CSDL_KAFKA_USER=csdl-operator\nCSDL_KAFKA_PASSWORD_FILE={tmp_path}/none\n"
            f"CSDL_KAFKA_CA_FILE={expired}\nCSDL_BOOTSTRAP_SERVERS=127.0.0.1:1\n"
        )
    code, found = _said("config", "--check")
    assert code == 3, "a server is away besides"
    assert sorted(found, key=lambda each: (each[2], each[0])) == [
        ("SYS-002", "", 3),
        ("DOC-006", "CSDL_VENDOR,", 6),
        ("SET-001", "CSDL_HTTP_PORT", 7),
        ("SET-005", "", 8),
        ("SET-001", "CSDL_SCHOOL_YEARS", 9),
        ("SET-007", "CSDL_KAFKA_PASSWORD_FILE", 11),
        ("SEC-119", "CSDL_KAFKA_CA_FILE", 12),
        ("SET-006", "CSDL_BOOTSTRAP_SERVERS", 13),
        ("SYS-001", "", 13),
    ]
    result = CliRunner().invoke(main, ["config", "--check"])
    assert "secret" not in result.stderr and f"SET-001 {server} · dòng 7" in result.stderr
    assert "CSDL_VENDORS meant" in result.stderr
    assert _said("pushes")[1] == [("SET-001", "CSDL_HTTP_PORT", 7), ("SET-001", "CSDL_SCHOOL_YEARS", 9)]


def _shut(path: Path) -> None:
    """Away from whoever calls the command: another account's, or nobody's to read."""
    path.chmod(0o600 if os.geteuid() == 0 else 0)
    if os.geteuid() == 0:
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)


def _call(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A command by an account that the rights of files hold for, as they do for everyone but root."""
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*without, sys.executable, "-m", "cli", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_who_may_not_read_it_is_told_so(server: Path) -> None:
    _shut(server)
    told = _call("pushes")
    assert (told.returncode, told.stderr.split()[0]) == (1, "SET-003")
    assert "csdl-operators" in told.stderr and "Traceback" not in told.stderr


def test_who_may_not_read_a_secret_is_told_so_and_sees_the_rest(server: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "data" / "secrets" / "postgres"
    secrets.mkdir(parents=True)
    (secrets / "csdl-operator").write_text("*:*:*:csdl-operator:x\n")
    _shut(secrets.parent)
    told = _call("pushes")
    assert (told.returncode, told.stderr.split()[0]) == (1, "SEC-207")
    said = json.loads(_call("doctor", "--json").stdout)["checks"]
    found = {each["name"]: (each["ok"], each["code"]) for each in said}
    assert found["settings"] == (True, "") and found["disk"][0] is not None
    assert (found["secrets"], found["postgres"]) == ((None, "SEC-118"), (False, "SEC-207"))


def test_what_may_not_be_seen_is_no_fault() -> None:
    def closed(_: Settings) -> list[object]:
        raise PermissionError(13, "Permission denied", "/a/secret")

    [found] = examine(Settings(), [Section("one", closed)])  # type: ignore[arg-type]
    assert (found.fine, found.findings) == (False, None)
    assert found.lines()[0]["code"] == "SEC-118" and "/a/secret" in found.lines()[0]["message_en"]


def test_status_of_a_server_asks_the_processes_themselves(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.server_status.PORT_BASE", base := free_port_base())
    token = tmp_path / "metrics.token"
    token.write_text("t\n")
    with server.open("a") as file:
        file.write(f"CSDL_METRICS_TOKEN_FILE={token}\n")
    ports = Stack(tmp_path, base)
    asked = Settings(metrics_token_file=token)
    serve.start(asked.model_copy(update={"http_port": ports.port("load")}), lambda: "")
    serve.start(asked.model_copy(update={"http_port": ports.port("check")}), lambda: "SYS-005 no tables")
    rows = {row["name"]: row for row in json.loads(CliRunner().invoke(main, ["status", "--json"]).stdout)}
    assert (rows["load"]["ready"], rows["load"]["why"]) == (True, "")
    assert (rows["check"]["ready"], rows["check"]["why"]) == (False, "SYS-005 no tables")
    assert not rows["watch"]["ready"] and rows["watch"]["state"] in ("silent", "dead")
    assert [rows[name]["state"] for name in ("kafka", "postgres")] == ["away"] * 2
    token.unlink()
    assert _said("status")[1][0][0] == "SEC-114"


@pytest.mark.parametrize(
    ("listens", "asked"), [("0.0.0.0", "127.0.0.1:9"), ("10.0.0.5", "10.0.0.5:9"), ("fd00::1", "[fd00::1]:9")]
)
def test_a_process_is_asked_where_it_listens(listens: str, asked: str) -> None:
    assert serve.request(Settings(), 9, "/readyz", listens).host == asked
