"""Ansible's roles: what they call is there. That they do what they say, tests/server sees."""

import re
from pathlib import Path

import click
import pytest

from cli.main import main

ROLES = Path(__file__).parents[3] / "deploy" / "ansible" / "roles"
CALLED = {
    tuple(words.split())
    for tasks in sorted(ROLES.glob("*/tasks/*.yml"))
    for words in re.findall(r"(?:current|csdl_home }})/bin/csdl ((?:[a-z-]+ ?)+)", tasks.read_text("utf-8"))
}


def test_roles_call_commands():
    assert ("server", "prepare") in CALLED


@pytest.mark.parametrize("words", sorted(CALLED), ids=" ".join)
def test_a_command_that_a_role_calls_is_there(words):
    command: click.Group = main
    context = click.Context(main)
    for word in words:
        found = command.get_command(context, word)
        assert found is not None, f"csdl {' '.join(words)}"
        if not isinstance(found, click.Group):
            return
        command = found
    pytest.fail(f"csdl {' '.join(words)} is a group")
