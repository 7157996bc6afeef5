"""A client that was written by a released description goes on working: what would break it is named in the
changelog, or not done."""

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from producers.gateway import app, openapi
from producers.gateway.api_changes import breaking

DOCS = Path(__file__).parents[3] / "docs"


def released(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Version → its description."""
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in folder.glob("*.yaml")}


def unsaid(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Any], changelog: str) -> list[str]:
    """What would break a client of a released description and is not named since, each with its version.

    A break is named by its own line in the section of a later version.
    """
    sections = dict(re.findall(r"^### (\S+)\n(.*?)(?=^### |\Z)", changelog, re.MULTILINE | re.DOTALL))
    return [
        f"{version}: {line}"
        for version, document in old.items()
        for line in breaking(document, new)
        if not any(number(said) > number(version) and line in text for said, text in sections.items())
    ]


def number(version: str) -> tuple[int, ...]:
    """1.10.0 comes after 1.9.0."""
    return tuple(map(int, version.split(".")))


def faults(folder: Path, new: Mapping[str, Any], changelog: str) -> list[str]:
    """All that speaks against the description as it is."""
    old = released(folder)
    found = unsaid(old, new, changelog)
    found += [
        f"{v}: says that it is {d['info']['version']}" for v, d in old.items() if d["info"]["version"] != v
    ]
    version = new["info"]["version"]
    if version in old and old[version] != new:
        found.append(f"{version}: is released and has changed: raise VERSION")
    if not re.search(rf"^### {re.escape(version)}$", changelog, re.MULTILINE):
        found.append(f"{version}: is not in the changelog")
    return found


def test_no_client_of_a_released_description_is_broken_unsaid():
    changelog = (DOCS / "api.md").read_text(encoding="utf-8")
    assert faults(DOCS / "openapi" / "released", app.description(), changelog) == []


@pytest.fixture
def folder(tmp_path):
    """The description as it is now, released as 1.0.0."""
    (tmp_path / "1.0.0.yaml").write_text(openapi.render(of_version("1.0.0")), encoding="utf-8")
    return tmp_path


def of_version(version: str) -> dict[str, Any]:
    document = copy.deepcopy(app.description())
    document["info"]["version"] = version
    return document


def test_what_is_released_and_has_not_changed_is_no_fault(folder):
    assert faults(folder, of_version("1.0.0"), "### 1.0.0\n") == []


def test_a_break_fails_until_the_changelog_of_a_later_version_names_it(folder):
    mended = of_version("1.1.0")
    del mended["paths"]["/v1/rules"]
    line = "GET /v1/rules: removed"
    assert faults(folder, mended, "### 1.1.0\n### 1.0.0\n") == [f"1.0.0: {line}"]
    assert faults(folder, mended, f"### 1.1.0\n\n### 1.0.0\n- {line}\n") == [f"1.0.0: {line}"]
    assert faults(folder, mended, f"### 1.1.0\n- {line}\n\n### 1.0.0\n") == []


def test_a_released_description_is_not_changed_under_its_number(folder):
    same = of_version("1.0.0")
    same["paths"]["/v1/rules"]["get"]["summary"] = "Nói khác — said otherwise"
    assert faults(folder, same, "### 1.0.0\n") == ["1.0.0: is released and has changed: raise VERSION"]


def test_a_version_has_its_section_in_the_changelog(folder):
    assert faults(folder, of_version("1.1.0"), "### 1.0.0\n") == ["1.1.0: is not in the changelog"]


def test_a_copy_under_another_number_is_a_fault(folder):
    (folder / "1.0.0.yaml").rename(folder / "0.9.0.yaml")
    assert faults(folder, of_version("1.1.0"), "### 1.1.0\n") == ["0.9.0: says that it is 1.0.0"]
