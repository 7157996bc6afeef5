"""`csdl`: the table of command groups, and nothing else.

A command's module is imported when the command is called, so `csdl --help` and `csdl run` stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

#: command name -> (module, attribute, one line of help)
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "down": ("cli.stack", "down", "Stop the local stack."),
    "status": ("cli.stack", "status", "Say what runs in the local stack."),
    "up": ("cli.stack", "up", "Start Kafka, PostgreSQL and every process of the pipeline."),
}


class _Table(click.Group):
    """A group whose commands come from COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in sorted(COMMANDS)])


@click.command(cls=_Table, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """School records from the vendors' software to the Ministry, confirmed level by level."""
