"""Progress: bars on a terminal, a line now and then in a pipe."""

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

EVERY_S: Final = 15.0


class Screen:
    """A context manager. ``step`` may be called often."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars: dict[str, TaskID] = {}
        self._said = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def line(self, text: str) -> None:
        """One line, above the bars."""
        self.console.print(text, highlight=False, markup=False)

    def step(self, name: str, done: int, total: int) -> None:
        """How far something is."""
        if self.console.is_terminal:
            bar = self._bars.setdefault(name, TaskID(-1))
            if bar == TaskID(-1):
                bar = self._bars[name] = self._progress.add_task(name, total=total)
            self._progress.update(bar, completed=done, total=total)
        elif time.monotonic() - self._said > EVERY_S:
            self._said = time.monotonic()
            self.line(f"  {name}: {done} of {total}")
