"""`csdl metrics`: the closed list of what is measured; docs/metrics.md is printed from here."""

from pathlib import Path
from typing import Final

import click

from cli.answers import document, json_option, print_json, print_table
from deploy.prometheus import config
from runtime.metrics import LABELS, METRICS
from runtime.settings import Settings

_HEAD: Final = """\
# Metrics

Generated from `runtime/metrics.py` by `csdl docs`; do not edit.

Every process serves `/metrics` (Prometheus text), `/healthz` (it lives) and `/readyz` (it can do its
work now). All metrics of the pipeline are listed here; a label never holds a school or a person. The gauges
come from the process `watch`, which looks at Kafka and PostgreSQL every few seconds.

- Scraping: `deploy/prometheus/prometheus.yml`; `csdl up` writes a stack's own, with its ports, into its data
  directory.
- Alerts: `deploy/prometheus/alerts.yml`, tested by `promtool test rules deploy/prometheus/alerts_test.yml`.
  What to do about each: [operations.md](operations.md).
- Dashboard: `deploy/grafana/csdl.json`. A real Prometheus runs its expressions in the tests; Grafana itself
  was not run.
"""


@click.group()
def metrics() -> None:
    """Các số đo — what the pipeline measures."""


@metrics.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Danh sách số đo — every metric: name, kind, labels, one sentence."""
    if as_json:
        listed = [
            {
                "name": m.name,
                "kind": m.kind,
                "labels": m.labels,
                "sentence": m.sentence_en,
                "sentence_vi": m.sentence_vi,
            }
            for m in METRICS
        ]
        print_json(listed)
        return
    print_table(
        ("name", "kind", "labels", "sentence"),
        [(m.name, m.kind, ", ".join(m.labels), (m.sentence_vi, m.sentence_en)) for m in METRICS],
    )


@metrics.command()
@click.argument("instances", metavar="[PROCESS[-N]]...", nargs=-1)
@click.option("--token", type=click.Path(path_type=Path), required=True, help="File of the metrics' token.")
@click.option("--alerts", type=click.Path(path_type=Path), required=True, help="File of the alert rules.")
@click.option("--alertmanager", default="127.0.0.1:9093", show_default=True, help="Who is told, host:port.")
def prometheus(instances: tuple[str, ...], token: Path, alerts: Path, alertmanager: str) -> None:
    """Cấu hình Prometheus — print that of a server that runs these processes (all)."""
    document(config.of_server(Settings(), instances, token, alerts, alertmanager))


def render() -> str:
    """Text of docs/metrics.md."""
    lines = [_HEAD, "## Labels", "", "| label | values |", "|---|---|"]
    lines += [f"| `{name}` | {values} |" for name, values in LABELS.items()]
    lines += ["", "## List", "", "| name | kind | labels | câu mô tả | sentence |", "|---|---|---|---|---|"]
    for m in METRICS:
        labels = ", ".join(f"`{label}`" for label in m.labels)
        lines.append(f"| `{m.name}` | {m.kind} | {labels} | {m.sentence_vi} | {m.sentence_en} |")
    return "\n".join(lines) + "\n"
