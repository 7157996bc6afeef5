"""`csdl push` on a real Kafka and PostgreSQL: from the vendor's files to the answer on the command line."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection

from producers import files
from producers.lists.values import WITHOUT_GRADES
from producers.model import Target
from producers.synthetic import province
from producers.synthetic.write import write, write_register
from runtime.settings import Settings
from tests.integration.command_line import answer, csdl
from tests.integration.push_report import report_by_cell
from tests.integration.test_validation import grant
from tests.organisation import put_units
from tests.support import wait_until

YEAR = 2019


@pytest.fixture
def school(settings: Settings, tmp_path: Path) -> Iterator[tuple[Settings, Target, list[Path]]]:
    """A made-up vnEdu school, of grades, with a grant: settings, target and files."""
    some = province.choose(province.plan(3), 40, 3)
    plans = [s for s in some if s.vendor == "vnedu" and s.level not in WITHOUT_GRADES]
    chosen = min(plans, key=lambda s: s.pupils)
    ours = settings.model_copy(update={"register_file": tmp_path / "register.csv"})
    write_register(ours.register_file, [chosen])
    put_units(ours)
    ((_, paths),) = list(write(tmp_path, [chosen], 3))
    grant(ours, chosen.vendor, chosen.code)
    yield ours, Target(chosen.vendor, chosen.code, YEAR, "1"), list(paths)


def test_a_push_and_what_became_of_it(
    school: tuple[Settings, Target, list[Path]],
    run_process: Callable[..., Any],
    conn: connection,
    tmp_path: Path,
) -> None:
    settings, target, paths = school
    told = ("--vendor", target.vendor, "--school", target.school, "--year", str(YEAR), *map(str, paths))
    sent = sum(t.count for t in files.read(paths, target).tables)
    spoiled = _spoil(paths)
    with run_process("validation", settings) as validation, run_process("load", settings) as load:
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
        _four_are_two_and_two(settings, target, paths, validation, load)
        report_by_cell(settings, target, conn, tmp_path)


def _four_are_two_and_two(
    settings: Settings, target: Target, paths: list[Path], validation: Any, load: Any
) -> None:
    """Records are counted, not their faults: by preflight, push, answer, database and metrics."""
    path = _four(paths)
    told = (
        "--vendor",
        target.vendor,
        "--school",
        target.school,
        "--year",
        str(YEAR),
        "--kind",
        "2",
        str(path),
    )
    before = _counted(validation, load)
    code, foreseen = csdl(settings, "preflight", *told)
    assert (code, foreseen["records"]) == (1, {"CanBo": 4})
    assert (foreseen["accepted"], foreseen["refused"]) == (2, 2)
    refused = [f for f in foreseen["findings"] if f["verdict"] == "refused"]
    for outcome, written, unchanged in (("version", 2, 0), ("unchanged", 0, 2)):
        code, receipt = csdl(settings, "push", *told)
        assert (code, receipt["records"]) == (0, {"CanBo": 4})
        (rows,) = receipt["rows"]
        assert (rows["rows"], rows["records"], rows["left_out"]) == (4, 4, {})
        said = answer(settings, receipt["push_id"])
        (push,) = said["pushes"]
        assert (push["outcome"], push["received"], push["accepted"], push["refused"]) == (outcome, 4, 2, 2)
        assert push["written"] == written
        assert sorted((r["row"], r["rule"], ", ".join(r["fields"])) for r in said["refused"]) == sorted(
            (f["row"], f["rule"], f["fields"]) for f in refused
        )
        assert len(said["refused"]) == 6 and len({r["row"] for r in said["refused"]}) == 2
        expected = {"accepted": 2, "refused": 2, "written": written, "unchanged": unchanged}
        wait_until(partial(_have_counted, before, expected, validation, load))
        before = _counted(validation, load)


def _four(paths: list[Path]) -> Path:
    """Four staff; one with three cells that say nothing, one that breaks three rules."""
    (path,) = [p for p in paths if p.suffix == ".json"]
    packet = json.loads(path.read_bytes())
    members = [m for m in packet["LstCanBo"] if m["LoaiCanBo"] != 4][:4]
    members[1] |= {"LoaiCanBo": 4, "NgaySinh": "x", "HeSo": "x"}
    members[3] |= {"TenCanBo": None, "MaNgach": None, "BacLuong": None}
    header = {"MaTruongHoc": packet["MaTruongHoc"], "NamHoc": packet["NamHoc"], "LoaiDongBo": 2}
    four = path.with_name("four.json")
    four.write_text(json.dumps({**header, "LstCanBo": members}, ensure_ascii=False), encoding="utf-8")
    return four


def _counted(validation: Any, load: Any) -> Counter[str]:
    """csdl_records_total by outcome, of both stages: what one has refused the other never had."""
    text = validation.metrics() + load.metrics()
    found = re.findall(r'csdl_records_total{outcome="(\w+)",stage="(?:validation|load)"} ([0-9.]+)', text)
    counts: Counter[str] = Counter()
    for outcome, n in found:
        counts[outcome] += int(float(n))
    return counts


def _have_counted(before: Counter[str], due: dict[str, int], validation: Any, load: Any) -> bool:
    now = _counted(validation, load)
    return {outcome: now[outcome] - before[outcome] for outcome in due} == due


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
