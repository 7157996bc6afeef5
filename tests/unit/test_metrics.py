"""The list of metrics is closed: what is measured stands in it; no label can hold a school or a person."""

import json
import re

import pytest
from click.testing import CliRunner
from prometheus_client import REGISTRY

from cli.main import main
from runtime import metrics
from runtime.metrics import LABELS, METRICS
from tests.support import PACKAGES, ROOT


def test_labels_are_the_nine_that_cannot_name_a_school_or_a_person():
    assert set(LABELS) == {
        "topic",
        "consumer",
        "stage",
        "state",
        "rule",
        "disk",
        "certificate",
        "outcome",
        "unit",
    }
    assert {label for m in METRICS for label in m.labels} <= set(LABELS)


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_a_metric_says_what_it_is_in_both_languages(metric):
    assert re.fullmatch(r"csdl_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.sentence_vi.endswith(".")
    assert metric.sentence_en.endswith(".")
    assert metric.sentence_vi != metric.sentence_en


def test_names_are_unique():
    assert len({m.name for m in METRICS}) == len(METRICS)


def test_what_is_scraped_is_what_is_listed():
    scraped = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in REGISTRY.collect()
        if family.name.startswith("csdl_")
    }
    assert scraped == {m.name for m in METRICS}


def test_nobody_else_makes_a_metric():
    makers = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "prometheus_client" in path.read_text(encoding="utf-8")
    ]
    assert makers == ["runtime/metrics.py", "runtime/serve.py"]


def test_every_metric_is_used():
    names = {name for name, value in vars(metrics).items() if hasattr(value, "labels") and name.isupper()}
    used = {
        name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r"metrics\.([A-Z_]+)\b", path.read_text(encoding="utf-8"))
    }
    assert names - {"METRICS", "LABELS"} <= used


def test_the_list_as_json():
    done = CliRunner().invoke(main, ["metrics", "list", "--json"])
    assert done.exit_code == 0
    listed = json.loads(done.output)
    assert [m["name"] for m in listed] == [m.name for m in METRICS]
    assert all({"name", "kind", "labels", "sentence"} <= m.keys() for m in listed)
