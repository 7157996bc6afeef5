"""The dashboard shows every stage and every metric, and names nothing that is not measured."""

import re

from deploy.grafana.dashboard import REFUSED, STAGES, dashboard, queries
from deploy.processes import NAMES
from runtime.metrics import LABELS, METRICS


def test_every_stage_has_its_row():
    besides = {"watch", "checkpoints", "access", "credentials", "gateway"}
    assert {s.name for s in STAGES} == set(NAMES) - besides
    assert all(s.name in LABELS["stage"] for s in STAGES)
    rows = [p["title"] for p in dashboard()["panels"] if p["type"] == "row"]
    assert rows == [REFUSED, *(s.title for s in STAGES), "Mọi số đo"]


def test_every_stage_shows_what_came_what_waits_and_how_old_the_oldest_is():
    for stage in STAGES:
        shown = [p["title"] for p in dashboard()["panels"] if p.get("description") == stage.title]
        refused = ["Bị từ chối (mỗi giây)"] if stage.refused else []
        assert shown == ["Đã vào (mỗi giây)", "Đang chờ", *refused, "Chờ lâu nhất"]


def test_every_metric_is_shown_and_only_metrics_of_the_list():
    named = {re.sub("_bucket$", "", name) for q in queries() for name in re.findall(r"\bcsdl_\w+", q)}
    assert named == {m.name for m in METRICS}


def test_labels_in_a_query_are_labels_of_the_metric():
    labels = {m.name: set(m.labels) for m in METRICS}
    for query in queries():
        for name, selector in re.findall(r"(csdl_\w+)\{([^}]*)\}", query):
            assert set(re.findall(r"(\w+)=", selector)) <= labels[name], query


def test_no_two_panels_lie_on_each_other():
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        p = panel["gridPos"]
        cells = {(x, y) for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])}
        assert taken.isdisjoint(cells), panel["title"]
        taken |= cells
        assert p["x"] + p["w"] <= 24
