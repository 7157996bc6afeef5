"""What a stack's folder holds: names of every kind, what was asked for, whose it is, what is half made."""

import json
import os
import pwd
import subprocess
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from cli.main import main
from deploy.local import layout, postgres, supervisor, whole
from deploy.local.layout import Stack
from deploy.local.supervisor import Program
from runtime.settings import Settings
from schemas.errors import ProblemList

ODD_NAMES = (
    "a b",
    "Trường số 1",
    "a,b",
    "a'b",
    'a"b',
    "a'b\"c",
    "100%",
    "%(here)s",
    "a ;b",
    "a #b",
    "${HOME}",
    "a\\b",
    "$x`y",
)
REGISTER = "code,name,level,district,managing_unit,valid_from,valid_to,active\n"


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    for name in [name for name in os.environ if name.startswith("CSDL_")]:
        monkeypatch.delenv(name)


def _says(*arguments: str) -> tuple[int, list[str]]:
    """Exit code and the codes said, a line each; never a traceback."""
    result = CliRunner().invoke(main, arguments)
    assert isinstance(result.exception, SystemExit | None)
    return result.exit_code, [line.split()[0] for line in result.stderr.splitlines()]


def _code(act) -> str:
    with pytest.raises(ProblemList) as caught:
        act()
    (problem,) = caught.value.problems
    return str(problem.code)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_command_line_reads_back_what_up_wrote_in_a_folder_of_any_name(tmp_path, monkeypatch, name):
    it = Stack(tmp_path / name, 23_000, {"load": 2}, {"CSDL_REGISTER_FILE": f"/x/{name}/r.csv"})
    it.data_dir.mkdir()
    it.save()
    monkeypatch.setenv("CSDL_DATA_DIR", str(it.data_dir))
    assert Settings() == it.settings()
    assert it.settings().register_file == Path(f"/x/{name}/r.csv")
    assert layout.at(it.data_dir) == it


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_shell_reads_them_too(tmp_path, name):
    it = Stack(tmp_path / name, 23_000)
    it.data_dir.mkdir()
    it.save()
    told = subprocess.run(
        ["/bin/sh", "-c", '. "$0/stack.env"; printf %s "$CSDL_DATA_DIR"', it.data_dir],
        capture_output=True,
        text=True,
    )
    assert told.stdout == str(it.data_dir)


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_program_gets_its_words_and_settings_as_they_are(tmp_path, name):
    (tmp_path / name).mkdir()
    command = ["/usr/bin/printf", "%s\n%s", name]
    program = Program(
        "one", ["/bin/sh", "-c", 'printf "%s|%s" "$1" "$SAID"', "sh", name], environment={"SAID": name}
    )
    supervisor.configuration(Stack(tmp_path / name), [program])
    told = subprocess.run(["/bin/sh", "commands/one"], cwd=tmp_path / name, capture_output=True, text=True)
    assert told.stdout == f"{name}|{name}"
    assert name not in (tmp_path / name / "supervisord.conf").read_text(encoding="utf-8"), command


def test_what_was_named_at_the_first_up_is_remembered_at_the_second(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSDL_REGISTER_FILE", "register.csv")
    monkeypatch.setenv("CSDL_VENDORS", '["smas","other"]')
    monkeypatch.setenv("CSDL_INSTANCES", '{"load":2}')
    first = layout.asked_for(tmp_path / "s", 23_000)
    first.data_dir.mkdir()
    first.save()
    for name in ("CSDL_REGISTER_FILE", "CSDL_VENDORS", "CSDL_INSTANCES"):
        monkeypatch.delenv(name)
    second = layout.asked_for(tmp_path / "s", None)
    assert second == first
    assert second.settings().register_file == tmp_path / "register.csv", "not from where a process stands"
    assert second.settings().vendors == ["smas", "other"]
    monkeypatch.setenv("CSDL_VENDORS", '["smas"]')
    assert layout.asked_for(tmp_path / "s", 24_000).settings().vendors == ["smas"], (
        "what is said now goes before"
    )


def test_a_stack_of_release_0_2_keeps_the_register_it_was_started_with(tmp_path):
    (tmp_path / "stack.json").write_text('{"port_base": 23000, "instances": {}}\n')
    (tmp_path / "stack.env").write_text(
        f"CSDL_REGISTER_FILE=/a b/r.csv\nCSDL_IDENTITY_KEY_FILE={tmp_path}/secrets/identity.key\n"
    )
    assert layout.asked_for(tmp_path, None).asked == {"CSDL_REGISTER_FILE": "/a b/r.csv"}


@pytest.mark.parametrize("content", [None, "a,b\n1,2\n"])
def test_a_register_that_was_named_and_is_none_stops_up_before_anything_is_made(
    tmp_path, monkeypatch, content
):
    register = tmp_path / "mistyped.csv"
    if content:
        register.write_text(content)
    monkeypatch.setenv("CSDL_REGISTER_FILE", str(register))
    assert _says("up", "--data-dir", str(tmp_path / "s")) == (3, ["SYS-003"] * 2)
    assert not (tmp_path / "s").exists() and register.exists() == bool(content)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "",
        "{",
        "null",
        '{"port_base": "x", "settings": {}}',
        '{"port_base": 999999, "settings": {}}',
        '{"settings": []}',
        "\xff",
    ],
)
@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_a_damaged_stack_file_is_one_coded_line(tmp_path, command, content):
    (tmp_path / "stack.json").write_bytes(content.encode("latin-1"))
    assert _says(command, "--data-dir", str(tmp_path)) == (1, ["SET-002"] * 2)


