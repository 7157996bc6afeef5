"""`csdl explain`: what a code means, wherever it stood."""

import json

from click.testing import CliRunner

from cli.main import main
from schemas.rules.catalogue import all_rules


def explained(*arguments):
    return CliRunner().invoke(main, ["explain", *arguments])


def test_an_errors_code_and_a_rules_id_are_explained_in_both_languages():
    rule = all_rules()[0]
    done = explained("sys-020", rule.id, "--json")
    first, second = json.loads(done.output)
    assert done.exit_code == 0 and first["code"] == "SYS-020" and "disk is full" in first["message_en"]
    assert (second["message_vi"], second["message_en"]) == (rule.message_vi, rule.message_en)
    assert explained("SYS-011").output.count("SYS-011 ") == 2


def test_a_code_that_is_none_is_said_with_every_other():
    done = explained("SYS-0200", "SYS-020", "NO-1")
    assert done.exit_code == 1
    assert done.output.count("DOC-011") == 4 and "SYS-0200" in done.output and "NO-1" in done.output
