"""What the process has in hand while it judges, kept in a file, so that one poisonous message cannot stop it
for good.

A panic, an abort in native code or a kill for want of memory leaves no exception to catch; the supervisor
restarts the process, Kafka gives it the same message again, and so on for ever. So the places (topic,
partition, offset) in hand are written down before the work and struck out after it. What a start finds
written was in hand when the last life ended: its crashes are counted, it is judged alone from then on, and
after ``LIMIT`` crashes it is not judged but put aside as a dead letter.

Only judging counts, never waiting for Kafka: a process killed while it waits blames nothing. A process that
reports an error of its own and ends (exit 1) goes the same way: the message stays in the file.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

LIMIT: Final = 3
SLOTS: Final = 64
"""Processes that may share a data directory."""


class RecordPosition(NamedTuple):
    """Where a message stands."""

    topic: str
    partition: int
    offset: int


class InFlight:
    """One process's file. A restarted process takes the first file that no living process holds."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = _first_free(folder)
        self._crashes: dict[RecordPosition, int] = _read(self._file)

    def suspects(self, places: Sequence[RecordPosition]) -> bool:
        """Whether any of these was in hand at a crash: then each is to be judged alone."""
        return bool(self._crashes) and any(place in self._crashes for place in places)

    def is_poison(self, place: RecordPosition) -> bool:
        """Whether it crashed the process too often to try again."""
        return self._crashes.get(place, 0) >= LIMIT

    def acquit(self, places: Sequence[RecordPosition]) -> None:
        """These have their verdict, or lie with the dead letters."""
        for place in places:
            self._crashes.pop(place, None)

    @contextmanager
    def holding(self, places: Sequence[RecordPosition]) -> Iterator[None]:
        """Have them in hand for the block. After an exception they stay in the file: it is a crash."""
        self._write(places)
        yield
        self._write(())

    def _write(self, held: Sequence[RecordPosition]) -> None:
        lines = [f"{t} {p} {o} {self._crashes.get(RecordPosition(t, p, o), 0)} held\n" for t, p, o in held]
        lines += [
            f"{t} {p} {o} {n} free\n" for (t, p, o), n in self._crashes.items() if (t, p, o) not in held
        ]
        os.ftruncate(self._file, 0)
        if lines:
            os.pwrite(self._file, "".join(lines).encode("ascii"), 0)


def _first_free(folder: Path) -> int:
    """An open, locked file; the lock goes with the process. Raises OSError if all are held."""
    for slot in range(SLOTS):
        file = os.open(folder / f"in-hand-{slot}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
        else:
            return file
    raise OSError(f"{SLOTS} processes hold the files in {folder}")


def _read(file: int) -> dict[RecordPosition, int]:
    """place → crashes. A line cut short by a crash is left out."""
    found: dict[RecordPosition, int] = {}
    for line in os.pread(file, 1 << 20, 0).decode("ascii", "replace").splitlines():
        match line.split(" "):
            case [topic, partition, offset, crashes, "held" | "free" as was]:
                found[RecordPosition(topic, int(partition), int(offset))] = int(crashes) + (was == "held")
    return found
