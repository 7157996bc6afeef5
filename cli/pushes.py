"""`csdl pushes`, `csdl push-status`: what became of the pushes and of each record that was refused."""

from typing import Any

import click

from cli import push_book
from cli.answers import fail_with, json_option, print_json, print_table
from cli.database import database
from producers.preflight import explain
from schemas.errors import Problem, ProblemList


@click.command()
@json_option
def pushes(as_json: bool) -> None:
    """Các lần gửi — list the pushes and what became of them, newest first."""
    with database("csdl push") as conn:
        found = push_book.listed(conn)
    if as_json:
        print_json(found)
        return
    print_table(
        ("push", "vendor", "dataset", "outcome", "version", "received", "accepted", "refused"),
        [
            (
                p["push_id"],
                p["vendor"],
                p["dataset_id"],
                _outcome(p),
                p["version"],
                p["received"],
                p["accepted"],
                p["refused"],
            )
            for p in found
        ],
    )


@click.command("push-status")
@click.argument("push_id")
@json_option
def push_status(push_id: str, as_json: bool) -> None:
    """Kết quả một lần gửi — what became of a push, and of each record that was refused."""
    with database("csdl push") as conn:
        found, refused = push_book.one(conn, push_id)
    if not found:
        fail_with(ProblemList([Problem("SEND-002", params={"push_id": push_id})]), as_json)
    for line in refused:
        line["message_vi"], line["message_en"] = explain(line["rule"])
    if as_json:
        print_json({"pushes": found, "refused": refused})
        return
    for p in found:
        click.echo(
            f"{p['dataset_id']} ({p['vendor']}): {_outcome(p)}, version {p['version']}, "
            f"received {p['received']}, accepted {p['accepted']}, refused {p['refused']}"
        )
        if p["code"]:
            click.echo("  " + "\n  ".join(explain(p["code"])))
    for r in refused:
        fields = ", ".join(r["fields"])
        click.echo(f"{r['rule']} {r['record_type']} {r['client_id']} · {r['source']} · {r['row']} · {fields}")
        click.echo(f"  {r['message_vi']}\n  {r['message_en']}")


def _outcome(push: dict[str, Any]) -> str:
    return f"{push['outcome']} {push['code']}".strip()
