"""`python -m csdl_client`: push files, ask what became of them. CSDL_URL and CSDL_KEY_FILE say where and who.

Exit codes: 0 done, 1 refused, 2 called wrongly, 3 not sent: the same call goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from csdl_client import texts
from csdl_client.client import Client
from csdl_client.lists import Sent, named, push_all
from csdl_client.sending import Again, NotSent, Refused

REFUSED, WRONG_CALL, NOT_SENT = 1, 2, 3
JOURNAL = ".csdl-push.json"
SHOWN = 50
"""Findings of a dry run that are printed, those first that would be refused; --json has all of the answer."""


def main(arguments: list[str] | None = None) -> int:
    """The command line; its exit code."""
    asked = _parser().parse_args(arguments)
    key = os.environ.get("CSDL_KEY", "")
    if asked.key_file:
        try:
            key = Path(asked.key_file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            return _say(WRONG_CALL, f"{asked.key_file}: {type(fault).__name__}")
    if not asked.url or not key.strip():
        return _say(WRONG_CALL, "CSDL_URL, CSDL_KEY_FILE?")
    client = Client(asked.url, key, again=Again(tries=asked.tries), ca_file=asked.ca_file or None)
    try:
        return int(asked.command(client, asked))
    except Refused as refused:
        return _say(REFUSED, *_lines(refused))
    except BrokenPipeError:  # whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (NotSent, TimeoutError) as fault:
        return _say(NOT_SENT, str(fault))
    except OSError as fault:
        return _say(WRONG_CALL, f"{fault.filename or ''}: {type(fault).__name__}")


def _push(client: Client, asked: argparse.Namespace) -> int:
    about = {"school": asked.school, "year": asked.year, "kind": asked.kind, "parts": asked.part}
    sendings = [asked.files] if asked.together else asked.files
    if asked.dry_run:
        told = [(each, client.dry_run(each, **about)) for each in sendings]
        _print(
            asked,
            [said for _, said in told],
            [line for each, said in told for line in _rehearsed(each, said)],
        )
        return REFUSED if any(said["refused"] for _, said in told) else 0
    found = push_all(client, sendings, asked.journal, _tell, **about)
    left = [one.name for one in found if one.said is None]
    if left:
        print("chưa gửi — not sent: " + ", ".join(left), file=sys.stderr)
    if any(isinstance(one.fault, NotSent) for one in found):
        return NOT_SENT
    return REFUSED if left else 0


def _rehearsed(sending: Any, said: dict[str, Any]) -> list[str]:
    """What would become of files."""
    worst_first = sorted(said["findings"], key=lambda one: one["verdict"] != "refused")
    more = said["findings_in_all"] - SHOWN
    lines = [texts.counted(named(sending), said), *texts.problems(worst_first[:SHOWN])]
    return lines + ([f"… +{more} (--json)"] if more > 0 else [])


def _tell(one: Sent) -> None:
    """The id of a push to stdout; what is wrong to stderr."""
    if one.said is not None:
        print(one.said["push_id"], flush=True)
        before = " (đã gửi trước — sent before)" if one.before else ""
        _say(0, texts.sent(one.name, one.said) + before, *texts.problems(one.said.get("refusals", ())))
    elif isinstance(one.fault, Refused):
        _say(REFUSED, one.name, *_lines(one.fault))
    else:
        _say(NOT_SENT, f"{one.name}: {one.fault}")


def _status(client: Client, asked: argparse.Namespace) -> int:
    said = client.status(asked.push)
    return _print(asked, said, texts.standing(said))


def _wait(client: Client, asked: argparse.Namespace) -> int:
    said = client.wait_until_loaded(asked.push)
    return _print(asked, said, texts.standing(said))


def _errors(client: Client, asked: argparse.Namespace) -> int:
    if asked.xlsx:
        Path(asked.xlsx).write_bytes(client.marked(asked.push))
        return 0
    found = list(client.errors(asked.push))
    return _print(asked, found, texts.problems(found))


def _events(client: Client, asked: argparse.Namespace) -> int:
    for event in client.events(asked.cursor):
        print(texts.as_json(event), flush=True)
    return 0


def _lines(refused: Refused) -> list[str]:
    return list(texts.problems(refused.problems)) or [str(refused)]


def _print(asked: argparse.Namespace, said: Any, lines: Iterable[str]) -> int:
    for line in [texts.as_json(said)] if asked.json else lines:
        print(line)
    return 0


def _say(code: int, *lines: Any) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    environment = os.environ
    made = argparse.ArgumentParser(prog="csdl_client", description=__doc__)
    made.add_argument("--url", default=environment.get("CSDL_URL", ""))
    made.add_argument("--key-file", default=environment.get("CSDL_KEY_FILE", ""))
    made.add_argument("--ca-file", default=environment.get("CSDL_CA_FILE", ""))
    made.add_argument("--tries", type=int, default=8, help="Of each request.")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    push = commands.add_parser("push", help="Gửi tệp — push each FILE; ids to stdout.")
    push.add_argument("files", nargs="+", metavar="FILE")
    push.add_argument("--school", default=environment.get("CSDL_SCHOOL", ""))
    push.add_argument("--year", type=int, default=environment.get("CSDL_YEAR") or None)
    push.add_argument(
        "--kind", default=environment.get("CSDL_KIND", ""), help="1 start of year, 2 changes, 3 end."
    )
    push.add_argument("--part", action="append", default=[], metavar="TYPE", help="A part of TYPE only.")
    push.add_argument("--dry-run", action="store_true", help="Say what would become of them; send nothing.")
    push.add_argument("--together", action="store_true", help="All FILEs are one push.")
    push.add_argument("--json", action="store_true", help="What a dry run says, as JSON.")
    push.add_argument("--journal", default=JOURNAL, help="What a list that is cut is gone on with.")
    push.set_defaults(command=_push)
    for name, command, text in (
        ("status", _status, "Tình trạng — how far a push has come."),
        ("errors", _errors, "Lỗi — what is wrong with a push."),
        ("wait", _wait, "Chờ — until a push was taken or refused."),
    ):
        asks = commands.add_parser(name, help=text)
        asks.add_argument("push", metavar="PUSH")
        asks.add_argument("--json", action="store_true", help="In dạng JSON — print as JSON.")
        asks.set_defaults(command=command)
        if command is _errors:
            asks.add_argument("--xlsx", metavar="FILE", help="The sender's own workbook, marked.")
    events = commands.add_parser("events", help="Tin mới — what became of pushes since the last call.")
    events.add_argument("--cursor", default=".csdl-cursor", help="File that keeps how far was read.")
    events.set_defaults(command=_events)
    return made


if __name__ == "__main__":
    sys.exit(main())
