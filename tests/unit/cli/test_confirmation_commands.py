"""`csdl campaign`, `csdl grants`, `csdl confirmation` without a system: routes, bad input, exit codes."""

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from access import campaigns
from cli.answers import print_json
from cli.main import main
from schemas.datasets import PERIODS, reference_day
from streams.confirmation.state import State, Window
from streams.machines import wire
from tests.organisation import of_register

REGISTER = """code,name,level,district,managing_unit,valid_from,valid_to,active
19164101,Trường A,primary,164,164,2010-01-01,2025-07-01,1
19164101,Trường A,primary,164,19,2025-07-01,,1
19000123,Trường B,lower_secondary,165,165,2010-01-01,,1
19000001,Trường C,upper_secondary,,19,2010-01-01,,1
"""
ACT = ("19164101", "--year", "2019", "--kind", "1")


@pytest.fixture(autouse=True)
def three_schools(folder: Path) -> None:
    (folder / "register.csv").write_text(REGISTER, encoding="utf-8")


def run(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def routes(day: date, *codes: str) -> dict[str, tuple[str, ...]]:
    known = of_register(Path("register.csv"))
    commands, _ = campaigns.opening(known, codes, 2019, "1", day)
    return {c.ma_truong_hoc: c.route for c in commands}


def test_a_campaign_takes_each_route_from_the_register_of_the_day_and_never_from_the_code() -> None:
    codes = ("19164101", "19000123", "19000001")
    assert routes(date(2019, 9, 30), *codes) == {
        "19164101": ("164", "19"),
        "19000123": ("165", "19"),
        "19000001": ("19",),
    }
    assert routes(date(2025, 9, 30), *codes) == dict.fromkeys(codes, ("19",))


def test_a_campaign_gives_each_dataset_its_window() -> None:
    known = of_register(Path("register.csv"))
    window = Window(date(2019, 9, 1), date(2019, 10, 15))
    commands, _ = campaigns.opening(known, ["19000001"], 2019, "1", date(2019, 9, 30), window=window)
    assert [c.window for c in commands] == [window]


def test_a_school_that_the_register_does_not_know_stops_no_other() -> None:
    known = of_register(Path("register.csv"))
    commands, problems = campaigns.opening(known, ["19999999", "19164101"], 2019, "1", date(2019, 9, 30))
    assert [c.ma_truong_hoc for c in commands] == ["19164101"]
    assert [p.code for p in problems] == ["CAMP-SCHOOL"]
    assert all(problems[0].messages())


@pytest.mark.parametrize(("kind", "day"), [("1", date(2019, 9, 30)), ("3", date(2020, 5, 31))])
def test_the_organisation_of_the_periods_reference_day_confirms(kind: str, day: date) -> None:
    assert reference_day(2019, PERIODS[kind]) == day


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (("campaign", "open", "--year", "2019", "--kind", "1", "--schools", "none.txt"), 1, "CAMP-FILE"),
        (("campaign", "open", "--year", "2019", "--kind", "1", "--calendar"), 3, "ACC-052"),
        (("campaign", "open", "--year", "2019", "--kind", "4"), 2, "'4'"),
        (("campaign", "open", "--year", "2019", "--kind", "1"), 3, "ACC-052"),
        (("grants", "revoke", "smas", "19999999"), 3, "ACC-052"),
        (("grants", "list"), 3, "SYS-001"),
        (("confirmation", "claim", *ACT, "--seen-current"), 3, "ACC-052"),
        (("confirmation", "submit", *ACT), 2, "--version"),
        (("confirmation", "submit", *ACT, "--version", "1"), 2, "--digest"),
        (("confirmation", "submit", *ACT, "--version", "1", "--digest", "x"), 2, "--sequence"),
        (
            ("confirmation", "submit", *ACT, "--version", "1", "--digest", "x", "--sequence", "2"),
            3,
            "ACC-052",
        ),
        (("confirmation", "lock", *ACT, "--reason", "x"), 2, "--sequence"),
        (("confirmation", "lock", *ACT, "--sequence", "2", "--reason", "x"), 3, "ACC-052"),
        (("grants", "allow", "smas", "19164101", "--right", "copy"), 2, "copy"),
        (("confirmation", "open", *ACT), 2, "open"),
        (("confirmation", "show", "19164101"), 3, "SYS-001"),
        (("confirmation", "verify"), 3, "SYS-001"),
    ],
)
def test_what_cannot_be_done_ends_with_its_exit_code(args: tuple[str, ...], code: int, text: str) -> None:
    result = run(*args)
    assert (result.exit_code, text in result.output + result.stderr) == (code, True), result.output


def test_the_reasons_of_a_return_are_a_closed_list() -> None:
    result = run("confirmation", "reasons")
    assert "DATA_WRONG" in result.output
    assert "Số liệu không đúng thực tế" in result.output


def test_a_state_with_a_window_is_shown_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    state = State("19164101.2019.start", "19164101", 2019, "start", window=Window(closes=date(2019, 10, 15)))
    print_json([wire.to_record(state)])
    assert json.loads(capsys.readouterr().out)[0]["Window"] == {"Opens": None, "Closes": "2019-10-15"}
