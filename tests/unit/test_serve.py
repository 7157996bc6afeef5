"""/metrics, /healthz and /readyz of a process."""

from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from runtime import serve
from runtime.metrics import METRICS
from runtime.settings import Settings
from tests.support import ANSWER_S


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
