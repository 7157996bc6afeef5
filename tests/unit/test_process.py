"""A process: what it opened is closed, and what it says when it ends by an error."""

import time

import psycopg2
import pytest

from runtime import process as process_runner
from runtime.health import Servers
from runtime.logs import one_line
from runtime.process import Process, Share
from runtime.settings import Settings
from schemas.topics import PARTITIONS


def raised(fault):
    try:
        raise fault
    except type(fault) as caught:
        return caught


def test_the_line_says_kind_and_place_and_never_the_text():
    line = one_line(raised(ValueError("Nguyễn Văn Mẫu")))
    assert line.startswith("builtins.ValueError at test_process.py:")
    assert "Nguyễn" not in line


def test_a_database_error_keeps_its_place_too():
    assert "psycopg2.errors.UniqueViolation at" in one_line(raised(psycopg2.errors.UniqueViolation("x")))


class Opens(Process):
    """Opens three things; the third fails if told so."""

    name = "opens"

    def __init__(self, fails=False):
        super().__init__(Settings(http_port=0))
        self.fails, self.closed = fails, []

    def open(self):
        self.closes("first", self.closed.append)
        self.closes("second", self.closed.append)
        if self.fails:
            raise ConnectionError
        self.closes("third", self.closed.append)

    def step(self):
        raise ValueError("Nguyễn Văn Mẫu")


def test_what_was_opened_is_closed_newest_first_when_a_step_fails():
    process = Opens()
    assert process_runner.run(process) == 1
    assert process.closed == ["third", "second", "first"]


def test_what_was_opened_is_closed_when_the_rest_cannot_be():
    process = Opens(fails=True)
    assert process_runner.run(process) == 1
    assert process.closed == ["second", "first"]


@pytest.mark.parametrize("of", range(1, PARTITIONS + 1))
def test_every_partition_belongs_to_one_instance(of):
    shared = [p for number in range(1, of + 1) for p in Share(number, of).partitions()]
    assert sorted(shared) == list(range(PARTITIONS))


def test_a_process_whose_step_hangs_is_not_ready():
    hangs = Opens()
    assert process_runner._why_not(hangs, False, Servers(hangs.settings))
    assert process_runner._why_not(hangs, True, Servers(hangs.settings)) == ""
    hangs.stepping_since = time.monotonic() - process_runner.STEP_S - 1
    assert process_runner._why_not(hangs, True, Servers(hangs.settings)).startswith("SYS-012 ")
