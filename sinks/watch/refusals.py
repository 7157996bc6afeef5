"""What Kafka has refused, counted from the broker's own log, where that lies on this machine.

Kafka keeps no number of it that a client may ask for. The log names who, and what for; the number is for the
dashboard.
"""

from pathlib import Path
from typing import Final

from runtime import metrics

KINDS: Final = {"login": b"Failed authentication", "right": b"is Denied operation"}
"""What a line says, by the kind of refusal."""

NO_REFUSAL: Final = b"request = ListTransactions"
"""Who asks for the ids that there are is told its own; the log names the others all the same."""

MOST: Final = 4 * 1024 * 1024
"""Bytes of one look; a flood is counted over several."""


class Refusals:
    """``look`` counts what was written since the last one; what was there at the first is not news."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._at = self._size()

    def look(self) -> None:
        """A log that was begun anew is read from its beginning. One that is not there has nothing."""
        if self._size() < self._at:
            self._at = 0
        try:
            with self._log.open("rb") as file:
                file.seek(self._at)
                text = file.read(MOST)
        except OSError:
            return
        whole = text[: text.rfind(b"\n") + 1]
        self._at += len(whole)
        for kind, words in KINDS.items():
            metrics.KAFKA_REFUSED.labels(kind).inc(_count(whole, words))

    def _size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0


def _count(text: bytes, words: bytes) -> int:
    return sum(words.lower() in line.lower() and NO_REFUSAL not in line for line in text.splitlines())
