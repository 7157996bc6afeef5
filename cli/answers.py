"""How the command line says what came of a command: Vietnamese, then English; exit code 1 if refused."""

import json
import sys
from datetime import datetime
from typing import Any

import click

from streams.commands_client import Outcome


def as_json(value: Any) -> str:
    """JSON of records: times in ISO form, letters as they are."""

    def plain(odd: Any) -> str:
        if isinstance(odd, datetime):
            return odd.isoformat()
        raise TypeError(type(odd).__name__)

    return json.dumps(value, ensure_ascii=False, indent=2, default=plain)


def show_and_exit(outcome: Outcome, done_vi: str, done_en: str, *, json_wanted: bool) -> None:
    """Print one outcome and end: 0 if it was carried out, 1 if it was refused."""
    messages = outcome.messages() if outcome.refusal else (done_vi, done_en)
    if json_wanted:
        answer = {
            "command_id": outcome.command_id,
            "code": outcome.code,
            "state": outcome.state,
            "message_vi": messages[0],
            "message_en": messages[1],
        }
        click.echo(as_json(answer))
    else:
        for text in messages:
            click.echo(f"{outcome.code} {text}" if outcome.code else text, err=bool(outcome.code))
    sys.exit(1 if outcome.code else 0)
