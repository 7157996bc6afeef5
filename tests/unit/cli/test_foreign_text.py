"""Text that others wrote, on a terminal: shown, not obeyed, never cut; a list says whether it is whole."""

import ast
from pathlib import Path

import pytest

from cli import answers
from schemas.errors import Problem, SourceLocation

ROOT = Path(__file__).parents[3]
PRINTING = [p for room in ("cli", "demo", "doctor") for p in sorted((ROOT / room).rglob("*.py"))]
WAYS = {"echo", "secho", "print", "Console", "echo_via_pager"}
ALLOWED = {"cli/answers.py", "cli/guard.py", "demo/screen.py", "demo/report.py", "cli/demo.py"}
"""The last three print on the console that the first makes, which knows no markup."""


def _called(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
    return {
        f.attr if isinstance(f, ast.Attribute) else f.id
        for f in calls
        if isinstance(f, ast.Attribute | ast.Name)
    }


@pytest.mark.parametrize("path", PRINTING, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_one_module_prints(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    if name not in ALLOWED:
        assert _called(path) & WAYS == set()
    elif name != "cli/answers.py":
        assert _called(path) & {"echo", "Console"} == set()


EVIL = "[/x]\x1b[2J\u202e\nSYS-001 [bold]"
SHOWN = r"[/x]\x1b[2J\u202e\nSYS-001"


def test_a_table_a_line_and_a_problem_show_it(capsys: pytest.CaptureFixture[str]) -> None:
    answers.print_table(("id", "note"), [(EVIL, 1)])
    answers.tell(EVIL)
    answers.say([Problem("SEND-002", SourceLocation(EVIL), {"push_id": EVIL})])
    said = capsys.readouterr()
    assert said.out.count(SHOWN) == 2 and said.err.count(SHOWN) == 4
    assert "\x1b" not in said.out + said.err and "\u202e" not in said.out + said.err


def test_the_demonstrations_console_knows_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    answers.console(80).print("/home/[/x]/:smile:")
    assert capsys.readouterr().out == "/home/[/x]/:smile:\n"


ID = "3f2b8c1e-0c5e-4a51-9c58-0f6a4c1d2e3f"


@pytest.mark.parametrize("columns", ["20", "80", "140"])
def test_an_id_is_never_cut_on_a_narrow_terminal(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(answers, "PIPE_WIDTH", int(columns))
    sentence = "đã nhận, không thay đổi — unchanged " * 3
    answers.print_table(("push", "dataset", "outcome"), [(ID, "19164101.2019.start", sentence)] * 3)
    lines = capsys.readouterr().out.splitlines()
    assert sum(ID in line and "19164101.2019.start" in line for line in lines) == 3


def test_a_table_says_whether_it_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    answers.print_table(("n",), [(n,) for n in range(3)])
    assert capsys.readouterr().out.splitlines()[-1] == "3 dòng, tất cả — rows, all of them"
    answers.print_table(("n",), [(n,) for n in range(3)], of=760)
    assert capsys.readouterr().out.splitlines()[-1] == "3 trong 760 dòng — of 760 rows"
