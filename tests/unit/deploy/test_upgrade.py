"""From one release to another: in what order, and what stands against going back. Pure."""

import os

import pytest
from alembic.script import ScriptDirectory

from deploy import processes, server_status, upgrade
from deploy.upgrade import Knows, lacking
from deploy.upgrade_order import in_order, order, turns
from runtime.settings import Settings
from schemas import topics as t
from schemas.contracts import versions
from schemas.errors import ProblemList
from sinks.provincial import going_back, schema

EVERY = processes.instances(Settings(instances={"load": 2}))
OURS = Knows(schema.expected(), frozenset(versions.by_id()), frozenset(x.name for x in t.topics(["VENDOR"])))


def test_every_instance_has_its_turn_once():
    order = [each.label for each in in_order(EVERY)]
    assert sorted(order) == sorted(each.label for each in EVERY)
    assert order.index("load-1") < order.index("load-2")


def test_who_reads_comes_before_who_writes():
    order = [each.declared.name for each in in_order(EVERY)]
    for reader, writer in (
        ("load", "validation"),
        ("validation", "gateway"),
        ("feed", "outbox"),
        ("projection", "confirmation"),
        ("export", "confirmation"),
        ("checkpoints", "grants"),
    ):
        assert order.index(reader) < order.index(writer), (reader, writer)


def test_the_order_is_that_of_all_processes_also_where_a_machine_runs_some():
    some = [each for each in EVERY if each.declared.name in ("gateway", "load", "validation")]
    assert [each.label for each in in_order(some)] == ["load-1", "load-2", "validation", "gateway"]
    assert sorted(order()) == sorted(declared.name for declared in processes.TABLE)


def test_a_process_that_is_none_is_named(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ProblemList) as refused:
        upgrade.again(Settings(), "gatewy", print)
    assert [problem.code for problem in refused.value.problems] == ["SYS-007"]


def test_two_start_again_together_where_neither_waits_for_the_other():
    """In the same order; of several of one process, and of two that read each other, one goes on."""
    found = turns(iter(EVERY))
    assert [each for turn in found for each in turn] == in_order(EVERY)
    assert {len(turn) for turn in found} == {1, 2}
    pairs = [{each.declared.name for each in turn} for turn in found if len(turn) == 2]
    for one, other in (
        ("load", "load"),
        ("validation", "gateway"),
        ("gateway", "validation"),
        ("confirmation", "outbox"),
        ("access", "grants"),
    ):
        assert {one, other} not in pairs
    assert all(len(pair) == 2 for pair in pairs), "of one process both"


def test_only_who_is_to_start_again_has_a_turn():
    some = [each for each in EVERY if each.declared.name in ("gateway", "access", "load")]
    found = [[each.label for each in turn] for turn in turns(some)]
    assert found == [["load-1"], ["load-2"], ["gateway", "access"]]


def test_a_release_that_knows_all_lacks_nothing():
    assert lacking(OURS) == {}


def test_what_it_lacks_is_told_by_topic_and_only_of_topics_that_it_reads():
    newest = versions.newest("PushAnswered").id
    older = Knows(OURS.revision, OURS.contracts - {newest}, OURS.topics)
    assert lacking(older) == {t.PUSH_ANSWERS: {newest}}
    assert lacking(Knows(older.revision, older.contracts, older.topics - {t.PUSH_ANSWERS})) == {}


def test_a_vendors_topic_stands_for_all_of_them():
    newest = versions.newest("HocSinhReported").id
    older = Knows(OURS.revision, OURS.contracts - {newest}, OURS.topics)
    assert lacking(older) == {t.in_topic("VENDOR"): {newest}, t.RECORDS_ACCEPTED: {newest}}


def test_each_revision_since_then_says_whether_it_is_used():
    """Without it nobody could go back: the tables of before do not fit the release of before."""
    every = ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()
    since = [script.module for script in every if script.revision >= going_back.FIRST]
    assert since and all(module.USED.startswith("SELECT ") for module in since)


def test_releases_that_are_whole_are_listed(tmp_path):
    for version, whole in (("0.9.0", True), ("0.10.0", False)):
        (folder := tmp_path / "releases" / version).mkdir(parents=True)
        if whole:
            (folder / "release.json").write_text("{}")
    assert upgrade.installed(tmp_path) == ["0.9.0"]


def test_of_several_machines_each_has_its_own(tmp_path, monkeypatch):
    """One that the settings no longer ask for is still named here: it is to be stopped."""
    target = tmp_path / "csdl.target"
    monkeypatch.setattr(server_status, "TARGET", target)
    settings = Settings(instances={"load": 1})
    assert (server_status.named_here(), server_status.runs_here(settings)) == ([], [])
    target.write_text("[Unit]\nWants=csdl@grants.service\nWants=csdl@load-2.service\n")
    assert server_status.named_here() == ["grants", "load-2"]
    assert [each.label for each in server_status.runs_here(settings)] == ["grants"]
