"""The demonstration judged: its accounts notice what is lost and doubled, its officers act in turn."""

from collections import Counter
from pathlib import Path

import pytest

from access.accounts.account import Role
from demo import accounts, cast
from demo.accounts import Tally
from demo.office import usual_act
from demo.staff import role_of
from demo.stories import Story
from producers.synthetic import province, scenarios, school, write
from streams.confirmation.commands import Act
from streams.confirmation.state import Stage, State

A, B = ("HocSinh", "a"), ("HocSinh", "b")


@pytest.mark.parametrize(
    ("in_files", "held", "refused", "expected"),
    [
        ({A: 1, B: 1}, {A: 1, B: 1}, {}, Tally(2, accepted=2)),
        ({A: 1, B: 1}, {A: 1}, {B: 1}, Tally(2, accepted=1, refused=1)),
        ({A: 1, B: 1}, {A: 1}, {}, Tally(2, accepted=1, lost=1)),
        ({A: 1}, {A: 2}, {}, Tally(1, accepted=1, doubled=1)),
        ({A: 1}, {A: 1}, {A: 1}, Tally(1, accepted=1, doubled=1)),
        ({A: 1}, {}, {A: 2}, Tally(1, refused=1, doubled=1)),
        ({A: 2}, {A: 1}, {A: 1}, Tally(2, accepted=1, refused=1)),
        ({A: 2}, {A: 1}, {}, Tally(2, accepted=1, lost=1)),
    ],
)
def test_accounts_notice_what_is_lost_and_doubled(in_files, held, refused, expected):
    assert accounts.compare(Counter(in_files), Counter(held), Counter(refused)) == expected


@pytest.mark.parametrize("vendor", ["smas", "vnedu"])
def test_the_records_of_a_push_are_counted_from_its_files(vendor, tmp_path: Path):
    plan = next(p for p in province.choose(province.plan(3), 30, 3) if p.vendor == vendor)
    made = school.make(plan, 3)
    found = accounts.records_in(write.save(tmp_path, write.files(made)))
    assert found[("TruongHoc", "")] == 1
    assert {n for n, _ in found} == set(made.frames)
    for name in ("LopHoc", "HocSinh", "CanBo"):
        ids = {client_id: n for (t, client_id), n in found.items() if t == name}
        assert ids == dict.fromkeys(made.frames[name]["ClientId"], 1)


def test_a_repeated_client_id_is_two_records_of_one_key(tmp_path: Path):
    plan = next(p for p in province.choose(province.plan(3), 30, 3) if p.vendor == "smas")
    made = school.make(plan, 3)
    variant = scenarios.duplicate_client_id(made)
    found = accounts.records_in(write.save(tmp_path, variant.contents))
    assert found[("HocSinh", made.frames["HocSinh"]["ClientId"][0])] == 2
    assert found.total() == sum(f.height for f in made.frames.values())


@pytest.mark.parametrize(("schools", "seed"), [(15, 1), (30, 1), (30, 2), (760, 5)])
def test_every_part_has_a_school_of_its_own(schools, seed):
    chosen = province.choose(province.plan(seed), schools, seed)
    parts = vars(cast.choose(chosen))
    assert len({p.code for p in parts.values()}) == len(parts)
    assert parts["direct"].direct and not parts["returned"].direct


def test_too_small_a_province_has_no_cast():
    with pytest.raises(ValueError, match="no school"):
        cast.choose(province.choose(province.plan(1), 3, 1))


def state(stage: Stage, level: int = 0, **more: object) -> State:
    route = ("164", "19")
    known = {"route": route, "version": 1, "digest": "d"} | more
    return State("19164501.2019.start", "19164501", 2019, "start", state=stage, level=level, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stage", "level", "act", "unit", "role"),
    [
        (Stage.CHECKED, 0, Act.SUBMIT, "19164501", Role.SCHOOL_HEAD),
        (Stage.RECALLED, 0, Act.SUBMIT, "19164501", Role.SCHOOL_HEAD),
        (Stage.SUBMITTED, 0, Act.CLAIM, "164", Role.DISTRICT_OFFICER),
        (Stage.CLAIMED, 0, Act.CONFIRM, "164", Role.DISTRICT_OFFICER),
        (Stage.CONFIRMED, 1, Act.CLAIM, "19", Role.DEPARTMENT_OFFICER),
        (Stage.CLAIMED, 1, Act.APPROVE, "19", Role.DEPARTMENT_OFFICER),
        (Stage.APPROVED, 1, Act.FORWARD, "19", Role.DEPARTMENT_OFFICER),
    ],
)
def test_the_unit_whose_turn_it_is_acts(stage, level, act, unit, role):
    command = usual_act(state(stage, level))
    assert command is not None
    assert (command.act, command.unit, role_of(command)) == (act, unit, role)
    assert (command.body["version"], command.body["digest"]) == (1, "d")


@pytest.mark.parametrize("stage", [Stage.COLLECTING, Stage.RETURNED, Stage.FORWARDING, Stage.ACCEPTED])
def test_nobody_acts_while_others_must(stage):
    assert usual_act(state(stage)) is None


def test_a_head_does_not_submit_what_has_blocking_findings():
    assert usual_act(state(Stage.CHECKED, counts={"blocking": 1})) is None


def test_a_head_acknowledges_warnings_in_words():
    command = usual_act(state(Stage.CHECKED, counts={"warnings": 1}))
    assert command is not None and command.body["reason"]


def test_a_story_is_as_expected_only_word_for_word():
    assert Story("x", "2 refused", "2 refused").ok
    assert not Story("x", "2 refused", "1 refused").ok
