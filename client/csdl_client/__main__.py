"""`python -m csdl_client`: push files, ask what became of them. CSDL_URL and CSDL_KEY_FILE say where and who.

Exit codes: 0 done, 1 refused, 2 called wrongly, 3 not sent: the same call goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from csdl_client.client import Client, as_text
from csdl_client.lists import Sent, push_all
from csdl_client.sending import Again, NotSent, Refused

REFUSED, WRONG_CALL, NOT_SENT = 1, 2, 3
JOURNAL = ".csdl-push.json"


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
        return _say(REFUSED, *_texts(refused))
    except (NotSent, TimeoutError) as fault:
        return _say(NOT_SENT, str(fault))
    except OSError as fault:
        return _say(WRONG_CALL, f"{fault.filename or ''}: {type(fault).__name__}")


def _push(client: Client, asked: argparse.Namespace) -> int:
    about = {"school": asked.school, "year": asked.year, "kind": asked.kind, "parts": asked.part}
    if asked.dry_run:
        refused = False
        for path in asked.files:
            said = client.dry_run(path, **about)
            print(as_text(said))
            refused |= bool(said.get("refused"))
        return REFUSED if refused else 0
    found = push_all(client, asked.files, asked.journal, _tell, **about)
    if asked.wait and not any(one.fault for one in found):
        for one in found:
            loaded = client.wait_until_loaded(str(one.said and one.said["push_id"]))
            print(f"{loaded['push_id']} {loaded['outcome']}", file=sys.stderr)
    left = [one.path for one in found if one.said is None]
    if left:
        print("chưa gửi — not sent: " + ", ".join(left), file=sys.stderr)
    if any(isinstance(one.fault, NotSent) for one in found):
        return NOT_SENT
    return REFUSED if left else 0


def _tell(one: Sent) -> None:
    """The id of a push to stdout; what is wrong to stderr."""
    if one.said is not None:
        print(one.said["push_id"], flush=True)
        print(f"{one.path}: 202" + (" (đã gửi trước — sent before)" if one.before else ""), file=sys.stderr)
    elif isinstance(one.fault, Refused):
        _say(REFUSED, *(f"{one.path}: {text}" for text in _texts(one.fault)))
    else:
        _say(NOT_SENT, f"{one.path}: {one.fault}")


def _status(client: Client, asked: argparse.Namespace) -> int:
    print(as_text(client.status(asked.push)))
    return 0


def _errors(client: Client, asked: argparse.Namespace) -> int:
    if asked.xlsx:
        Path(asked.xlsx).write_bytes(client.marked(asked.push))
        return 0
    print(as_text(client.errors(asked.push)))
    return 0


def _wait(client: Client, asked: argparse.Namespace) -> int:
    print(as_text(client.wait_until_loaded(asked.push)))
    return 0


def _events(client: Client, asked: argparse.Namespace) -> int:
    for event in client.events(asked.cursor):
        print(as_text(event), flush=True)
    return 0


def _texts(refused: Refused) -> list[str]:
    """What is wrong, a line each, Vietnamese and English."""
    told = []
    for each in refused.problems:
        place = " ".join(str(each[name]) for name in ("file", "sheet", "row", "field") if each.get(name))
        told += [
            f"{each.get('code', '')} {place} {each.get(f'message_{tongue}', '')}" for tongue in ("vi", "en")
        ]
    return told or [str(refused)]


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
    push.add_argument("--wait", action="store_true", help="Until their records were taken or refused.")
    push.add_argument("--journal", default=JOURNAL, help="What a list that is cut is gone on with.")
    push.set_defaults(command=_push)
    for name, command, text in (
        ("status", _status, "Tình trạng — how far a push has come."),
        ("errors", _errors, "Lỗi — what is wrong with a push."),
        ("wait", _wait, "Chờ — until a push was taken or refused."),
    ):
        asks = commands.add_parser(name, help=text)
        asks.add_argument("push", metavar="PUSH")
        asks.set_defaults(command=command)
        if command is _errors:
            asks.add_argument("--xlsx", metavar="FILE", help="The sender's own workbook, marked.")
    events = commands.add_parser("events", help="Tin mới — what became of pushes since the last call.")
    events.add_argument("--cursor", default=".csdl-cursor", help="File that keeps how far was read.")
    events.set_defaults(command=_events)
    return made


if __name__ == "__main__":
    sys.exit(main())
