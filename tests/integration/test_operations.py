"""What docs/operations.md looks at is looked at on live servers: each command answers."""

import shlex

import pytest
from click.testing import CliRunner

from cli.main import main
from tests.accounts import as_operator
from tests.operations import blocks
from tests.support import environment

LOOKS = sorted({line for looks, block in blocks() for line in block if looks and line.startswith("csdl ")})


@pytest.fixture(scope="module")
def told(stack):
    return environment(as_operator(stack))


@pytest.mark.parametrize("command", LOOKS)
def test_what_a_page_says_to_look_at_answers(told, command):
    done = CliRunner(env=told).invoke(main, shlex.split(command)[1:])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (0, 1), done.output
    assert "STK-019" not in done.output
