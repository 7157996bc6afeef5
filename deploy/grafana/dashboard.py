"""The Grafana dashboard, printed from the list of metrics: ``csdl.json`` beside this file.

First what was refused to whoever tried more than they may, by who refused it. Then a row of panels a stage:
what came in, what waits, what was refused, how old the oldest is. Then every metric of the list once, so that
none is measured and never seen.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from runtime.metrics import METRICS, Metric

FILE: Final = Path(__file__).parent / "csdl.json"

WINDOW: Final = "1m"
REFUSED: Final = "Ai bị từ chối"
_DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}


def _rate(selector: str, by: str) -> str:
    return f"sum by ({by}) (rate({selector}[{WINDOW}]))"


@dataclass(frozen=True)
class Stage:
    """One stage of the flow. A stage that works from a table says how its work is counted there."""

    name: str
    title: str
    refused: str
    """PromQL of what it turned away, a second; empty for a stage that turns nothing away."""

    came: str = ""
    waits: str = ""

    @property
    def panels(self) -> list[tuple[str, str, str]]:
        """(title, PromQL, unit) of what came in, what waits, what was refused, how old the oldest is."""
        of = f'{{stage="{self.name}"}}'
        return [
            ("Đã vào (mỗi giây)", self.came or _rate(f"csdl_messages_total{of}", "topic"), "ops"),
            ("Đang chờ", self.waits or f"sum by (topic) (csdl_lag_messages{of})", "short"),
            ("Bị từ chối (mỗi giây)", self.refused, "ops"),
            ("Chờ lâu nhất", f"max(csdl_oldest_waiting_seconds{of})", "s"),
        ]


STAGES: Final = (
    Stage("grants", "Cấp quyền", _rate('csdl_commands_refused_total{stage="grants"}', "rule")),
    Stage("validation", "Kiểm tra", _rate("csdl_records_refused_total", "rule")),
    Stage(
        "load",
        "Nạp vào cơ sở dữ liệu",
        _rate('csdl_pushes_total{outcome=~"refused|mismatch|superseded|incomplete"}', "outcome"),
    ),
    Stage(
        "check",
        "Soát phiên bản",
        _rate("csdl_findings_total", "rule"),
        came=_rate("csdl_versions_checked_total", "outcome"),
        waits="max(csdl_versions_unchecked)",
    ),
    Stage(
        "outbox",
        "Chuyển từ cơ sở dữ liệu sang Kafka",
        "",
        came=_rate("csdl_outbox_sent_total", "topic"),
        waits="max(csdl_outbox_waiting)",
    ),
    Stage("confirmation", "Xác nhận", _rate('csdl_commands_refused_total{stage="confirmation"}', "rule")),
    Stage("projection", "Bảng đọc", _rate('csdl_chain_breaks_total{stage="projection"}', "stage")),
    Stage("export", "Xuất cho Bộ", _rate('csdl_exports_total{outcome="mismatch"}', "outcome")),
    Stage(
        "receipts",
        "Biên nhận của Bộ",
        _rate('csdl_records_total{stage="receipts",outcome="refused"}', "outcome"),
    ),
    Stage("organisation", "Tổ chức", _rate('csdl_commands_refused_total{stage="organisation"}', "rule")),
    Stage("feed", "Dòng sự kiện cho nhà cung cấp", _rate('csdl_chain_breaks_total{stage="feed"}', "stage")),
)

REFUSALS: Final = (
    ("Dịch vụ tài khoản", _rate("csdl_access_refused_total", "rule"), "ops"),
    ("Cổng nhận dữ liệu", _rate("csdl_gateway_refused_total", "rule"), "ops"),
    ("Kafka", _rate("csdl_kafka_refused_total", "outcome"), "ops"),
    ("PostgreSQL", _rate("csdl_database_refused_total", "outcome"), "ops"),
    ("Máy trạng thái", _rate("csdl_commands_refused_total", "rule"), "ops"),
    ("Sự kiện không thuộc chuỗi", _rate("csdl_chain_breaks_total", "stage"), "ops"),
    ("Kiểm toán", "max by (rule) (csdl_audit_findings)", "short"),
    ("Bản ghi", _rate("csdl_records_refused_total", "rule"), "ops"),
    ("Kết thúc lần gửi", _rate("csdl_closings_refused_total", "rule"), "ops"),
)
"""Who refuses: title, PromQL, unit. Every attack of ``tests/attacks`` is seen in one of them."""


def expression(metric: Metric) -> str:
    """PromQL of a metric over time: a counter's rate, a histogram's 99th percentile, a gauge as it is."""
    by = ", ".join(metric.labels)
    match metric.kind:
        case "counter":
            return _rate(metric.name, by) if by else f"sum(rate({metric.name}[{WINDOW}]))"
        case "gauge":
            return f"max by ({by}) ({metric.name})" if by else f"max({metric.name})"
        case "histogram":
            buckets = f"rate({metric.name}_bucket[{WINDOW}])"
            return f"histogram_quantile(0.99, sum by ({', '.join(('le', *metric.labels))}) ({buckets}))"


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana's JSON model."""
    panels: list[dict[str, Any]] = [_row(REFUSED, 0)]
    for i, (title, expr, unit) in enumerate(REFUSALS):
        place = {"x": 6 * (i % 4), "y": 1 + 6 * (i // 4), "w": 6, "h": 6}
        panels.append(_panel(title, REFUSED, expr, unit, place))
    for stage in STAGES:
        y = _next_y(panels)
        panels.append(_row(stage.title, y))
        for i, (title, expr, unit) in enumerate(stage.panels):
            if expr:
                place = {"x": 6 * i, "y": y + 1, "w": 6, "h": 6}
                panels.append(_panel(title, stage.title, expr, unit, place))
    y = _next_y(panels)
    panels.append(_row("Mọi số đo", y))
    for i, metric in enumerate(METRICS):
        place = {"x": 8 * (i % 3), "y": y + 1 + 7 * (i // 3), "w": 8, "h": 7}
        unit = "s" if "_seconds" in metric.name else "ops" if metric.kind == "counter" else "short"
        panels.append(
            _panel(
                metric.sentence_vi, f"{metric.name}: {metric.sentence_en}", expression(metric), unit, place
            )
        )
    for number, panel in enumerate(panels, start=1):
        panel["id"] = number
    return {
        "uid": "csdl",
        "title": "CSDL ngành: dòng dữ liệu từ trường đến Bộ",
        "tags": ["csdl"],
        "timezone": "browser",
        "schemaVersion": 39,
        "version": 1,
        "refresh": "10s",
        "editable": True,
        "time": {"from": "now-1h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Nguồn dữ liệu"}
            ]
        },
        "annotations": {"list": []},
        "panels": panels,
    }


def render() -> str:
    """Text of ``csdl.json``."""
    return json.dumps(dashboard(), ensure_ascii=False, indent=1) + "\n"


def queries() -> list[str]:
    """Every PromQL expression of the dashboard."""
    return [t["expr"] for panel in dashboard()["panels"] for t in panel.get("targets", [])]


def _next_y(panels: list[dict[str, Any]]) -> int:
    return max((p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels), default=0)


def _row(title: str, y: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": 24, "h": 1}
    return {"type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}


def _panel(title: str, description: str, expr: str, unit: str, place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "description": description,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [{"refId": "A", "expr": expr, "datasource": _DATASOURCE}],
    }
