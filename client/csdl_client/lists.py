"""A list of files, each a push: cut in the middle it is gone on with where it was cut.

What is under way stands in a journal: the key of each file's push before a byte of it is sent, and its id
once it was taken. The same list again goes on with the same keys, so that what had arrived is not pushed
twice; another list begins anew. A list that was sent whole leaves no journal.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from csdl_client.client import Client, _keep
from csdl_client.sending import NotSent, Refused


@dataclass
class Sent:
    """A file of the list, and what came of it: what the gateway said of it, or why not."""

    path: str
    said: dict[str, Any] | None = None
    fault: Exception | None = None
    before: bool = False
    """Taken when the list was sent before it was cut."""


def push_all(
    client: Client,
    paths: Sequence[str | PathLike[str]],
    journal: str | PathLike[str],
    tell: Callable[[Sent], None] = lambda sent: None,
    *,
    school: str = "",
    year: int | None = None,
    kind: str = "",
    parts: Iterable[str] = (),
) -> list[Sent]:
    """Push each file in its order; what came of each. ``tell`` is called for each as it is known.

    A file that is refused is passed over; after one that could not be sent nothing more is tried, for what
    comes later must not overtake it. Raises OSError for a file that cannot be read, before anything is sent.
    """
    parts = tuple(parts)
    contents = [(fspath(path), Path(path).read_bytes()) for path in paths]
    about = [school, year, kind, list(parts)]
    named = [[path, hashlib.sha256(content).hexdigest()] for path, content in contents]
    list_id = hashlib.sha256(json.dumps([about, named]).encode()).hexdigest()
    kept = Path(journal)
    state = _journal(kept, list_id, len(contents))
    found = [Sent(path) for path, _ in contents]
    for one, entry, (path, content) in zip(found, state["pushes"], contents):
        if entry["said"] is not None:
            one.said, one.before = entry["said"], True
        else:
            if not entry["key"]:
                entry["key"] = str(uuid.uuid4())
                _keep(kept, json.dumps(state))
            try:
                one.said = client.push(
                    content,
                    school=school,
                    year=year,
                    kind=kind,
                    parts=parts,
                    name=Path(path).name,
                    idempotency_key=entry["key"],
                )
            except NotSent as fault:
                one.fault = fault
                tell(one)
                return found
            except Refused as fault:
                # Whoever sends it again, corrected or not, begins anew.
                one.fault, entry["key"] = fault, ""
            entry["said"] = one.said
            _keep(kept, json.dumps(state))
        tell(one)
    kept.unlink()
    return found


def _journal(path: Path, list_id: str, length: int) -> dict[str, Any]:
    """The journal of this very list; a new one where there is none of it."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        if state["list"] == list_id and len(state["pushes"]) == length:
            return dict(state)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    state = {"list": list_id, "pushes": [{"key": "", "said": None} for _ in range(length)]}
    _keep(path, json.dumps(state))
    return state
