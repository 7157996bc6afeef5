"""/metrics, /healthz and /readyz of a process."""

import logging
import socket
import struct
import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from runtime import serve
from runtime.metrics import METRICS
from runtime.settings import Settings
from tests.support import ANSWER_S, wait_until


@pytest.fixture(scope="module")
def served():
    ready = [False]
    port = serve.start(Settings(http_port=0), lambda: "" if ready[0] else "SYS-001 away")
    return port, ready


def get(port, path):
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=ANSWER_S) as answer:
            return answer.status, answer.read().decode(), answer.headers["Content-Type"]
    except HTTPError as error:
        return error.code, error.read().decode(), error.headers["Content-Type"]


def test_it_lives_before_it_is_ready(served):
    port, ready = served
    ready[0] = False
    assert get(port, "/healthz")[0] == 200
    assert get(port, "/readyz")[:2] == (503, "not ready: SYS-001 away\n")
    ready[0] = True
    assert get(port, "/readyz")[:2] == (200, "ready\n")


def test_metrics_are_prometheus_text_with_every_metric_of_the_list(served):
    status, text, content_type = get(served[0], "/metrics")
    assert status == 200
    assert content_type.startswith("text/plain")
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.kind}\n" in text


def test_another_path_is_not_found(served):
    assert get(served[0], "/")[0] == 404


def ask_and_leave(port):
    with socket.create_connection(("127.0.0.1", port)) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        asking.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
        yield
    yield


def test_one_who_does_not_wait_for_the_answer_is_no_news(capsys, caplog):
    asked, go_on, answering = threading.Event(), threading.Event(), []

    def why_not():
        answering.append(threading.current_thread())
        asked.set()
        go_on.wait(ANSWER_S)
        return "SYS-001 away"

    left = ask_and_leave(serve.start(Settings(http_port=0), why_not))
    next(left)
    assert asked.wait(ANSWER_S)
    next(left)
    go_on.set()
    answering[0].join(ANSWER_S)
    assert not answering[0].is_alive()
    assert (capsys.readouterr().err, caplog.messages) == ("", [])


def test_an_answer_that_fails_is_one_line_without_what_the_fault_says(capsys, caplog):
    def why_not():
        raise ValueError("Nguyễn Văn A")

    with socket.create_connection(("127.0.0.1", serve.start(Settings(http_port=0), why_not))) as asking:
        asking.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
        assert asking.recv(1) == b""
    wait_until(lambda: caplog.messages)
    (line,) = caplog.messages
    assert line.startswith("a question had no answer: builtins.ValueError at test_serve.py:")
    assert capsys.readouterr().err == ""
    assert caplog.records[0].levelno == logging.ERROR
