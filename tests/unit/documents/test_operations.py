"""docs/operations.md has a page for every alert, and its commands are commands."""

import re
import shlex

import click
import pytest
import yaml

from cli.main import main
from deploy import units
from deploy.local.layout import Stack
from deploy.processes import instances
from deploy.prometheus.config import ALERTS
from schemas import errors
from tests.operations import PAGES, blocks, pages
from tests.support import ROOT

OURS = {name.removesuffix(".service") for name in units.WRITTEN}
SERVERS = {"kafka", "postgresql", "csdl.target", *OURS}
"""Units that are no process."""
OTHERS = {"systemctl", "journalctl", "timedatectl", "df", "du", "openssl"}

RULES = [
    rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
ALERT_NAMES = [rule["alert"] for rule in RULES]
COMMANDS = sorted({line for _, block in blocks() for line in block})


def test_every_alert_has_its_page_and_every_page_an_alert():
    assert sorted(pages()) == sorted(ALERT_NAMES)


@pytest.mark.parametrize("rule", RULES, ids=ALERT_NAMES)
def test_a_page_says_what_it_means_where_to_look_and_what_to_do(rule):
    page = pages()[rule["alert"]]
    assert rule["annotations"]["runbook_url"] == f"{PAGES.relative_to(ROOT)}#{rule['alert'].lower()}"
    vietnamese, english, *_ = page.strip().split("\n\n")
    assert vietnamese.startswith("**") and re.search("[ăâđêôơưạảãáàộợệếềớ]", vietnamese)
    assert english.isascii()
    assert "\nLook:" in page and page.count("```sh look") == 1 and re.search(r"\nDo\b", page)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one(command):
    program, *arguments = shlex.split(command)
    if program == "csdl":
        parse(main, arguments)
    else:
        assert program in OTHERS
    labels = {i.label for i in instances(Stack(ROOT, instances={"load": 2}).settings())}
    processes = {f"csdl@{label}" for label in labels}
    if program in {"systemctl", "journalctl"}:
        named = [word for word in arguments if re.match(r"csdl|kafka|postgres", word)]
        assert set(named) <= SERVERS | processes


def parse(command, arguments):
    """By the command line's own parser, without running it. Raises click.UsageError."""
    ctx = command.make_context(command.name or "csdl", list(arguments), resilient_parsing=False)
    if isinstance(command, click.Group):
        name, found, left = command.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
        assert found is not None, name
        parse(found, left)


@pytest.mark.parametrize("wrong", ["csdl docter", "csdl ministry exports --stat x", "csdl explain"])
def test_a_command_that_is_none_is_found_out(wrong):
    with pytest.raises(click.UsageError):
        parse(main, shlex.split(wrong)[1:])


def test_what_a_message_or_an_alert_names_is_a_command_of_ours():
    """`csdl explain` stood in three texts and was none."""
    texts = [text for both in errors.catalogue().values() for text in both]
    texts += [line for rule in RULES for line in rule["annotations"].values()]
    named = {word for text in texts for word in re.findall(r"\bcsdl ([a-z][a-z-]+)\b", text)}
    of_prose = {"account", "accounts"}
    ctx = click.Context(main)
    assert sorted(w for w in named - of_prose if main.get_command(ctx, w) is None) == []
