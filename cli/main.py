"""`csdl`: the table of command groups, and nothing else.

A command's module is imported when the command is called, so `csdl --help` and `csdl run` stay quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

import click

from schemas.errors import ProblemList

#: command name -> (module, attribute, one line of help)
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "campaign": ("cli.campaign", "campaign", "Open datasets for the schools to fill."),
    "config": ("cli.stack", "config", "Print the settings in force, without secrets."),
    "confirmation": (
        "cli.confirmation",
        "confirmation",
        "Submit, confirm, return, forward; show and verify.",
    ),
    "docs": ("cli.docs", "docs", "Write the documents that are generated from data."),
    "demo": (
        "cli.demo.command",
        "demo",
        "A province through the whole pipeline, every record accounted for.",
    ),
    "down": ("cli.stack", "down", "Stop the local stack."),
    "metrics": ("cli.metrics", "metrics", "What the pipeline measures."),
    "ministry": ("cli.ministry", "ministry", "What went to the Ministry, and a stand-in for it."),
    "grants": ("cli.grants", "grants", "Allow and revoke a vendor's right to push for a school."),
    "preflight": (
        "cli.push",
        "preflight",
        "Say what a vendor's files would be refused for, and send nothing.",
    ),
    "push": ("cli.push", "push", "Send a vendor's files for one school."),
    "push-status": ("cli.push", "push_status", "Say what became of a push and of its refused records."),
    "pushes": ("cli.push", "pushes", "List the pushes and what became of them."),
    "rules": ("cli.schemas", "rules", "The rule book."),
    "run": ("cli.run", "run", "Run one process of the pipeline in the foreground."),
    "schemas": ("cli.schemas", "schemas", "The data contracts: list, freeze, publish."),
    "setup": ("cli.stack", "setup", "Make the topics and the tables on servers that run already."),
    "status": ("cli.stack", "status", "Say what runs in the local stack."),
    "synthetic": ("cli.synthetic", "synthetic", "Write a made-up province as the vendors' files."),
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

    def invoke(self, ctx: click.Context) -> Any:
        """What a user can mend is said in one line a language, with its code; never a traceback."""
        try:
            return super().invoke(ctx)
        except ProblemList as problems:
            from cli.answers import exit_code, print_problems

            print_problems(problems.problems)
            ctx.exit(exit_code(problems.problems))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in sorted(COMMANDS)])


@click.command(cls=_Table, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """School records from the vendors' software to the Ministry, confirmed level by level."""
