"""What holds whatever the units do: every reachable state of a small world, and long random stories."""

import random
from functools import cache

import pytest

from streams.confirmation.conditions import REFUSALS, Who
from streams.confirmation.events import evolve
from streams.confirmation.machine import MACHINE
from streams.confirmation.state import UNDER_REVIEW, State
from streams.confirmation.table import TABLE
from streams.machines import chain, wire
from streams.machines.refusal import Refusal
from streams.machines.replay import TakenCommand, replay
from tests.unit.streams.confirmation_steps import CLEAN, DEPARTMENT, DISTRICT, SCHOOL, Story

ROUTES = [(DEPARTMENT,), (DISTRICT, DEPARTMENT), ("164a", DISTRICT, DEPARTMENT)]
NAMES = sorted({row.command.value for row in TABLE} | {"destroy"})
ACTORS = [
    ("system", "system"),
    (SCHOOL, "school_head"),
    ("164a", "district_officer"),
    (DISTRICT, "district_officer"),
    ("165", "district_officer"),
    (DEPARTMENT, "department_officer"),
    (DEPARTMENT, "district_officer"),
    ("ministry", "ministry_adapter"),
]


def words(story, name, actor, versions):
    """All variants of a command by an actor that can matter: versions seen, findings or receipts, reasons."""
    unit, role = actor
    findings = (CLEAN, CLEAN | {"blocking": 1}, CLEAN | {"refused": 1})
    for version in versions:
        for counts in findings if name in ("version_checked", "record_receipts") else (CLEAN,):
            for reason in ("", "DATA_WRONG") if name in ("submit", "return", "lock", "unlock") else ("",):
                yield story.command(
                    name,
                    unit,
                    role,
                    version=version,
                    digest=f"digest-{version}",
                    counts=counts,
                    route=story.route,
                    reason_code=reason,
                    reason_text=reason and "Đã rà soát",
                )


def place(state: State) -> tuple[object, ...]:
    """What distinguishes states but for the ever growing chain."""
    return (state.state, state.level, state.version, tuple(sorted(state.counts.items())), state.held_version,
            tuple(sorted(state.held_counts.items())), state.locked, bool(state.forwarded))  # fmt: skip


@pytest.fixture(scope="module", params=ROUTES, ids=len)
def world(request):
    """Every step from every reachable place of a dataset with two versions: (before, command, outcome)."""
    story = Story(route=request.param)
    seen, waiting, steps = {place(story.state)}, [story.state], []
    while waiting:
        story.state = waiting.pop()
        for name in NAMES:
            for actor in ACTORS:
                for command in words(story, name, actor, (1, 2)):
                    outcome = MACHINE.answer(story.state, command, story.source(command))
                    steps.append((story.state, command, outcome))
                    after = story.state
                    for event in outcome if isinstance(outcome, list) else []:
                        after = evolve(after, event)
                    if place(after) not in seen:
                        seen.add(place(after))
                        waiting.append(after)
    return story.route, steps


def test_every_row_of_the_table_can_be_taken_and_nothing_else(world):
    route, steps = world
    taken = set()
    silent = set()
    for before, command, outcome in steps:
        if outcome == []:
            silent.add((before.state, command.command))
        state = before
        for event in outcome if isinstance(outcome, list) else []:
            taken.add((state.state, event.event, event.state))
            state = evolve(state, event)
    rows = {(r.state, r.event, r.next) for r in TABLE if r.event}
    elsewhere = {r for r in rows if r[1] in ("late_admitted", "rerouted")}  # no window, no other route here
    assert taken <= rows
    assert silent <= (repeats := {(r.state, r.command) for r in TABLE if not r.event and not r.code})
    if len(route) > 1:
        assert taken == rows - elsewhere
        assert silent == repeats


def test_every_refusal_has_a_code_of_the_list_and_changes_nothing(world):
    _, steps = world
    codes = {o.code for _, _, o in steps if isinstance(o, Refusal)}
    assert codes <= set(REFUSALS)


def test_what_is_under_review_never_changes(world):
    _, steps = world
    for before, _, outcome in steps:
        if before.state not in UNDER_REVIEW or isinstance(outcome, Refusal):
            continue
        after = before
        for event in outcome:
            after = evolve(after, event)
        if after.state in UNDER_REVIEW:
            assert (after.version, after.digest, after.counts) == (
                before.version,
                before.digest,
                before.counts,
            )


