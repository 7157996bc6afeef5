"""A real Prometheus scrapes live processes, evaluates every alert and every query of the dashboard."""

import json
import re
import subprocess
from contextlib import ExitStack
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from deploy.grafana.dashboard import queries
from deploy.local.tools import prometheus
from deploy.prometheus.config import ALERTS, render
from runtime import kafka
from runtime.metrics import METRICS
from schemas.topics import MINISTRY_RECEIPTS
from tests.support import ANSWER_S, end, free_port_base, run_process, wait_until, wait_while_it_runs

PROCESSES = ("receipts", "watch", "checkpoints", "credentials", "feed", "gateway")


class Api:
    """Prometheus' HTTP interface."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}"

    def get(self, path, **parameters):
        with urlopen(f"{self.base}{path}?{urlencode(parameters)}", timeout=ANSWER_S) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.get("/api/v1/query", query=expression)["result"]

    def values(self, expression):
        return [float(series["value"][1]) for series in self.query(expression)]

    def until(self, expression, expected):
        wait_until(
            lambda: expected(self.values(expression)),
            seen=lambda: f"{expression}: {self.values(expression)}",
        )

    def answers(self):
        try:
            return self.query("1")
        except OSError:
            return None


@pytest.fixture
def scraped(settings, tmp_path):
    """Prometheus over six processes; an undecodable receipt has come in."""
    folder = tmp_path / "prometheus"
    folder.mkdir()
    port = free_port_base()
    with ExitStack() as cleanup:
        running = [cleanup.enter_context(run_process(name, settings)) for name in PROCESSES]
        token = settings.metrics_token_file
        text = render({r.name: r.port for r in running}, alerts=str(ALERTS), token=token)
        text = re.sub(r"(scrape|evaluation)_interval: \d+s", r"\1_interval: 1s", text)
        (folder / "prometheus.yml").write_text(text, encoding="utf-8")
        command = [
            str(prometheus()),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
        with (folder / "log").open("wb") as log:
            server = cleanup.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
        cleanup.callback(end, server)
        api = Api(port)
        wait_while_it_runs(server, api.answers, (folder / "log").read_text)
        api.until('up{job="csdl"}', lambda up: up == [1.0] * len(PROCESSES))
        producer = kafka.producer(settings)
        producer.send(MINISTRY_RECEIPTS, key=b"19164999", value=b"no receipt").get(ANSWER_S)
        producer.close()
        api.until("csdl_watch_rounds_total", lambda rounds: max(rounds, default=0) >= 2)
        api.until("csdl_audit_findings", lambda findings: set(findings) == {0.0})
        api.until("csdl_kafka_keys", lambda users: users == [0.0] * 3)
        yield api


def test_every_query_and_every_alert_works_on_what_live_processes_say(scraped):
    for query in queries():
        assert scraped.query(query) or not gauge_of_the_watch(query), query
    scraped.until('csdl_dead_letters_total{rule="AVRO-001"}', lambda n: n == [1.0])
    scraped.until('csdl_dead_letters_kept{topic=~".*ministry.receipts.*"}', lambda n: n == [1.0])
    assert scraped.values('csdl_messages_total{stage="receipts"}') == [1.0]
    scraped.until('ALERTS{alertname="CsdlDeadLetters", alertstate="firing"}', lambda n: n == [1.0])
    rules = [rule for group in scraped.get("/api/v1/rules")["groups"] for rule in group["rules"]]
    assert len(rules) == ALERTS.read_text(encoding="utf-8").count("- alert:")
    assert {(rule["health"], rule.get("lastError", "")) for rule in rules} == {("ok", "")}
    for label in scraped.get("/api/v1/labels"):
        for value in scraped.get(f"/api/v1/label/{label}/values"):
            assert not re.search(r"\b\d{8}\b", value), (label, value)


def gauge_of_the_watch(query):
    """Whether a process that looks gives this query's data: it then has some, though nothing flows."""
    [name] = set(re.findall(r"csdl_\w+", query))
    return "rate(" not in query and name in {m.name for m in METRICS if m.kind == "gauge"}
