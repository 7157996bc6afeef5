"""A release carries what runs and no developer's tool; what runs imports nothing else."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import ROOT

PIN = re.compile(r"^(\S+==\S+)[^\\]*\\((?:\n    --hash=\S+(?: \\)?)+)", re.MULTILINE)


def _pins(name: str) -> dict[str, str]:
    """Distribution → version and hashes."""
    found = PIN.findall((ROOT / name).read_text(encoding="utf-8"))
    return {canonicalize_name(Requirement(pin).name): f"{pin}{hashes}" for pin, hashes in found}


def _asked(name: str) -> Iterator[Requirement]:
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "-c ")):
            yield Requirement(line)


OURS = _pins("requirements.txt")
TOOLS = _pins("requirements.dev.txt")


def test_both_lists_have_one_version_and_the_same_files_of_a_package():
    both = OURS.keys() & TOOLS.keys()
    assert both
    assert {name: TOOLS[name] for name in both} == {name: OURS[name] for name in both}


def test_lists_are_what_was_asked_for_with_all_that_it_needs():
    for asked, pinned in (("requirements.in", OURS), ("requirements.dev.in", OURS | TOOLS)):
        left, seen = list(_asked(asked)), set()
        while left:
            one = left.pop()
            name, extras = canonicalize_name(one.name), frozenset(one.extras)
            assert name in pinned, f"make requirements: {asked} needs {name}"
            if (name, extras) in seen:
                continue
            seen.add((name, extras))
            for text in metadata.requires(name) or []:
                needs = Requirement(text)
                if not needs.marker or any(needs.marker.evaluate({"extra": e}) for e in extras or {""}):
                    left.append(needs)


def test_no_tool_of_a_developer_is_in_a_release():
    assert not OURS.keys() & {"hypothesis", "mypy", "pytest", "ruff", "schemathesis", "uv"}


def test_what_runs_imports_nothing_but_what_a_release_carries():
    """In functions, too: they are called some day."""
    of = metadata.packages_distributions()
    lacking = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in _product()
        for module in _imported(path)
        if not any(canonicalize_name(name) in OURS for name in of.get(module, ["?"]))
    }
    assert lacking == set()


def _product() -> list[Path]:
    """Modules of the packages that the product's wheel holds."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = settings["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {name.split(".")[0].removesuffix("*") for name in names}
    found = [path for name in packages for path in (ROOT / name).rglob("*.py")]
    assert len(found) > 300
    return found


def _imported(path: Path) -> Iterator[str]:
    """Packages of others."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )  # fmt: skip
        for name in names:
            first = name.split(".")[0]
            if first not in sys.stdlib_module_names and not (ROOT / first).is_dir():
                yield first
