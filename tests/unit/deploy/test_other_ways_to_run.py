"""What stands in the systemd units, and what `up` starts, agrees with the code's own tables."""

import json
import re
import shlex
from pathlib import Path

import pytest

from deploy import processes
from deploy.local import layout, stack, supervisor
from deploy.processes import NAMES, Sharing
from runtime.environment import ENVIRONMENT
from runtime.process import Process, Share
from runtime.settings import Settings
from schemas import topics
from schemas.errors import ProblemList
from schemas.topics import PARTITIONS
from sinks.watch.readers import readers

DEPLOY = Path(layout.__file__).parents[1]
UNITS = DEPLOY / "systemd"


@pytest.mark.parametrize("declared", processes.TABLE, ids=lambda declared: declared.name)
def test_every_process_has_the_one_form(declared: processes.Declared) -> None:
    made = declared.make(Settings(), Share())
    assert isinstance(made, Process)
    assert made.label == declared.name


@pytest.mark.parametrize("declared", processes.TABLE, ids=lambda declared: declared.name)
def test_as_many_run_as_the_setting_says(declared: processes.Declared) -> None:
    settings = Settings(instances={declared.name: 2})
    if declared.sharing is Sharing.SINGLE:
        with pytest.raises(ProblemList, match="SYS-008"):
            processes.instances(settings)
        return
    labels = [i.label for i in processes.instances(settings)]
    assert len(labels) == len(NAMES) + 1
    for number in (1, 2):
        label = f"{declared.name}-{number}"
        assert label in labels
        found = processes.instance(settings, label)
        assert (found.declared, found.share) == (declared, Share(number, 2))
        assert found.declared.make(settings, found.share).label == label
    assert processes.instance(settings, declared.name).share.number == 1


@pytest.mark.parametrize("asked", [{"load": 0}, {"load": PARTITIONS + 1}, {"laod": 2}])
def test_a_number_that_cannot_be_is_refused(asked: dict[str, int]) -> None:
    with pytest.raises(ProblemList, match="SYS-008"):
        processes.instances(Settings(instances=asked))


@pytest.mark.parametrize("name", ["laod", "load-2", "load-x", "watch-2"])
def test_a_process_that_is_not_asked_for_is_refused(name: str) -> None:
    with pytest.raises(ProblemList, match="SYS-007"):
        processes.instance(Settings(), name)


def test_what_reads_a_topic_is_watched_and_what_is_watched_is_declared() -> None:
    watched = {(r.stage, topic) for r in readers(["VENDOR"]) for topic in r.topics}
    compacted = {topics.GRANTS_STATE, topics.ORGANISATION_STATE}
    declared = {(d.name, topic) for d in processes.TABLE for topic in d.inputs if topic not in compacted}
    # Its position is in its checkpoints: their age is measured.
    assert watched == {(name, topic) for name, topic in declared if name != "checkpoints"}


def test_every_topic_named_exists() -> None:
    known = {t.name for t in topics.topics(["VENDOR"])}
    assert {topic for d in processes.TABLE for topic in (*d.inputs, *d.outputs)} <= known


def test_no_two_ports_of_a_stack_are_the_same() -> None:
    assert len(set(layout.OFFSETS.values())) == len(layout.OFFSETS)


def test_the_unit_starts_a_process_in_the_environment_that_the_table_says() -> None:
    unit = (UNITS / "csdl@.service").read_text(encoding="utf-8")
    said = [pair for line in re.findall(r"^Environment=(.*)$", unit, re.MULTILINE) for pair in line.split()]
    told = dict(pair.split("=", 1) for pair in said)
    assert told == ENVIRONMENT | {"CSDL_DATA_DIR": "/var/lib/csdl/%i"}


def test_up_starts_a_process_in_the_environment_that_the_table_says(tmp_path: Path) -> None:
    """What somebody has said goes before it."""
    asked = {"POLARS_MAX_THREADS": "4", "HOME": "/home/somebody"}
    environment = supervisor.environment(layout.Stack(tmp_path), asked)
    assert environment["POLARS_MAX_THREADS"] == "4"
    assert ENVIRONMENT.items() <= (environment | {"POLARS_MAX_THREADS": "1"}).items()


def test_tables_are_migrated_before_each_start() -> None:
    setup = (UNITS / "csdl-setup.service").read_text(encoding="utf-8")
    assert "RemainAfterExit" not in setup, "once active, it would not run again"
    unit = (UNITS / "csdl@.service").read_text(encoding="utf-8")
    for line in ("After", "Wants"):
        assert re.search(rf"^{line}=.*csdl-setup.service", unit, flags=re.MULTILINE)


def test_only_settings_that_exist_are_set() -> None:
    text = (UNITS / "csdl.env.example").read_text(encoding="utf-8")
    names = set(re.findall(r"^ *CSDL_(\w+)[:=]", text, flags=re.MULTILINE))
    assert names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_up_runs_as_many_as_are_asked_for_each_at_its_own_port(tmp_path: Path) -> None:
    it = layout.Stack(tmp_path, 23_000, {"load": 2, "check": 3})
    programs = {p.name: p for p in stack.programs(it)}
    assert {"load-1", "load-2", "check-1", "check-2", "check-3", "watch"} <= set(programs)
    ports = [p.environment["CSDL_HTTP_PORT"] for p in programs.values() if p.environment]
    assert len(set(ports)) == len(ports) == len(NAMES) + 3
    told = dict(re.findall(r"^export (\w+)=(.*)$", programs["load-2"].script(), flags=re.MULTILINE))
    [instances] = shlex.split(told["CSDL_INSTANCES"])
    assert json.loads(instances) == {"load": 2, "check": 3}
    assert programs["load-2"].script().endswith("run load-2\n")


def test_a_new_stack_has_two_loads_an_old_one_what_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CSDL_INSTANCES", raising=False)
    new = layout.asked_for(tmp_path, None)
    assert {"load-1", "load-2"} <= set(new.processes)
    old = layout.Stack(tmp_path / "old", 23_000, {})
    old.data_dir.mkdir()
    old.save()
    assert "load" in layout.asked_for(old.data_dir, None).processes
    monkeypatch.setenv("CSDL_INSTANCES", '{"load":1}')
    assert "load" in layout.asked_for(tmp_path, None).processes


def test_who_starts_some_processes_starts_every_instance_of_them(tmp_path: Path) -> None:
    """The bench starts its own by their names, however many of them the settings ask for."""
    it = layout.Stack(tmp_path, 23_000, {"load": 2, "check": 3})
    assert it.every(["load", "grants"]) == ("grants", "load-1", "load-2")
    assert it.every([]) == ()
    with pytest.raises(ProblemList, match="SYS-007"):
        it.every(["load", "laod"])


def test_a_stack_remembers_how_many_it_runs(tmp_path: Path) -> None:
    layout.Stack(tmp_path, 23_000, {"load": 2}).save()
    assert "load-2" in layout.at(tmp_path).processes


def test_a_number_that_is_none_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSDL_INSTANCES", "load=2")
    with pytest.raises(ProblemList, match="SET-001"):
        layout.instances_asked()
