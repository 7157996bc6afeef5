"""The bench: its pupils are as dirty as it says, and of several rounds the least is quoted."""

from pathlib import Path

import polars as pl
import pytest

from bench import figures, files, flat, gateway, row_by_row, whole_year
from bench.records import PUPILS_A_SCHOOL, class_of, pupils, schools
from bench.whole_year import UNCOUNTED, Played, Week
from producers import files as reader
from producers.model import Target
from producers.synthetic import province
from runtime.settings import Settings
from schemas.rules import catalogue

FIRST = 5_000_010 // PUPILS_A_SCHOOL * PUPILS_A_SCHOOL  # far behind what any bench takes
COUNT = 4 * PUPILS_A_SCHOOL


def findings(records: pl.DataFrame, classes: bool) -> pl.DataFrame:
    """(rule, severity) of all that the stream and the check would say."""
    codes = schools(COUNT, FIRST)
    frames = {"HocSinh": of_datasets([(c, r) for c, r in zip(codes, parts(records), strict=True)])}
    if classes:
        frames["LopHoc"] = of_datasets([(c, class_of(c)) for c in codes])
    return catalogue.violations_of_version(frames, skip=None).group_by("rule", "severity").len()


def parts(records: pl.DataFrame) -> list[pl.DataFrame]:
    return list(records.iter_slices(PUPILS_A_SCHOOL))


def of_datasets(some: list[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    return pl.concat(r.with_columns(dataset_id=pl.lit(f"{c}.2019.start")) for c, r in some)


def test_dirty_pupils_have_three_findings_each():
    found = findings(pupils(COUNT, FIRST), classes=False)
    assert sorted(found.rows()) == [("HS-502", "block", 2 * COUNT), ("HS-509", "warn", COUNT)]


def test_of_clean_pupils_one_in_25_is_warned_and_nothing_else_is_found():
    found = findings(pupils(COUNT, FIRST, clean=True), classes=True)
    warned = sum(n % 25 == 0 for n in range(FIRST, FIRST + COUNT))
    assert found.rows() == [("HS-207", "warn", warned)]


def test_a_slice_of_pupils_is_those_of_the_whole():
    whole = pupils(3 * PUPILS_A_SCHOOL)
    assert pupils(PUPILS_A_SCHOOL, 2 * PUPILS_A_SCHOOL).equals(whole.tail(PUPILS_A_SCHOOL))
    assert schools(PUPILS_A_SCHOOL, 2 * PUPILS_A_SCHOOL) == schools(whole.height)[2:]


def lane(rate: float, cost: float, seconds: float = 1.0) -> dict[str, float]:
    return {"records_per_s": rate, "cpu_s_per_million": cost, "seconds": seconds}


def test_each_ratio_is_of_its_own_round_and_the_least_is_quoted():
    rounds = [
        {
            "bare": lane(100, 20),
            "rival": lane(50, 40),
            "stored": lane(80, 45),
            "checked_dirty": lane(30, 90),
            "checked_clean": lane(60, 70),
            "burst_dirty": lane(1, 1, 3.5),
            "burst_clean": lane(1, 1, 3.0),
        },
        {
            "bare": lane(50, 22),
            "rival": lane(20, 50),
            "stored": lane(30, 47),
            "checked_dirty": lane(25, 80),
            "checked_clean": lane(40, 75),
            "burst_dirty": lane(1, 1, 3.2),
            "burst_clean": lane(1, 1, 4.1),
        },
    ]
    quoted = figures.quoted(rounds)
    assert quoted["ratio_to_bare"] == 0.6  # not 30 of 100
    assert quoted["ratio_to_rival"] == 1.5
    assert quoted["ratio_checked_dirty_to_bare"] == 0.3
    assert quoted["ratio_checked_clean_to_bare"] == 0.6
    assert quoted["ratio_checked_to_bare"] == 0.3
    assert quoted["stored_cpu_s_per_million"] == 47
    assert quoted["checked_cpu_s_per_million"] == 90
    assert quoted["burst_s"] == 4.1


def test_with_each_version_a_fiftieth_changes_and_some_are_away_for_a_while():
    school = pupils(PUPILS_A_SCHOOL)
    before = school
    for version in range(2, 21):
        now = flat.of_version(school, version)
        both = before.join(now, on="ClientId", how="inner", suffix="_now")
        changed = both.filter(pl.col(flat.PHONE) != pl.col(f"{flat.PHONE}_now")).height
        assert 0 < changed <= PUPILS_A_SCHOOL // flat.CHANGED + 1, version
        away = school.height - now.height
        assert away == (flat.leavers(school).height if version in flat.AWAY else 0), version
        before = now
    assert 0 < flat.leavers(school).height < 0.1 * PUPILS_A_SCHOOL  # more would wait for the school's word


def test_blocks_lead_to_their_marks():
    sizes = flat.blocks((1_000_000, 200_000))
    assert [len(some) for some in sizes] == [1, 4]
    assert all(size % PUPILS_A_SCHOOL == 0 for some in sizes for size in some)
    assert 0 <= sum(map(sum, sizes)) - 1_000_000 < PUPILS_A_SCHOOL


def test_a_list_goes_row_by_row_as_many_as_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, path = files.pupils_listed(30, tmp_path)
    target = Target(files.VENDOR, plan.code, files.YEAR, "1")
    sent: list[bytes] = []

    class Producer:
        def __init__(self, **_: object) -> None: ...
        def send(self, _: str, *, key: bytes, value: bytes) -> None:
            sent.append(value)

        def flush(self) -> None: ...
        def close(self) -> None: ...

    monkeypatch.setattr(row_by_row, "KafkaProducer", Producer)
    assert row_by_row.push(Settings(bootstrap_servers="127.0.0.1:9"), path, target) == 30
    assert len(set(sent)) == 30
    (table,) = reader.read([path], target).tables
    assert (table.records.height, table.count) == (30, 30)


@pytest.mark.parametrize("number", [1, gateway.PUPILS])
def test_a_packet_that_is_pushed_over_http_has_as_many_pupils_as_it_says(number):
    plan = province.plan(gateway.SEED)[0]
    target = Target("smas", plan.code, gateway.YEAR, str(gateway.KIND))
    read = reader.read_contents([("packet.json", gateway.packet(plan, number))], target)
    assert [t.count for t in read.tables if t.record_type == "HocSinh"] == [number]


def test_the_end_of_a_year_stands_beside_its_beginning():
    weeks = [
        Week(100.0 + (50 if n >= 10 else 0), 1000.0, 2.0, 10.0 + n, 5.0 + 2 * n, {"load": 100.0 + n})
        for n in range(UNCOUNTED + 10)
    ]
    found = whole_year.figures(Played(weeks, [1.5]))
    assert found["push_alone_ms"] == {"first": 100.0, "last": 150.0, "ratio": 1.5}
    assert (found["kafka_mb_a_week"], found["database_mb_a_week"]) == (1.0, 2.0)
    assert found["memory"]["load"] == {"first_mb": 103.0, "last_mb": 112.0, "a_week_mb": 1.0}
