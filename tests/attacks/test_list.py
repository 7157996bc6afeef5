"""Every attack of the list has tests that exist, is recorded somewhere and counted by a metric."""

import ast

import pytest

from runtime.metrics import METRICS
from tests.attacks.attacks import ATTACKS, Attack
from tests.support import ROOT


def functions(file: str) -> set[str]:
    """Names of a test file's functions."""
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_has_its_tests_its_record_and_its_number(attack: Attack) -> None:
    assert attack.tests and attack.recorded
    for test in attack.tests:
        file, name = test.split("::")
        assert name in functions(file), test
    assert attack.counted in {metric.name for metric in METRICS}


def test_none_is_named_twice() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)
