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
from typing import Any, Union

from csdl_client.client import Client, _keep
from csdl_client.sending import NotSent, Refused

WHO = (401, 403)
"""It is the key that is refused, not what was sent: with another one the list goes on."""

Sending = Union[str, "PathLike[str]", Sequence[Union[str, "PathLike[str]"]]]
"""A file, or several that are one push."""


@dataclass
class Sent:
    """A push of the list, and what came of it: what the gateway said of it, or why not."""

    name: str
    said: dict[str, Any] | None = None
    fault: Exception | None = None
    before: bool = False
    """Taken when the list was sent before it was cut."""


def push_all(
    client: Client,
    sendings: Sequence[Sending],
    journal: str | PathLike[str],
    tell: Callable[[Sent], None] = lambda sent: None,
    *,
    school: str = "",
    year: int | None = None,
    kind: str = "",
    parts: Iterable[str] = (),
) -> list[Sent]:
    """Push each in its order; what came of each. ``tell`` is called for each as it is known.

    What is refused is passed over; after what could not be sent nothing more is tried, for what comes later
    must not overtake it, nor after a key that is worth nothing. Raises OSError for a file that cannot be
    read, before anything is sent.
    """
    parts = tuple(parts)
    about = [school, year, kind, list(parts)]
    digests = [[[fspath(path), _digest(path)] for path in _files(sending)] for sending in sendings]
    list_id = hashlib.sha256(json.dumps([about, digests]).encode()).hexdigest()
    kept = Path(journal)
    state = _journal(kept, list_id, len(sendings))
    found = [Sent(named(sending)) for sending in sendings]
    for one, entry, sending in zip(found, state["pushes"], sendings):
        if entry["said"] is not None:
            one.said, one.before = entry["said"], True
        else:
            if not entry["key"]:
                entry["key"] = str(uuid.uuid4())
                _keep(kept, json.dumps(state))
            try:
                one.said = client.push(
                    sending,
                    school=school,
                    year=year,
                    kind=kind,
                    parts=parts,
                    idempotency_key=entry["key"],
                )
            except (NotSent, Refused) as fault:
                one.fault = fault
                if isinstance(fault, NotSent) or fault.status in WHO:
                    tell(one)
                    return found
            entry["said"] = one.said
            _keep(kept, json.dumps(state))
        tell(one)
    kept.unlink()
    return found


def named(sending: Sending) -> str:
    """As it is told."""
    return " + ".join(fspath(path) for path in _files(sending))


def _files(sending: Sending) -> Sequence[str | PathLike[str]]:
    return [sending] if isinstance(sending, (str, PathLike)) else sending


def _digest(path: str | PathLike[str]) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


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
