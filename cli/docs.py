"""`csdl docs`: the documents that are printed from data. A test fails when one of them lags behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from cli import metrics
from cli.answers import tell
from deploy import aside, compose, rights, units
from deploy.grafana import dashboard
from deploy.prometheus import config as prometheus
from producers.gateway import app as gateway
from retention import document as retention
from runtime import broker_settings, database_settings
from schemas.documents import asyncapi, contracts_book, rule_book
from streams.documents import confirmation_page, grants_page

ROOT: Final = Path(__file__).parents[1]

GENERATED: Final[dict[str, Callable[[], str]]] = {
    "deploy/compose.yml": compose.default,
    "deploy/grafana/csdl.json": dashboard.render,
    "deploy/postgresql/csdl.conf": database_settings.document,
    "deploy/prometheus/prometheus.yml": prometheus.default,
    "deploy/systemd/csdl.target": units.default,
    "deploy/systemd/kafka.properties": lambda: broker_settings.document(1),
    "deploy/systemd/kafka.three.properties": lambda: broker_settings.document(broker_settings.REPLICAS),
    "docs/asyncapi.yaml": asyncapi.render,
    "docs/confirmation.md": confirmation_page.document,
    "docs/contracts.md": contracts_book.render,
    "docs/dead-letters.md": aside.document,
    "docs/grants.md": grants_page.document,
    "docs/metrics.md": metrics.render,
    "docs/openapi.yaml": gateway.document,
    "docs/retention.md": retention.render,
    "docs/rights.md": rights.document,
    "docs/rules.md": rule_book.render,
}
"""document → what prints it."""


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a document would change.")
def docs(check: bool) -> None:
    """In tài liệu — write the documents printed from contracts, rules, topics, tables, metrics."""
    stale = stale_documents()
    for name, text in stale.items():
        tell(name)
        if not check:
            path = ROOT / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if check and stale:
        raise SystemExit(1)


def stale_documents() -> dict[str, str]:
    """document → its text as it should be, where it is not."""
    wanted = {name: render() for name, render in GENERATED.items()}
    return {name: text for name, text in wanted.items() if _read(ROOT / name) != text}


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
