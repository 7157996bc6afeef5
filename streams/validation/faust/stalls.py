"""Where fetching stood still when the watchdog ended the process, and how often: the attempts before judging.

``in_flight`` counts what crashed a judgement. A message that is never handed out, whatever the reason, is in
nobody's hand: the process ends, and stands at it again in its next life. After ``LIMIT`` ends at one place
that place is passed over and put aside.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streams.validation.in_flight import LIMIT, RecordPosition

KEPT: Final = 1000
"""Places in the file: those of the last ends."""


class Stalls:
    """The file. Its process alone writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, places: Sequence[RecordPosition]) -> None:
        """The process ends at these."""
        counts = self._read()
        counts = {place: counts.get(place, 0) + 1 for place in places}
        text = "".join(f"{t} {p} {o} {n}\n" for (t, p, o), n in list(counts.items())[:KEPT])
        self._path.write_text(text, encoding="ascii")

    def beyond_trying(self) -> list[RecordPosition]:
        """Places at which it ended ``LIMIT`` times, one after the other."""
        return [place for place, n in self._read().items() if n >= LIMIT]

    def _read(self) -> dict[RecordPosition, int]:
        """A line cut short by a crash is left out."""
        found: dict[RecordPosition, int] = {}
        try:
            lines = self._path.read_text(encoding="ascii", errors="replace").splitlines()
        except OSError:
            return found
        for line in lines:
            match line.split(" "):
                case [topic, partition, offset, n] if (
                    partition.isdigit() and offset.isdigit() and n.isdigit()
                ):
                    found[RecordPosition(topic, int(partition), int(offset))] = int(n)
        return found
