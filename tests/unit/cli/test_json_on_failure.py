"""Whatever takes `--json` fails in JSON too: problems on stdout, nothing on stderr, the same exit code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from cli.main import main
from streams.confirmation.commands import DEPARTMENTS_ACTS, OFFICERS_ACTS
from tests.unit.producers.made import SCHOOL, YEAR

PERIOD = ("--year", str(YEAR), "--kind", "1")
SEEN = ("--unit", "164", "--version", "1", "--digest", "d", "--sequence", "3")

KAFKA_AWAY, POSTGRES_AWAY, ACCESS_AWAY = "SYS-001", "SYS-002", "ACC-052"

ASKING_A_SERVER: dict[str, tuple[tuple[str, ...], str]] = {
    "audit school": ((SCHOOL,), KAFKA_AWAY),
    "accounts create": (("an", "--person", "cb1", "--unit", SCHOOL, "--role", "auditor"), KAFKA_AWAY),
    "accounts end": (("an.le",), POSTGRES_AWAY),
    "accounts list": ((), POSTGRES_AWAY),
    "accounts move": (("an.le", "--unit", SCHOOL), POSTGRES_AWAY),
    "accounts password": (("an.le", "--password-stdin"), POSTGRES_AWAY),
    "accounts reinstate": (("an.le",), POSTGRES_AWAY),
    "accounts roles": (("an.le", "--role", "auditor"), POSTGRES_AWAY),
    "campaign open": (PERIOD, ACCESS_AWAY),
    "chains list": ((), POSTGRES_AWAY),
    **{
        f"confirmation {act.replace('_', '-')}": ((SCHOOL, *PERIOD, *SEEN), ACCESS_AWAY)
        for act in (*OFFICERS_ACTS, *DEPARTMENTS_ACTS)
    },
    "confirmation history": ((SCHOOL,), KAFKA_AWAY),
    "confirmation show": ((SCHOOL,), KAFKA_AWAY),
    "confirmation verify": ((), KAFKA_AWAY),
    "conform": (("smas", "--school", SCHOOL, "--product-version", "1"), ACCESS_AWAY),
    "connect kit": (("1", "--out", "kit.zip"), ACCESS_AWAY),
    **{f"credentials {act}": (("1",), ACCESS_AWAY) for act in ("deactivate", "link", "reactivate", "revoke")},
    "credentials list": ((), ACCESS_AWAY),
    "credentials make": (("smas", SCHOOL, "main"), ACCESS_AWAY),
    "credentials open": (("http://127.0.0.1:1/v1/links/x", "--out", "secret.txt"), ACCESS_AWAY),
    "credentials rotate": (("1",), ACCESS_AWAY),
    "dead-letters replay": (("--code", "MSG-008"), KAFKA_AWAY),
    "dead-letters show": ((), KAFKA_AWAY),
    "forms send": (("good.json",), ACCESS_AWAY),
    **{
        f"grants {act}": (("smas", SCHOOL), ACCESS_AWAY)
        for act in (
            *("allow", "check", "approve", "return", "issue", "hand-over"),
            *("rotate", "amend", "suspend", "resume", "revoke"),
        )
    },
    "grants batch": (("good.json",), ACCESS_AWAY),
    "grants list": ((), KAFKA_AWAY),
    "grants request": (("good.json", "--vendor", "smas"), ACCESS_AWAY),
    "grants show": ((SCHOOL,), KAFKA_AWAY),
    "login": (("an.le", "--password-stdin"), ACCESS_AWAY),
    "logout": ((), ACCESS_AWAY),
    "ministry exports": ((), POSTGRES_AWAY),
    "organisation import": (("register.csv",), ACCESS_AWAY),
    "organisation list": ((), KAFKA_AWAY),
    "organisation route": ((SCHOOL,), KAFKA_AWAY),
    "organisation show": ((SCHOOL,), KAFKA_AWAY),
    "organisation totals": ((), KAFKA_AWAY),
    "positions accept": (("load", "t", "0", "--to", "end", "--reason", "r"), KAFKA_AWAY),
    "positions show": ((), KAFKA_AWAY),
    "push": (("--vendor", "smas", "--school", SCHOOL, *PERIOD, "good.json"), KAFKA_AWAY),
    "push-report": (("p1",), POSTGRES_AWAY),
    "push-status": (("p1",), POSTGRES_AWAY),
    "pushes": ((), POSTGRES_AWAY),
    "records absent": ((SCHOOL, *PERIOD), POSTGRES_AWAY),
    "records digests": ((), POSTGRES_AWAY),
    "records remove": ((SCHOOL, *PERIOD, "--consent", "r1"), ACCESS_AWAY),
    "retention run": ((), POSTGRES_AWAY),
    "retention show": ((), POSTGRES_AWAY),
    "tokens create": (("--out", "token.json"), ACCESS_AWAY),
    "tokens list": ((), ACCESS_AWAY),
    "tokens revoke": (("1",), ACCESS_AWAY),
    "vendors list": ((), "SYS-001"),
    "whoami": ((), ACCESS_AWAY),
    "years close": (("2019", "--reason", "r"), POSTGRES_AWAY),
    "years list": ((), POSTGRES_AWAY),
}
"""command → its arguments, what it says when the servers are away."""

NEEDS_NO_SERVER = {
    "adapters detect",
    "adapters list",
    "audit accept",
    "audit verify",
    "backup key",
    "backup list",
    "backup lost",
    "backup verify",
    "codemap doctor",
    "codemap show",
    "config",
    "confirmation reasons",
    "confirmation table",
    "connect test",
    "doctor",
    "explain",
    "forms compare",
    "forms fill",
    "forms verify",
    "grants reasons",
    "grants table",
    "metrics list",
    "preflight",
    "release build",
    "restore",
    "rules",
    "sandbox accept",
    "sandbox status",
    "sandbox up",
    "schemas list",
    "status",
    "synthetic",
    "up",
}


def with_json(command: click.Command = main, *path: str) -> Iterator[str]:
    """Every command below that has the flag `--json`."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from with_json(below, *path, name)
    elif any(isinstance(p, click.Option) and p.is_flag and "--json" in p.opts for p in command.params):
        yield " ".join(path)


