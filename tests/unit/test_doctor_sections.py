"""What the doctor's sections find, without servers."""

from pathlib import Path

from doctor import settings, surroundings
from doctor.chains import Last, compare
from runtime.settings import Settings

ENDS = {"a": Last(3, "h3", 0), "b": Last(5, "h5", 1)}


def found(known, waiting=(), again=ENDS):
    return [f.problem.code for f in compare("projection", ENDS, known, set(waiting), lambda: again)]


def test_a_reader_that_knows_the_same_last_events_agrees():
    assert found({"a": Last(3, "h3"), "b": Last(5, "h5")}) == []


def test_a_reader_that_knows_more_than_kafka_says_so():
    """Kafka restored from an older copy: all was ready, and the chain held."""
    assert found({"a": Last(4, "h4"), "b": Last(5, "h5")}) == ["DOC-001"]
    assert found({**ENDS, "c": Last(1, "h")}) == ["DOC-001"]


def test_another_event_of_the_same_number_is_a_fork():
    assert found({"a": Last(3, "other"), "b": Last(5, "h5")}) == ["DOC-002"]


def test_an_event_that_was_decided_while_we_looked_is_no_finding():
    later = {"a": Last(4, "h4", 0)}
    assert found({"a": Last(4, "h4"), "b": Last(5, "h5")}, again=later) == []


def test_a_reader_that_is_behind_agrees_while_events_wait_for_it():
    behind = {"a": Last(2, "h2"), "b": Last(5, "h5")}
    assert found(behind, waiting=[0]) == []
    assert found(behind, waiting=[1]) == ["DOC-003"]
    assert found({}, waiting=[0, 1]) == []


def test_a_disk_without_room_needs_a_hand():
    gib = 1024**3
    assert surroundings.room(Path("/data"), 100 * gib, 50 * gib) is None
    for total, free in ((100 * gib, 1 * gib), (1000 * gib, 40 * gib)):
        problem = surroundings.room(Path("/data"), total, free)
        assert problem is not None and problem.code == "DOC-005" and "/data" in str(problem)


def test_a_setting_whose_name_is_mistyped_is_named(monkeypatch):
    monkeypatch.setenv("CSDL_SCHOOL_YEAR", "[2020]")
    findings = list(settings.section(Settings()))
    assert [(f.problem.code, f.problem.params["name"]) for f in findings] == [("DOC-006", "CSDL_SCHOOL_YEAR")]
