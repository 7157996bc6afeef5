"""What a vendor's product must have shown before it gets a production key: five scenarios, told by what is
on record of its pushes for a school that it tries them with. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from access.credentials.worth import Credential


@dataclass(frozen=True)
class Pushed:
    """One push, as the database has it: its ``outcome``, "open" without (sinks.provincial.load.pushes)."""

    push_id: str
    outcome: str
    accepted: int
    refused: int
    opened_at: datetime

    @property
    def taken(self) -> bool:
        """Whether all of it came, and its records count."""
        return self.outcome in ("version", "unchanged")


SCENARIOS: Final = {
    "clean": (
        "đẩy một lần không lỗi: mọi bản ghi được nhận",
        "push once without an error: every record is taken",
    ),
    "dirty": (
        "đẩy một lần có lỗi: bản ghi sai bị từ chối, bản ghi đúng được nhận",
        "push once with errors: what is wrong is refused, what is right is taken",
    ),
    "repeat": (
        "đẩy lại đúng nội dung lần trước: không có gì thay đổi",
        "push the same once more: nothing changes",
    ),
    "retry": (
        "ngắt giữa chừng, chờ kết quả không đầy đủ, rồi đẩy lại trọn vẹn",
        "cut a push, wait until it is told incomplete, then push the whole again",
    ),
    "rotation": (
        "thay khóa với --overlap-hours 0, rồi đẩy bằng khóa mới",
        "rotate with --overlap-hours 0, then push by the new credential",
    ),
}
"""In the order in which they are tried: Vietnamese, English."""


def evidence(pushes: Sequence[Pushed], credentials: Sequence[Credential]) -> dict[str, str]:
    """Scenario → the push that shows it, "" if none does. Both are of one vendor and school."""
    told = sorted(pushes, key=lambda one: (one.opened_at, one.push_id))
    clean = next((p for p in told if p.outcome == "version" and p.accepted and not p.refused), None)
    dirty = next((p for p in told if p.taken and p.accepted and p.refused), None)
    repeat = next((p for n, p in enumerate(told) if any(_same(before, p) for before in told[:n])), None)
    cut = next((p for p in told if p.outcome == "incomplete"), None)
    retry = next((p for p in told if cut and p.taken and p.opened_at > cut.opened_at), None)
    only_new = [_only_by_the_new(one, credentials) for one in credentials if one.generation > 1]
    rotation = next(
        (p for p in told for since in only_new if since and p.taken and p.opened_at > since), None
    )
    shown = {"clean": clean, "dirty": dirty, "repeat": repeat, "retry": retry, "rotation": rotation}
    return {name: one.push_id if one else "" for name, one in shown.items()}


def passed(shown: Mapping[str, str]) -> bool:
    """Whether all are shown."""
    return all(shown[name] for name in SCENARIOS)


def told(shown: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each scenario as it is printed."""
    return [
        {"scenario": name, "passed": bool(shown[name]), "push_id": shown[name], "what_vi": vi, "what_en": en}
        for name, (vi, en) in SCENARIOS.items()
    ]


def _same(before: Pushed, now: Pushed) -> bool:
    """Nothing changed, and as much was refused: errors beside what is held already change nothing, either."""
    counts = (now.accepted, now.refused)
    return now.outcome == "unchanged" and before.taken and counts == (before.accepted, before.refused)


def _only_by_the_new(one: Credential, credentials: Sequence[Credential]) -> datetime | None:
    """Since when nothing but this successor can have pushed, of its line."""
    before = [
        each.ends_at
        for each in credentials
        if (each.kind, each.test, each.name) == (one.kind, one.test, one.name)
        and each.generation < one.generation
    ]
    if one.issued_at is None or any(end is None for end in before):
        return None
    return max([one.issued_at, *(end for end in before if end is not None)])
