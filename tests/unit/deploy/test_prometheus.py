"""Alert rules and scrape configuration, by promtool itself and against the list of metrics."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.local import secrets
from deploy.local.layout import Stack
from deploy.local.tools import promtool
from deploy.processes import NAMES
from deploy.prometheus import config
from runtime.metrics import METRICS

ALERTS_TEST = config.HERE / "alerts_test.yml"


def run(*arguments: object):
    command = [str(promtool()), *map(str, arguments)]
    done = subprocess.run(command, cwd=config.HERE, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", config.ALERTS),
        ("check", "config", config.DEFAULT),
        ("test", "rules", ALERTS_TEST),
    ],
)
def test_promtool_agrees(arguments):
    assert "SUCCESS" in run(*arguments)


def test_every_alert_has_a_test_of_its_own():
    alerts = set(re.findall(r"- alert: (\w+)", config.ALERTS.read_text(encoding="utf-8")))
    tested = set(re.findall(r"alertname: (\w+)\n +exp_alerts:\n", ALERTS_TEST.read_text(encoding="utf-8")))
    silent = set(re.findall(r"alertname: (\w+), exp_alerts: \[\]", ALERTS_TEST.read_text(encoding="utf-8")))
    assert alerts == tested == silent


def test_every_metric_in_an_alert_is_one_of_ours():
    named = set(re.findall(r"\bcsdl_\w+", config.ALERTS.read_text(encoding="utf-8")))
    assert named <= {m.name for m in METRICS}


def test_every_process_of_a_stack_is_scraped_at_its_own_port(tmp_path: Path):
    stack = Stack(tmp_path, 23_000, {"load": 2})
    secrets.prepare(stack, [])
    text = config.write(stack).read_text(encoding="utf-8")
    for process in (*(n for n in NAMES if n != "load"), "load-1", "load-2"):
        assert f'"127.0.0.1:{stack.port(process)}"]\n        labels: {{process: {process}}}' in text
    assert "SUCCESS" in run("check", "config", tmp_path / "prometheus.yml")
