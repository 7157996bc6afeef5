"""A program that keeps ending while the stack starts: noticed at once, with the reason from its log."""

import pytest

from deploy.local import starting, supervisor
from deploy.local.layout import Stack
from deploy.local.starting import Starting, reason
from schemas.errors import ProblemList

LOGS = {
    "2026 [main] INFO starting\n2026-11-25 [main] ERROR kafka.Kafka$ - Exiting Kafka due to fatal exception\n"
    "java.lang.RuntimeException: No readable meta.properties files found.\n\tat kafka.x(X.scala:3)\n": (
        "Exiting Kafka due to fatal exception: java.lang.RuntimeException: No readable meta.properties"
    ),
    '2026-11-25 10:00:00 UTC [7] FATAL:  could not create lock file "postmaster.pid": No space left\n'
    "2026-11-25 LOG:  database system is shut down\n": "could not create lock file",
    "SYS-003 Không đọc được danh bạ\nSYS-003 The register cannot be read\n": "SYS-003 The register",
    "only this\n": "only this",
    "an \x1b[31mERROR\x1b[0m that obeys\n": r"\x1b[31mERROR",
    "": "–",
}


@pytest.mark.parametrize(("text", "said"), LOGS.items())
def test_the_reason_is_the_line_that_says_what_is_wrong(tmp_path, text, said):
    (tmp_path / "x.log").write_text(text)
    assert said in reason(tmp_path / "x.log")


def test_a_program_without_a_log_has_no_reason(tmp_path):
    assert reason(tmp_path / "none.log") == "–"


@pytest.fixture
def looks(tmp_path, monkeypatch):
    """``looks(state, pid)``: what the supervisor says of kafka at the next look."""
    monkeypatch.setattr(starting, "EVERY_S", 0.0)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "kafka.log").write_text("ERROR the disk is full\n")
    watched = Starting(Stack(tmp_path))

    def look(state, pid):
        info = [{"name": "kafka", "statename": state, "pid": pid}]
        monkeypatch.setattr(supervisor, "process_info", lambda _: info)
        watched.look()

    return look


def test_one_that_ended_once_is_waited_for(looks):
    for state, pid in (("STARTING", 1), ("BACKOFF", 0), ("STARTING", 2), ("RUNNING", 2), ("RUNNING", 2)):
        looks(state, pid)


def test_one_that_keeps_ending_is_not(looks):
    for state, pid in (("STARTING", 1), ("BACKOFF", 0), ("STARTING", 2)):
        looks(state, pid)
    with pytest.raises(ProblemList) as raised:
        looks("BACKOFF", 0)
    (problem,) = raised.value.problems
    assert problem.code == "STK-020" and "the disk is full" in str(problem)
