"""`csdl schemas`, `csdl rules`, `csdl docs` on the command line."""

import json

import pytest
from click.testing import CliRunner

from cli.main import main
from tests import new_record


def run(*arguments: str):
    return CliRunner().invoke(main, arguments)


def test_the_list_has_record_types_and_contracts_with_fields_and_versions():
    listed = {row["name"]: row for row in json.loads(run("schemas", "list", "--json").stdout)}
    assert {n: listed[n]["fields"] for n in ("TruongHoc", "LopHoc", "HocSinh", "CanBo")} == {
        "TruongHoc": 58,
        "LopHoc": 44,
        "HocSinh": 115,
        "CanBo": 157,
    }
    assert listed["HocSinh"]["versions"] == [1]
    assert listed["PushClosed"]["kind"] == "event"
    assert listed["HocSinhReported"]["ids"][0] >= 190_001
    assert "HocSinhReported" in run("schemas", "list").output


def test_freezing_what_has_not_changed_says_so():
    result = run("schemas", "freeze")
    assert result.exit_code == 0
    assert "no contract changed" in result.output


def test_an_incompatible_change_is_one_line_a_language_with_its_code(tmp_path, monkeypatch):
    home = new_record.add(tmp_path / "schemas", monkeypatch)
    path = home / "events" / "PushClosed.avsc"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["fields"].append({"name": "More", "type": "int"})
    path.write_text(json.dumps(schema), encoding="utf-8")
    result = run("schemas", "freeze")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert len(lines) == 2 and all(line.startswith("SCH-001") and ".More" in line for line in lines)


def test_publishing_to_nowhere_is_one_line_a_language_with_its_code():
    result = run("schemas", "publish", "--registry", "http://127.0.0.1:1/apis/ccompat/v7")
    assert result.exit_code != 0
    assert [line.split()[0] for line in result.output.splitlines()] == ["REG-001", "REG-001"]


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://127.0.0.1/x"])
def test_an_address_that_is_none_is_said_so(url):
    result = run("schemas", "publish", "--registry", url)
    assert result.exit_code != 0
    assert result.output.startswith("REG-001")


def test_rules_are_listed_with_both_messages():
    listed = json.loads(run("rules", "--json").stdout)
    rule = next(r for r in listed if r["id"] == "HS-201")
    assert rule["fields"] == ["MaHocSinh"]
    assert rule["message_vi"] and rule["message_en"]
    assert "HS-315" in run("rules").output


def test_documents_are_checked_without_being_written():
    assert run("docs", "--check").exit_code == 0
