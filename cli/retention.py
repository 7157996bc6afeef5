"""`csdl retention`: what is kept, how long and why; what is due goes."""

from typing import Any

import click

from cli.answers import json_option, print_json, print_table, tell
from retention import document, policy, running
from runtime import terms, topic_admin
from runtime.accounts import SETUP
from runtime.settings import Settings


@click.group()
def retention() -> None:
    """Lưu giữ — what is kept, how long, and why (docs/retention.md); what is due by age goes."""


@retention.command()
@json_option
def show(as_json: bool) -> None:
    """Xem — every topic and table with its term; what is due now, topics that are kept for longer."""
    settings = Settings().acting_as(SETUP)
    due = running.due(settings)
    terms.bring(settings, strictly=True)
    longer = {change.topic: change for change in topic_admin.kept_longer(settings)}
    if as_json:
        print_json(
            {
                "policy": [_line(kept, due) for kept in policy.every()],
                "kept_longer": [
                    {"topic": c.topic, "retention_ms": int(c.was), "declared_ms": int(c.now)}
                    for c in longer.values()
                ],
            }
        )
        return
    rows = [
        [kept.name, document.term(kept), str(due.get(kept.name, "")), kept.by.replace("`", "")]
        for kept in policy.every()
    ]
    print_table(("name", "how long", "due", "what ends it"), rows)
    for change in longer.values():
        tell(f"giữ lâu hơn quy định — kept for longer: {change} (run --shorten {change.topic})")


@retention.command()
@click.option(
    "--shorten", "topics", multiple=True, metavar="TOPIC",
    help="Rút ngắn — bring a topic that is kept for longer to its declared term; older messages go.",
)  # fmt: skip
@json_option
def run(topics: tuple[str, ...], as_json: bool) -> None:
    """Xóa những gì quá hạn — delete rows that are due by age, some thousands at a time.

    A timer does it every night (csdl-retention.timer).
    """
    settings = Settings()
    gone = running.run(settings)
    shortened = []
    if topics:
        as_setup = settings.acting_as(SETUP)
        terms.bring(as_setup, strictly=True)
        shortened = topic_admin.shorten(as_setup, topics)
    if as_json:
        print_json({"deleted": gone, "shortened": [change.topic for change in shortened]})
        return
    for change in shortened:
        tell(str(change))
    said = ", ".join(f"{table} {number}" for table, number in gone.items() if number)
    tell(f"Đã xóa — deleted: {said or 0}")


def _line(kept: policy.Kept, due: dict[str, int]) -> dict[str, Any]:
    return {
        "kind": kept.kind.name.lower(), "name": kept.name, "term": document.term(kept), "why": kept.why,
        "by": kept.by.replace("`", ""), "due": due.get(kept.name),
    }  # fmt: skip
