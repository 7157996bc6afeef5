"""The sandbox: its files are read as they promise, and no folder but its own is touched."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from demo.sandbox import life, samples
from deploy.processes import NAMES
from producers import files
from producers.model import Target
from producers.synthetic.school import YEAR
from schemas.errors import ProblemList


@pytest.fixture(scope="module")
def made():
    plan = samples.school()
    return plan, samples.files(plan)


@pytest.mark.parametrize(
    ("name", "records", "refused"),
    [
        ("packet.json", 146, 0),
        ("packet-with-errors.json", 146, 3),
        ("pupils.xlsx", 124, 0),
        ("pupils-with-errors.xlsx", 124, 3),
    ],
)
def test_its_files_are_read_as_any_vendors(made, name, records, refused):
    """What cannot be read is refused here; the rules refuse more of the packet."""
    plan, contents = made
    reading = files.read_contents([(name, contents[name])], Target(samples.VENDOR, plan.code, YEAR, "1"))
    assert sum(table.count for table in reading.tables) == records
    assert sum(table.refused_count for table in reading.tables) == refused
    assert not reading.warnings


def test_it_runs_one_of_each_process_that_a_push_needs():
    assert {*NAMES} - {*life.processes()} == life.NOT_NEEDED


def test_a_folder_that_holds_something_else_is_left_as_it_is(tmp_path: Path):
    (tmp_path / "stack.json").write_text("{}")
    for asked in (["up"], ["down", "--delete"], ["status"], ["accept"]):
        run = CliRunner().invoke(main, ["sandbox", *asked, "--data-dir", str(tmp_path)])
        assert (run.exit_code, run.stderr[:7]) == (1, "CLI-001" if asked == ["up"] else "CLI-002")
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]


def test_settings_of_another_stack_are_not_the_sandboxs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CSDL_DATABASE_URL", "postgresql://elsewhere/csdl")
    monkeypatch.setenv("CSDL_TRUST_DIR", "/elsewhere")
    with pytest.raises(ProblemList, match="CLI-002"):
        life.at(tmp_path)
    assert not {"CSDL_DATABASE_URL", "CSDL_TRUST_DIR"} & os.environ.keys()
