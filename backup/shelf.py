"""The folder of backups: one folder each, named by its time (UTC); which are kept.

A backup is made beside under another name and gets its own when it is whole. What a try that was killed has
left is removed by the next.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from deploy.local import whole
from schemas.errors import Problem, ProblemList

Every = Literal["daily", "weekly", "monthly"]

FORM: Final = "%Y%m%dT%H%M%SZ"
UNFINISHED: Final = ".unfinished-"
LOCK: Final = ".lock"
KEPT: Final = "kept.json"
"""Beside the backups: those that are kept for good, by the school year that each holds."""

AT_WORK: Final = "BAK-009"
NONE_SUCH: Final = "BAK-007"
DAMAGED: Final = "BAK-005"


def name(at: datetime) -> str:
    """Of a backup that begins then."""
    return at.astimezone(UTC).strftime(FORM)


def time_of(folder: Path) -> datetime | None:
    """When a backup began; None of what is none."""
    try:
        return datetime.strptime(folder.name, FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def backups(shelf: Path) -> list[Path]:
    """All there are, oldest first. Raises OSError if the folder cannot be read."""
    if not shelf.exists():
        return []
    return sorted(path for path in shelf.iterdir() if path.is_dir() and time_of(path))


def found(shelf: Path, wanted: str) -> Path:
    """A backup by its name or path; ``latest`` is the newest. Raises ProblemList (BAK-007)."""
    every = backups(shelf)
    if wanted == "latest" and every:
        return every[-1]
    for path in (Path(wanted), shelf / wanted):
        if path.is_dir() and time_of(path):
            return path
    raise ProblemList([Problem(NONE_SUCH, params={"name": wanted, "shelf": shelf})])


@contextmanager
def making(shelf: Path, wanted: str) -> Iterator[Path]:
    """An empty folder to fill; it becomes the backup of that name if the block ends without an error, else it
    is gone. Raises ProblemList (BAK-009) while another is made."""
    shelf.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (shelf / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ProblemList([Problem(AT_WORK, params={"shelf": shelf})]) from None
        tidy(shelf)
        folder = shelf / f"{UNFINISHED}{wanted}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
            _on_disk(folder)
            folder.rename(shelf / wanted)
            _on_disk(shelf)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def tidy(shelf: Path) -> None:
    """Remove what tries that were killed have left."""
    for left in shelf.glob(f"{UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)


def kept(times: Sequence[datetime], rule: Mapping[Every, int]) -> set[datetime]:
    """Which backups stay: the newest of each of the last so many days, weeks and months that have one. The
    newest of all stays whatever the rule says. Pure."""
    form: dict[Every, str] = {"daily": "%Y-%m-%d", "weekly": "%G-%V", "monthly": "%Y-%m"}
    stays = set(times and [max(times)])
    for every, number in rule.items():
        newest = {at.strftime(form[every]): at for at in sorted(times)}
        stays |= set(sorted(newest.values(), reverse=True)[:number])
    return stays


def keep(shelf: Path, why: str, name: str) -> None:
    """Keep a backup from pruning, on the disk when this returns: for the school year ``why`` it holds what is
    nowhere else. Raises OSError, ProblemList (BAK-005)."""
    if kept_for(shelf).get(why) != name:
        whole.write_private(shelf / KEPT, json.dumps(kept_for(shelf) | {why: name}) + "\n")
        _on_disk(shelf)


def kept_for(shelf: Path) -> dict[str, str]:
    """Why → name of each that is kept for good. Raises OSError, ProblemList (BAK-005) if nobody can say."""
    try:
        return dict(json.loads((shelf / KEPT).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise ProblemList([Problem(DAMAGED, params={"place": KEPT, "reason": "not readable"})]) from None


def prune(shelf: Path, rule: Mapping[Every, int]) -> list[str]:
    """Remove what neither the rule nor a closed year keeps; the names. Raises OSError, ProblemList (BAK-005)
    where nobody can say what is kept for good: then nothing is removed."""
    for_good = set(kept_for(shelf).values())
    by_time = {at: path for path in backups(shelf) if (at := time_of(path)) and path.name not in for_good}
    gone = sorted(set(by_time) - kept(list(by_time), rule))
    for at in gone:
        doomed = shelf / f"{UNFINISHED}{by_time[at].name}"
        by_time[at].rename(doomed)  # half of it is no backup
        shutil.rmtree(doomed)
    return [by_time[at].name for at in gone]


def _on_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
