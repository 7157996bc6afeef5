"""What the gateway says, as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

PLACE = ("file", "sheet", "row", "field")


def as_json(said: Any) -> str:
    """As programs read it."""
    return json.dumps(said, ensure_ascii=False, indent=2)


def counted(name: str, said: Mapping[str, Any]) -> str:
    """How many records came, were taken and refused."""
    received, accepted, refused = (said.get(key, 0) for key in ("received", "accepted", "refused"))
    return f"{name}: {received} = {accepted} nhận — accepted + {refused} từ chối — refused"


def sent(name: str, said: Mapping[str, Any]) -> str:
    """The same of a push that was taken: what could not be read is refused, the rest is on its way."""
    received, accepted, refused = (said.get(key, 0) for key in ("received", "accepted", "refused"))
    return f"{name}: {received} = {accepted} đã gửi — sent + {refused} từ chối — refused"


def problems(found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Two lines each, Vietnamese and English: code, place, own id, text."""
    for one in found:
        at = one.get("place") or {}
        where = " ".join(str(at[name]) for name in PLACE if at.get(name)) or str(one.get("pointer", ""))
        head = " ".join(filter(None, (one.get("code", ""), where, one.get("ClientId", ""))))
        yield f"{head}: {one.get('message_vi', '')}"
        yield f"{head}: {one.get('message_en', '')}"


def standing(said: Mapping[str, Any]) -> Iterator[str]:
    """A push: what became of it, its steps, what its sender can do now."""
    yield counted(f"{said['push_id']} {said['outcome']}", said)
    for step in said.get("steps", ()):
        more = " ".join(str(step[name]) for name in ("at", "code", "by", "reason") if step.get(name))
        yield f"  {step['step']:<10} {step['state']:<10} {more}".rstrip()
    if follows := said.get("next"):
        yield f"{follows['code']} {follows['message_vi']}"
        yield f"{follows['code']} {follows['message_en']}"