def fails(command: str, *args: str) -> tuple[int, dict[str, Any]]:
    """(exit code, the one problem) of a call with `--json` that says nothing else."""
    result = CliRunner().invoke(main, [*command.split(), *args, "--json"])
    assert result.stderr == ""
    (problem,) = json.loads(result.stdout)["problems"]
    return result.exit_code, problem


def test_the_table_names_every_command_that_takes_json() -> None:
    assert sorted(with_json()) == sorted([*ASKING_A_SERVER, *NEEDS_NO_SERVER])


@pytest.mark.parametrize(
    ("command", "args", "code"),
    [(command, args, code) for command, (args, code) in ASKING_A_SERVER.items()],
    ids=ASKING_A_SERVER,
)
def test_a_server_that_is_away_is_said_in_json(
    folder: Path, command: str, args: tuple[str, ...], code: str
) -> None:
    exit_code, problem = fails(command, *args)
    assert (exit_code, problem["code"]) == (3, code)
    assert problem["message_vi"] and problem["message_en"]
    assert {"file", "sheet", "row", "field"} < problem.keys(), "its place"


def test_so_is_a_stack_that_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CSDL_BOOTSTRAP_SERVERS")
    exit_code, problem = fails("status")
    assert (exit_code, problem["code"]) == (1, "STK-007")


def test_so_is_a_register_that_is_not_there(folder: Path) -> None:
    (folder / "register.csv").unlink()
    exit_code, problem = fails("preflight", "--vendor", "smas", "--school", SCHOOL, *PERIOD, "good.json")
    assert (exit_code, problem["code"]) == (3, "SYS-003")
