"""`csdl push` on a real Kafka and PostgreSQL: from the vendor's files to the answer on the command line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from producers import files
from producers.model import Target
from producers.synthetic import province
from producers.synthetic.write import write, write_register
from runtime.settings import Settings
from tests.integration.command_line import answer, csdl
from tests.integration.test_validation import grant
from tests.organisation import put_units

YEAR = 2019


@pytest.fixture
def school(settings: Settings, tmp_path: Path) -> Iterator[tuple[Settings, Target, list[Path]]]:
    """A made-up vnEdu school with a grant: settings, target and files."""
    plans = [s for s in province.choose(province.plan(3), 40, 3) if s.vendor == "vnedu"]
    chosen = min(plans, key=lambda s: s.pupils)
    ours = settings.model_copy(update={"register_file": tmp_path / "register.csv"})
    write_register(ours.register_file, [chosen])
    put_units(ours)
    ((_, paths),) = list(write(tmp_path, [chosen], 3))
    grant(ours, chosen.vendor, chosen.code)
    yield ours, Target(chosen.vendor, chosen.code, YEAR, "1"), list(paths)


def test_a_push_and_what_became_of_it(
    school: tuple[Settings, Target, list[Path]], run_process: Callable[..., Any]
) -> None:
    settings, target, paths = school
    told = ("--vendor", target.vendor, "--school", target.school, "--year", str(YEAR), *map(str, paths))
    sent = sum(t.count for t in files.read(paths, target).tables)
    spoiled = _spoil(paths)
    with run_process("validation", settings), run_process("load", settings):
        code, receipt = csdl(settings, "push", *told)
        assert code == 0
        assert sum(receipt["records"].values()) == sent
        said = answer(settings, receipt["push_id"])
        (push,) = said["pushes"]
        assert (push["outcome"], push["version"], push["received"]) == ("version", 1, sent)
        assert push["accepted"] + push["refused"] == sent
        assert push["refused"] == spoiled == len({(r["record_type"], r["row"]) for r in said["refused"]})
        assert [r["rule"] for r in said["refused"]] == ["CELL-101"] * spoiled
        assert all(r["message_vi"] and r["message_en"] and r["fields"] for r in said["refused"])

        again = csdl(settings, "push", *told, "--push-id", receipt["push_id"])[1]
        fresh = csdl(settings, "push", *told)[1]
        assert again["push_id"] == receipt["push_id"] != fresh["push_id"]
        assert answer(settings, fresh["push_id"])["pushes"][0]["outcome"] == "unchanged"
        assert {p["push_id"]: p["outcome"] for p in csdl(settings, "pushes")[1]} == {
            receipt["push_id"]: "version",
            fresh["push_id"]: "unchanged",
        }


def _spoil(paths: list[Path]) -> int:
    """Give some staff a kind that no map holds; how many."""
    (path,) = [p for p in paths if p.suffix == ".json"]
    packet = json.loads(path.read_bytes())
    spoiled = packet["LstCanBo"][:3]
    for member in spoiled:
        member["LoaiCanBo"] = 4
    path.write_text(json.dumps(packet, ensure_ascii=False), encoding="utf-8")
    return len(spoiled)


def test_a_push_that_nobody_knows(settings: Settings) -> None:
    code, told = csdl(settings, "push-status", "11111111-1111-4111-8111-111111111111")
    assert (code, told["problems"][0]["code"]) == (1, "SEND-002")
