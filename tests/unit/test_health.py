"""What keeps a process from working now: servers that are away in all the ways there are."""

import logging
import socket
import threading
import time
from contextlib import closing, contextmanager, suppress

import psycopg2
import pytest
from pydantic import SecretStr

from runtime import broker_probe, health, postgres, probes
from runtime.health import Servers
from runtime.logs import AGAIN, Quiet
from runtime.settings import Settings
from schemas.errors import Problem


@contextmanager
def server(answer=None):
    """Takes connections, as the kernel does for a process that is stopped; says ``answer`` to each."""
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        taken = []

        def run():
            while True:
                try:
                    taken.append(listening.accept()[0])
                except OSError:
                    return
                if answer is not None:
                    with suppress(ConnectionResetError):
                        while taken[-1].recv(1000) and answer:
                            taken[-1].sendall(answer)
                    taken[-1].close()

        threading.Thread(target=run, daemon=True).start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


KAFKAS = b"\x00\x00\x00\x04" + broker_probe.CORRELATION.to_bytes(4, "big")


def test_a_broker_that_answers_is_there():
    with server(KAFKAS) as there:
        assert broker_probe.ask(Settings(bootstrap_servers=there)) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "no answer in 0 s"),
        (b"", "connection closed"),
        (b"HTTP/1.1 200 OK\r\n", "what answers is no Kafka"),
    ],
)
def test_a_broker_that_takes_connections_and_does_not_answer_is_away(answer, reason):
    with server(answer) as there:
        problem = broker_probe.ask(Settings(bootstrap_servers=there), bound_s=0.2)
        assert problem
        assert (problem.code, problem.params["reason"]) == ("SYS-001", reason)


def test_a_port_where_nobody_listens_is_away():
    problem = broker_probe.ask(Settings(bootstrap_servers="127.0.0.1:9"))
    assert problem and problem.params["reason"] == "connection refused"


def test_of_several_brokers_one_is_enough():
    with server(KAFKAS) as there:
        assert broker_probe.ask(Settings(bootstrap_servers=f"127.0.0.1:9, {there}")) is None


def at(address):
    return Settings(database_url=SecretStr(f"postgresql://somebody:secret@{address}/none"))


def test_a_database_that_takes_connections_and_does_not_answer_is_away():
    with server() as there:
        fault = probes.Database(at(there)).ask(bound_s=0.2)
        assert isinstance(fault, TimeoutError)
        assert postgres.away(fault).code == "SYS-002"


def test_a_port_without_a_database_is_away_with_its_reason():
    fault = probes.Database(at("127.0.0.1:9")).ask()
    assert fault is not None
    problem = postgres.away(fault)
    assert (problem.code, problem.params) == ("SYS-002", {"reason": "connection refused"})


@pytest.mark.parametrize(
    "said",
    [
        'FATAL:  password authentication failed for user "somebody"',
        "fe_sendauth: no password supplied",
        'FATAL:  role "somebody" does not exist',
        'FATAL:  database "none" does not exist',
        'FATAL:  no pg_hba.conf entry for host "10.0.0.1"',
    ],
)
def test_a_database_that_refuses_who_asks_says_so_and_names_nobody(said):
    problem = postgres.away(psycopg2.OperationalError(said))
    assert problem.code == "SYS-010"
    assert "somebody" not in str(problem) and "10.0.0.1" not in str(problem)


@pytest.fixture
def broker(monkeypatch):
    """``broker["away"]``: the reason why Kafka does not answer."""
    state = {"away": ""}

    def ask(settings):
        params = {"address": settings.brokers, "reason": state["away"]}
        return Problem("SYS-001", params=params) if state["away"] else None

    monkeypatch.setattr(broker_probe, "ask", ask)
    return state


def test_a_server_that_goes_is_one_line_and_one_when_it_is_back_each_with_the_reason(broker, caplog):
    caplog.set_level(logging.INFO)
    servers = Servers(Settings(bootstrap_servers="127.0.0.1:9"), kafka=True)
    servers.ask()
    assert not caplog.messages and servers.problems() == []
    broker["away"] = "connection refused"
    for _ in range(5):
        servers.ask()
    assert [p.code for p in servers.problems()] == ["SYS-001"]
    broker["away"] = ""
    for _ in range(5):
        servers.ask()
    assert servers.problems() == []
    gone, back = caplog.messages
    assert gone.startswith("SYS-001 ") and "connection refused" in gone
    assert back.startswith("Kafka answers again") and "connection refused" in back


def test_what_was_heard_long_ago_is_no_answer(broker, monkeypatch):
    servers = Servers(Settings(bootstrap_servers="127.0.0.1:9"), kafka=True)
    servers.ask()
    monkeypatch.setattr(health, "STALE_S", -1.0)
    assert [p.code for p in servers.problems()] == ["SYS-011"]


def test_a_process_that_needs_no_server_asks_none():
    assert Servers(Settings()).problems() == []


def line(name, level, text):
    return logging.LogRecord(name, level, "", 0, text, (), None)


@pytest.fixture
def written(broker):
    """(servers, what a handler writes, its filter)."""
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    servers = Servers(Settings(bootstrap_servers="127.0.0.1:9"), kafka=True)
    quiet = Quiet(servers, handler)
    handler.addFilter(quiet)
    return servers, lines, handler, quiet


@pytest.mark.parametrize("name", ["kafka.net.manager", "aiokafka.cluster", "faust.app", "mode", AGAIN])
def test_while_a_server_is_away_clients_do_not_tell_every_attempt(broker, written, name):
    servers, lines, handler, quiet = written

    def said(text, then=""):
        handler.handle(line(name, logging.ERROR, text))
        broker["away"] = then
        servers.ask()
        quiet.release(time.time() + 1)

    said("before")
    said("before")
    assert lines == ["before"], "alike ones once a minute"
    said("its first word comes before we have asked", then="connection refused")
    said("an attempt", then="connection refused")
    said("it is back, and this is of the time before")
    handler.handle(line("csdl", logging.INFO, "ours"))
    assert lines == ["before", "ours"]


def test_a_clients_traceback_is_one_line():
    try:
        raise ValueError("Nguyễn Văn Mẫu")
    except ValueError as fault:
        record = logging.LogRecord(
            "kafka.x", logging.ERROR, "", 0, "crashed %s", ("here",), (type(fault), fault, None)
        )
    assert Quiet(Servers(Settings()), logging.NullHandler()).filter(record)
    assert logging.Formatter().format(record) == "crashed here (ValueError)"


def test_a_clients_page_that_it_repeats_with_other_times_is_one_line_a_minute(written):
    """Faust tells twelve lines of advice every 2.5 s while a partition waits, each time with another age."""
    _, lines, handler, quiet = written
    for seconds in (3, 5):
        advice = (
            f"\nStream has not started processing TP (started {seconds}.1 seconds ago).\nThere are reasons"
        )
        handler.handle(line("faust.x", logging.ERROR, advice))
        quiet.release(time.time() + 1)
    assert lines == ["Stream has not started processing TP (started 3.1 seconds ago)."]
