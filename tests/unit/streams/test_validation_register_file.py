"""The register in force follows its file, and is never half a register."""

import os

import pytest

from schemas.errors import ProblemList
from schemas.organisation import schools
from streams.validation.schools_file import LOOK_S, SETTLED_S, RegisterFile, log
from tests.unit.streams.validation_chunks import SCHOOL, TODAY

HEADER = "code,name,level,district,managing_unit,valid_from,valid_to,active\n"
NEW = "19164399"
START = 1_000_000.0


class Clock:
    now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    """The file as it stood long before."""
    path = tmp_path / "register.csv"
    write(path, rows(SCHOOL), START - 1000)
    return path


@pytest.fixture
def reads(monkeypatch):
    """The paths that were read."""
    found = []

    def load(path, load=schools.load):
        found.append(path)
        return load(path)

    monkeypatch.setattr(schools, "load", load)
    return found


@pytest.fixture
def warnings(monkeypatch):
    """The lines that were logged."""
    found = []
    monkeypatch.setattr(log, "warning", lambda text, *args: found.append(text % args))
    return found


def rows(*codes):
    return HEADER + "".join(f"{code},Trường,primary,164,164,2000-01-01,,1\n" for code in codes)


def write(path, text, at):
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))


def knows(schools, code):
    return schools.now().school(code, TODAY) is not None


def test_a_school_that_is_added_counts_without_a_restart(path, clock):
    schools = RegisterFile(path, clock)
    assert not knows(schools, NEW)
    write(path, rows(SCHOOL, NEW), START + 1)
    clock.now += 10
    assert knows(schools, NEW) and knows(schools, SCHOOL)


def test_a_file_put_in_its_place_counts_though_it_is_as_long_and_as_old(path, clock):
    schools = RegisterFile(path, clock)
    other = path.with_name("other.csv")
    write(other, rows(NEW), START - 1000)
    other.replace(path)
    clock.now += LOOK_S
    assert knows(schools, NEW) and not knows(schools, SCHOOL)


def test_a_file_that_did_not_change_is_not_read_again(path, clock, reads):
    schools = RegisterFile(path, clock)
    for _ in range(5):
        clock.now += LOOK_S
        schools.now()
    assert reads == [path]


def test_the_file_is_looked_at_once_a_second_at_most(path, clock, reads):
    schools = RegisterFile(path, clock)
    write(path, rows(SCHOOL, NEW), START - 500)
    clock.now += LOOK_S / 2
    assert not knows(schools, NEW)
    clock.now += LOOK_S / 2
    assert knows(schools, NEW)
    assert reads == [path, path]


def test_a_clock_that_is_put_back_does_not_stop_the_looking(path, clock):
    schools = RegisterFile(path, clock)
    write(path, rows(SCHOOL, NEW), START - 5000)
    clock.now -= 3600
    assert knows(schools, NEW)


def test_a_file_that_was_written_to_a_moment_ago_may_be_half_there_and_waits(path, clock, warnings):
    schools = RegisterFile(path, clock)
    write(path, HEADER, START + 10)
    clock.now = START + 10
    assert knows(schools, SCHOOL)
    write(path, rows(SCHOOL, NEW), START + 10.1)
    clock.now = START + 10.1 + SETTLED_S
    assert knows(schools, SCHOOL) and knows(schools, NEW)
    assert warnings == []


@pytest.mark.parametrize("text", [None, "", "junk\n", rows(NEW)[:-20]], ids=["gone", "empty", "junk", "cut"])
def test_a_file_that_is_no_register_keeps_the_old_one_and_is_told_once(path, clock, reads, warnings, text):
    schools = RegisterFile(path, clock)
    if text is None:
        path.unlink()
    else:
        write(path, text, START - 500)
    for _ in range(3):
        clock.now += LOOK_S
        assert knows(schools, SCHOOL) and not knows(schools, NEW)
    assert len(reads) == 2
    (warning,) = warnings
    assert warning.startswith("SYS-003 ")

    write(path, rows(NEW), START - 400)
    clock.now += LOOK_S
    assert knows(schools, NEW)


def test_each_change_that_breaks_it_is_told(path, clock, warnings):
    schools = RegisterFile(path, clock)
    for text in ("junk\n", "junk again\n"):
        write(path, text, START - 500)
        clock.now += LOOK_S
        schools.now()
    assert len(warnings) == 2


def test_without_a_register_there_is_no_start(path, clock):
    path.unlink()
    with pytest.raises(ProblemList, match="SYS-003"):
        RegisterFile(path, clock)
