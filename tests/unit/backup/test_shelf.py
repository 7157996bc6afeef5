"""Which backups stay, and that half of one is none."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from backup import shelf
from backup.shelf import Every
from schemas.errors import ProblemList

RULE: dict[Every, int] = {"daily": 7, "weekly": 5, "monthly": 12}
BEGIN = datetime(2025, 1, 1, 2, tzinfo=UTC)


def nights(count):
    return [BEGIN + timedelta(days=n) for n in range(count)]


def test_after_two_years_of_nights_days_weeks_and_months_are_kept():
    every = nights(730)
    kept = sorted(shelf.kept(every, RULE))
    assert kept[-7:] == every[-7:]
    assert len(kept) <= 7 + 5 + 12
    assert {f"{at:%Y-%m}" for at in kept} == {f"2026-{month:02}" for month in range(1, 13)}
    assert max(b - a for a, b in pairwise(kept)) <= timedelta(days=31)


def test_what_is_kept_does_not_depend_on_when_it_is_pruned():
    nightly: list[datetime] = []
    for at in nights(400):
        nightly = sorted(shelf.kept([*nightly, at], RULE))
    assert nightly == sorted(shelf.kept(nights(400), RULE))


def test_of_several_in_a_day_the_newest_stays_and_the_newest_of_all_always():
    twice = [BEGIN, BEGIN + timedelta(hours=5)]
    assert shelf.kept(twice, RULE) == {twice[1]}
    assert shelf.kept(twice, {}) == {twice[1]}
    assert shelf.kept([], RULE) == set()


def test_a_backup_has_its_name_only_when_it_is_whole(tmp_path):
    with pytest.raises(OSError, match="full"), shelf.making(tmp_path, "20250101T020000Z") as folder:
        (folder / "file").write_text("half")
        raise OSError("full")
    assert shelf.backups(tmp_path) == []
    assert not list(tmp_path.glob(".unfinished*"))
    (tmp_path / ".unfinished-20250101T020000Z").mkdir()  # of one that was killed
    with shelf.making(tmp_path, "20250102T020000Z") as folder:
        assert shelf.backups(tmp_path) == []
        with pytest.raises(ProblemList) as refused, shelf.making(tmp_path, "20250103T020000Z"):
            pass
        assert [p.code for p in refused.value.problems] == ["BAK-009"]
        (folder / "file").write_text("whole")
    assert [path.name for path in shelf.backups(tmp_path)] == ["20250102T020000Z"]
    assert not list(tmp_path.glob(".unfinished*"))


def test_pruning_removes_what_the_rule_does_not_keep(tmp_path):
    for at in nights(9):
        (tmp_path / shelf.name(at)).mkdir()
    (tmp_path / "somebody's own").mkdir()
    assert shelf.prune(tmp_path, {"daily": 2}) == [shelf.name(at) for at in nights(7)]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_backup_is_found_by_name_path_and_as_the_latest(tmp_path):
    for at in nights(2):
        (tmp_path / shelf.name(at)).mkdir()
    newest = tmp_path / shelf.name(nights(2)[1])
    assert shelf.found(tmp_path, "latest") == shelf.found(tmp_path, newest.name) == newest
    assert shelf.found(tmp_path / "elsewhere", str(newest)) == newest
    with pytest.raises(ProblemList) as refused:
        shelf.found(tmp_path, "20200101T000000Z")
    assert [p.code for p in refused.value.problems] == ["BAK-007"]
