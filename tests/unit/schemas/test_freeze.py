"""Frozen versions: what changes a contract, and what may never change."""

import json
import shutil
from pathlib import Path

import pytest

from schemas.contracts import freeze, versions
from schemas.contracts.compatibility import full_transitive
from schemas.contracts.contracts_folder import contracts_folder


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A province's own copy of the contracts."""
    target = tmp_path / "schemas"
    for name in ("records", "events", "codelists", "versions"):
        shutil.copytree(contracts_folder() / name, target / name)
    shutil.copy(contracts_folder() / "ids.json", target)
    monkeypatch.setenv("CSDL_SCHEMAS", str(target))
    return target


def edit(path: Path, change) -> None:
    schema = json.loads(path.read_text(encoding="utf-8"))
    change(schema)
    path.write_text(json.dumps(schema), encoding="utf-8")


def test_every_contract_is_frozen_as_it_stands():
    """Run `csdl schemas freeze` after changing a contract."""
    assert freeze.changes() == []


def test_ids_are_used_once_and_begin_where_no_registry_has_begun():
    ids = [c.id for versions in versions.contracts().values() for c in versions]
    assert len(set(ids)) == len(ids)
    assert min(ids) == freeze.FIRST_ID


def test_every_earlier_version_is_compatible_with_the_newest():
    for name in versions.contracts():
        *earlier, newest = freeze.versions(name)
        assert full_transitive(newest, earlier) == []


def test_a_doc_or_a_label_changes_no_version(copy: Path):
    def reword(schema):
        schema["fields"][1]["doc"] = "Khác — other"
        schema["fields"][1]["label_vi"] = "Khác"
        schema["fields"][1]["max_length"] = 7

    edit(copy / "records/HocSinh/record.avsc", reword)
    edit(copy / "events/PushClosed.avsc", lambda schema: schema.update(doc="Khác"))
    assert freeze.changes() == []


def test_an_optional_field_makes_a_new_version_of_both_chunks(copy: Path):
    last = max(versions.by_id())
    field = {
        "name": "Moi",
        "type": ["null", "string"],
        "default": None,
        "doc": "Mới — new",
        "label_vi": "Mới",
    }
    more = {"spec_type": "string", "required": "no", "pii": "none"}
    edit(copy / "records/HocSinh/record.avsc", lambda schema: schema["fields"].append({**field, **more}))
    frozen_now = freeze.freeze()
    assert [(c.name, c.version) for c in frozen_now] == [("HocSinhReported", 2), ("HocSinhExported", 2)]
    ids = json.loads((copy / "ids.json").read_text())
    assert ids["HocSinhReported"] == {"1": ids["HocSinhReported"]["1"], "2": last + 1}
    assert freeze.changes() == []


def test_a_field_that_disappears_is_refused_and_nothing_is_written(copy: Path):
    before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    edit(copy / "events/PushClosed.avsc", lambda schema: schema["fields"].pop())
    edit(
        copy / "events/GrantState.avsc",
        lambda s: s["fields"].append({"name": "x", "type": ["null", "int"], "default": None}),
    )
    with pytest.raises(freeze.Incompatible, match=r"PushClosed.*\.Removed"):
        freeze.freeze()
    touched = {copy / "events/PushClosed.avsc", copy / "events/GrantState.avsc"}
    assert {p for p in copy.rglob("*") if p.is_file() and p.read_bytes() != before.get(p)} == touched


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("records/HocSinh/record.avsc", lambda s: s["fields"].insert(3, s["fields"].pop(10))),
        ("records/HocSinh/record.avsc", lambda s: s["fields"].insert(3, {**s["fields"][3], "name": "Moi"})),
        ("records/HocSinh/record.avsc", lambda s: s["fields"].pop(10)),
        ("records/LopHoc/record.avsc", lambda s: lessons(s).insert(0, {**lessons(s)[1], "name": "Moi"})),
    ],
    ids=["moved", "put in between", "taken out", "put in between in a nested list"],
)
def test_a_compatible_change_that_moves_a_field_is_refused_because_hashes_go_by_position(
    copy: Path, path, change
):
    edit(copy / path, change)
    with pytest.raises(freeze.Incompatible, match="new fields go to the end"):
        freeze.changes()


def lessons(schema):
    """Fields of the subjects in a class."""
    listed = next(f for f in schema["fields"] if f["name"] == "DsMonHoc")
    return listed["type"][1]["items"]["fields"]