def test_only_the_unit_whose_turn_it_is_moves_the_dataset_on(world):
    route, steps = world
    for before, command, outcome in steps:
        for event in outcome if isinstance(outcome, list) else []:
            if event.event in ("claimed", "confirmed", "approved", "forwarded"):
                assert command.unit == route[before.level]
                assert (command.version, command.digest) == (before.version, before.digest)


@cache
def random_story(seed: int, length: int = 400) -> Story:
    """The same for all tests: nobody tells it on."""
    rng = random.Random(seed)
    story = Story(route=rng.choice(ROUTES))
    story.open()
    while len(story.commands) < length:
        state = story.state
        if rng.random() < 0.1:  # the bytes of an earlier command, once more
            story.tell(rng.choice(story.commands)[0])
            continue
        if rng.random() < 0.8:
            # What somebody could do here, mostly by the right unit, mostly having seen the right version.
            rare = rng.random() < 0.05
            here = [r for r in TABLE if r.state is state.state and r.event]
            row = rng.choice([r for r in here if rare or r.who is not Who.END] or here)
            if state.locked and rare:
                row = next(r for r in here if r.command == "unlock")
            name = row.command.value
            known = {"turn": state.turn, "last": state.turn, "school": SCHOOL, "end": story.route[-1]}
            unit = (
                "ministry" if row.role == "ministry_adapter" else known.get(row.who, rng.choice(story.route))
            )
            actor = (unit, row.role.value)
        else:
            name, actor = rng.choice(NAMES), rng.choice(ACTORS)
        newest = max(state.version, state.held_version)
        version = (
            newest + rng.choice((0, 1)) if name == "version_checked" else state.version - (rng.random() < 0.1)
        )
        story.tell(rng.choice(list(words(story, name, actor, [version]))))
    return story


@pytest.mark.parametrize("seed", range(40))
def test_a_replay_gives_the_same_events_byte_for_byte(seed):
    first, second = random_story(seed), Story()
    for command, source in first.commands:
        second.tell(command, source)
    assert [wire.to_record(e) for e in first.events] == [wire.to_record(e) for e in second.events]
    assert second.state == first.state
    assert len(first.events) > 50


@pytest.mark.parametrize("seed", range(40))
def test_what_is_on_record_is_enough_to_decide_all_again(seed):
    """Whatever the order in which commands, events and refusals are read: of several topics there is none."""
    story = random_story(seed)
    mixed = random.Random(seed)
    commands = [TakenCommand(source, wire.to_record(c)) for c, source in story.commands]
    refusals = [wire.to_record(r) for r in story.refused]
    mixed.shuffle(commands)
    mixed.shuffle(refusals)
    again = replay(MACHINE, commands, [wire.to_record(e) for e in story.events], refusals)
    assert again.differences == []
    assert again.decided == len(story.commands)
    assert again.states == {story.state.dataset_id: story.state}


@pytest.mark.parametrize("seed", range(40))
def test_no_command_acts_twice(seed):
    acted = [e.command_id for e in random_story(seed).events if e.event != "version_adopted"]
    assert len(acted) == len(set(acted))


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_forwarded_without_each_unit_in_order_having_agreed_to_that_very_version(seed):
    story = random_story(seed)
    agreed: list[tuple[str, int, str]] = []
    forwarded = 0
    for event in story.events:
        match event.event:
            case "submitted" | "returned" | "recalled" | "rerouted":
                agreed = []
            case "confirmed" | "approved":
                agreed.append((event.unit, event.version, event.digest))
            case "unconfirmed":
                agreed.pop()
            case "forwarded":
                forwarded += 1
                assert agreed == [(unit, event.version, event.digest) for unit in story.route]
            case _:
                pass
    assert forwarded or seed != 1


@pytest.mark.parametrize("seed", range(10))
def test_the_chain_holds_and_any_change_breaks_it(seed):
    records = [wire.to_record(e) for e in random_story(seed, 120).events]
    assert chain.breaks("d", records) == []
    middle = len(records) // 2
    assert [b.fault for b in chain.breaks("d", records[:middle] + records[middle + 1 :])] == ["gap"]
    assert [b.fault for b in chain.breaks("d", records[:middle] + records[middle - 1 :])] == ["repeat"]
    changed = [dict(r) for r in records]
    changed[middle]["Unit"] = "somebody else"
    assert [b.fault for b in chain.breaks("d", changed)] == ["hash"]
    changed[middle]["Hash"] = chain.digest(changed[middle])
    assert [b.fault for b in chain.breaks("d", changed)] == ["link"]


def test_the_stories_reach_the_ministry_often_enough_to_mean_something():
    reached = sum(any(e.event == "forwarded" for e in random_story(seed).events) for seed in range(40))
    assert reached >= 20