def test_so_it_is_of_every_other_command(tmp_path, monkeypatch):
    (tmp_path / "stack.json").write_text("[]")
    monkeypatch.setenv("CSDL_DATA_DIR", str(tmp_path))
    for command in (["config"], ["pushes"], ["setup"], ["run", "load"]):
        assert _says(*command) == (1, ["SET-002"] * 2)


@pytest.mark.parametrize(
    "command", [["pushes"], ["setup"], ["grants", "list"], ["ministry", "exports"], ["run", "load"]]
)
def test_a_folder_without_a_stack_is_not_somebody_elses(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    assert _says(*command) == (1, ["STK-007"] * 2)


@pytest.mark.parametrize("command", ["up", "down", "status"])
def test_another_accounts_stack_is_said_to_be_theirs(tmp_path, monkeypatch, command):
    Stack(tmp_path, 23_000).save()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert _says(command, "--data-dir", str(tmp_path)) == (1, ["STK-017"] * 2)
    owner = pwd.getpwuid(os.getuid()).pw_name
    with pytest.raises(ProblemList) as caught:
        layout.at(tmp_path)
    assert owner in caught.value.problems[0].messages()[1]


def test_down_says_whether_anything_ran(tmp_path):
    Stack(tmp_path, 23_000).save()
    result = CliRunner().invoke(main, ["down", "--data-dir", str(tmp_path)])
    assert result.exit_code == 0 and "nothing was running" in result.stdout


def test_down_does_not_say_that_it_stopped_what_it_could_not(tmp_path, monkeypatch):
    class Stubborn:
        pid = 4321

        def terminate(self):
            """It stays."""

        kill = terminate

    monkeypatch.setattr(supervisor, "left_over", lambda stack: [Stubborn()])
    monkeypatch.setattr(psutil, "wait_procs", lambda processes, timeout: ([], processes))
    Stack(tmp_path, 23_000).save()
    assert _says("down", "--data-dir", str(tmp_path)) == (1, ["STK-018"] * 2)


def test_what_is_killed_half_way_is_made_from_nothing_by_the_next(tmp_path):
    def killed(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        whole.make(tmp_path / "it", killed)
    assert not (tmp_path / "it").exists()
    whole.make(tmp_path / "it", lambda folder: (folder / "all").touch())
    assert [path.name for path in tmp_path.rglob("*")] == ["it", "all"]


def test_a_cluster_that_an_earlier_release_left_half_made_is_set_aside_never_deleted(tmp_path, monkeypatch):
    it = Stack(tmp_path, 23_000)
    it.postgres_dir.mkdir()
    (it.postgres_dir / "PG_VERSION").write_text("18\n")
    monkeypatch.setattr(postgres, "_initialise", lambda stack, home, _: postgres.configure(stack, home))
    monkeypatch.setattr(postgres, "_write_accounts", lambda *_: None)
    postgres.prepare(it)
    (aside,) = tmp_path.glob("postgres.aside-*")
    assert (aside / "PG_VERSION").exists() and not (it.postgres_dir / "PG_VERSION").exists()
    (it.postgres_dir / "rows").touch()
    auto = it.postgres_dir / "postgresql.auto.conf"
    auto.write_text("# as ALTER SYSTEM leaves it\nlisten_addresses = '127.0.0.1'\n")
    postgres.prepare(it)
    assert (it.postgres_dir / "rows").exists(), "one that was whole stays"


def test_the_file_of_a_stack_is_whole_json(tmp_path):
    Stack(tmp_path, 23_000).save()
    assert json.loads((tmp_path / "stack.json").read_text(encoding="utf-8"))["port_base"] == 23_000
    assert not list(tmp_path.glob("*.part"))
