"""What the demonstration says at its end: as tables, and as JSON."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from demo.accounts import Tally
from demo.sending import Sent
from demo.stories import Story

ORDINARY_SHOWN = 8


@dataclass(frozen=True)
class PushLine:
    """What became of one push."""

    push: Sent
    outcome: str
    version: int
    tally: Tally
    state: str
    """Of its dataset, at the end."""


@dataclass(frozen=True)
class Report:
    """All of it."""

    seed: int
    schools: int
    lines: list[PushLine]
    stories: list[Story]
    states: Counter[str]
    exported: int
    receipts: int
    seconds: dict[str, float]

    @property
    def total(self) -> Tally:
        """Of all pushes."""
        total = Tally()
        for line in self.lines:
            total.add(line.tally)
        return total

    @property
    def ok(self) -> bool:
        """Nothing lost, nothing doubled, every story as expected."""
        total = self.total
        return total.lost == total.doubled == 0 and all(s.ok for s in self.stories)

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        total = self.total
        return {
            "schools": self.schools,
            "pushes": len(self.lines),
            "records_pushed": total.pushed,
            "records_accepted": total.accepted,
            "records_refused": total.refused,
            "records_lost": total.lost,
            "records_doubled": total.doubled,
            "datasets_by_state": dict(sorted(self.states.items())),
            "exported": self.exported,
            "receipts": self.receipts,
            "seconds": self.seconds["total"],
            "seconds_by_part": self.seconds,
            "seed": self.seed,
            "stories": [asdict(s) | {"ok": s.ok} for s in self.stories],
            "ok": self.ok,
        }


def show(report: Report, console: Console) -> None:
    """The tables."""
    total = report.total
    told = [line for line in report.lines if line.push.story]
    plain = [line for line in report.lines if not line.push.story]
    pushes = Table(title=f"{len(report.lines)} pushes", title_justify="left", box=None, pad_edge=False)
    for heading in (
        "school",
        "vendor",
        "story",
        "answer",
        "pushed",
        "accepted",
        "refused",
        "lost",
        "doubled",
        "dataset",
    ):
        pushes.add_column(heading, justify="right" if heading in vars(Tally()) else "left")
    for line in [*told, *plain[:ORDINARY_SHOWN]]:
        t = line.tally
        answer = f"version {line.version}" if line.outcome == "version" else line.outcome
        counts = (str(getattr(t, name)) for name in ("pushed", "accepted", "refused", "lost", "doubled"))
        pushes.add_row(line.push.school, line.push.vendor, line.push.story, answer, *counts, line.state)
    if rest := plain[ORDINARY_SHOWN:]:
        sums = Tally()
        for line in rest:
            sums.add(line.tally)
        counts = (f"{getattr(sums, n):,}" for n in ("pushed", "accepted", "refused", "lost", "doubled"))
        pushes.add_row(f"and {len(rest)} more", "", "", "", *counts, "")
    counts = (f"{getattr(total, n):,}" for n in ("pushed", "accepted", "refused", "lost", "doubled"))
    pushes.add_row("all", "", "", "", *counts, "", style="bold")
    stories = Table(title="Stories", title_justify="left", box=None, pad_edge=False)
    for heading in ("", "story", "expected", "seen"):
        stories.add_column(heading, overflow="fold")
    for s in report.stories:
        stories.add_row("ok" if s.ok else "NO", s.name, s.expected, "" if s.ok else s.seen)
    console.print(pushes, stories, sep="\n")
    states = ", ".join(f"{n} {state}" for state, n in sorted(report.states.items()))
    parts = ", ".join(f"{name} {s:.0f} s" for name, s in report.seconds.items() if name != "total")
    console.print(f"Datasets: {states}. Exported {report.exported:,} records, {report.receipts:,} receipts.")
    console.print(
        f"Records lost {total.lost}, doubled {total.doubled}, by the vendors' files and the tables."
    )
    console.print(f"{report.schools} schools in {report.seconds['total']:.0f} s ({parts}).")
