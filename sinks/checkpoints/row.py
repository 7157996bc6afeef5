"""What a row of checkpoints proves, and what is wrong with it. Files are read one at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from sinks.chains.chains import REFUSALS
from sinks.checkpoints import acts
from sinks.checkpoints import folder as files
from sinks.checkpoints.checkpoint import Acceptance, Checkpoint, Head, Reached, Unfit, verified
from sinks.checkpoints.findings import Finding
from sinks.checkpoints.heads import SEALED, Followed

NONE: Final = "AUD-001"
MISSING: Final = "AUD-002"
UNLIKE: Final = "AUD-005"
UNREADABLE: Final = "AUD-006"
NEWEST_GONE: Final = "AUD-007"


@dataclass
class Row:
    """A row as far as it could be verified.

    ``points``: topic → subject → its heads in all checkpoints, by sequence; ``stages``: partition of refusals
    → how far it was read and its head then. Both since the last acceptance: before it the logs were others.
    """

    problems: list[Finding] = field(default_factory=list)
    state: Followed = field(default_factory=Followed)
    points: dict[str, dict[str, list[Head]]] = field(default_factory=lambda: {t: {} for t in SEALED})
    stages: dict[tuple[str, str], list[tuple[Reached, Head]]] = field(default_factory=dict)
    accepted: list[Acceptance] = field(default_factory=list)
    newest: Checkpoint | None = None
    newest_hash: str = ""
    whole: list[int] = field(default_factory=list)
    since_whole: int = 0
    """Heads in the checkpoints after the last whole one."""
    count: int = 0
    first: int = 0

    @property
    def number(self) -> int:
        """Of the newest checkpoint; 0 if there is none."""
        return self.newest.number if self.newest else 0

    @property
    def at(self) -> datetime | None:
        """When the newest checkpoint was made."""
        return self.newest.at if self.newest else None

    def add(self, checkpoint: Checkpoint, digest: str) -> None:
        """The next checkpoint of the row."""
        if checkpoint.anew:
            self.problems = []  # they were accepted
            self.points = {topic: {} for topic in SEALED}
            self.stages = {}
        self.state.follow(checkpoint)
        for topic in SEALED:
            heads = checkpoint.heads.get(topic, {})
            for subject, head in heads.items():
                points = self.points[topic].setdefault(subject, [])
                if not points or points[-1] != head:
                    points.append(head)
        for topic in (*REFUSALS, acts.TABLE):
            for partition, head in self.state.heads[topic].items():
                stages = self.stages.setdefault((topic, partition), [])
                reached = checkpoint.reached[topic][partition]
                if not stages or stages[-1][0] != reached:
                    stages.append((reached, head))
        self.written(checkpoint, digest)

    def written(self, checkpoint: Checkpoint, digest: str) -> None:
        """The newest is now this one; what it says is not looked at."""
        held = sum(len(heads) for heads in checkpoint.heads.values())
        if checkpoint.whole:
            self.whole.append(checkpoint.number)
            self.accepted = list(checkpoint.accepted)
        self.since_whole = 0 if checkpoint.whole else self.since_whole + held
        self.newest, self.newest_hash = checkpoint, digest
        self.count += 1
        self.first = self.first or checkpoint.number

    def forget(self) -> None:
        """Where the row ended before: a writer needs its state alone."""
        for points in self.points.values():
            points.clear()
        self.stages.clear()


def read(folder: Path, key: Ed25519PublicKey) -> Row:
    """The row in a folder, with all that is wrong with it. Raises OSError if it cannot be read."""
    row = Row()
    before = 0
    for number in files.numbers(folder):
        if before and number > before + 1:
            row.problems.append(_finding(MISSING, folder, before + 1, number - 1))
        before = number
        try:
            checkpoint, digest = verified(files.path(folder, number).read_bytes(), key)
        except Unfit as unfit:
            row.problems.append(_finding(unfit.code, folder, number, number))
            continue
        row.problems += _unlike(row, folder, number, checkpoint)
        if checkpoint.number == number:
            row.add(checkpoint, digest)
    totals = row.state.totals()  # with the topics of a later release, of which the newest knows nothing
    if row.newest is not None and not row.problems and row.newest.totals.items() - totals.items():
        row.problems.append(_finding(UNLIKE, folder, row.number, row.number))
    return row


def gone(row: Row, folder: Path, number: int, digest: str) -> list[Finding]:
    """AUD-007 if the signer remembers to have written further than the row goes, AUD-005 if another."""
    if number > row.number:
        return [_finding(NEWEST_GONE, folder, row.number + 1, number)]
    if number == row.number and digest != row.newest_hash:
        return [_finding(UNLIKE, folder, number, number)]
    return []


def _unlike(row: Row, folder: Path, number: int, checkpoint: Checkpoint) -> Iterator[Finding]:
    """What keeps a checkpoint, whose signature is good, from being the next of the row."""
    if checkpoint.number != number:
        yield _finding(UNREADABLE, folder, number, number)  # an older one in its place
    elif checkpoint.anew:
        return
    elif row.newest is None:
        if not checkpoint.whole:
            yield _finding(MISSING, folder, 1, number - 1)
    elif row.number == number - 1 and checkpoint.previous != row.newest_hash:
        yield _finding(UNLIKE, folder, number, number)


def _finding(code: str, folder: Path, first: int, last: int) -> Finding:
    return Finding(code, "", "", first, last, str(folder))
