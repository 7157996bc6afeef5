"""The vendors' side of the demonstration: every file is written down, read by its adapter and pushed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from demo.ledger import Ledger
from producers import files
from producers.client import PushClient
from producers.model import Target
from producers.synthetic.province import SchoolPlan
from producers.synthetic.write import save
from runtime import accounts, kafka
from runtime.settings import Settings
from schemas.datasets import dataset_id
from schemas.topics import in_topic

START: Final = "1"
"""LoaiDongBo of the demonstration: the start of the year."""

IN_FLIGHT: Final = 40
"""Pushes without an answer, at most: what the servers hold stays small however large the province is."""

ANSWER_S: Final = 120.0


@dataclass(frozen=True)
class Sent:
    """One push as it left the vendor. ``story`` is empty for an ordinary one."""

    push_id: str
    vendor: str
    school: str
    dataset_id: str
    story: str
    paths: tuple[Path, ...]
    records: int
    seconds: float
    """Since the first push."""


class Vendors:
    """Pushes for all vendors; keeps what was sent. A context manager."""

    def __init__(self, settings: Settings, folder: Path, year: int, ledger: Ledger) -> None:
        self.sent: list[Sent] = []
        self._settings, self._folder, self._year, self._ledger = settings, folder, year, ledger
        self._clients: dict[str, PushClient] = {}
        self._started = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()

    def push(self, school: SchoolPlan, contents: dict[str, bytes], story: str = "") -> Sent:
        """Write a school's files (in a folder of their own for a story) and push them, once there is room."""
        paths = save(self._folder / story, contents)
        return self._push(school, tuple(paths), story)

    def push_again(self, before: Sent, school: SchoolPlan, story: str, *, same_id: bool) -> Sent:
        """The same files once more: as the same sending, or as a new one. The same sending is kept once."""
        again = self._push(school, before.paths, story, before.push_id if same_id else None)
        if same_id:
            self.sent.pop()
        return again

    def write_raw(self, school: SchoolPlan, value: bytes) -> None:
        """Any bytes into the vendor's topic, under the school's key."""
        own = self._settings.acting_as(accounts.vendor(school.vendor))
        producer = kafka.producer(own)
        try:
            producer.send(in_topic(school.vendor), key=school.code.encode(), value=value).get(timeout=30)
        finally:
            producer.close()

    def unanswered(self) -> list[Sent]:
        """Pushes that wait for their answer."""
        return [s for s in self.sent if s.push_id not in self._ledger.answers]

    def wait(self, at_most: int = 0, tell: Callable[[int, int], None] | None = None) -> bool:
        """Until at most so many pushes wait for an answer; False if nothing is answered for ANSWER_S."""
        before, deadline = -1, time.monotonic() + ANSWER_S
        while (waiting := len(self.unanswered())) > at_most:
            if waiting != before:
                before, deadline = waiting, time.monotonic() + ANSWER_S
            if time.monotonic() > deadline:
                return False
            self._ledger.poll()
            if tell:
                tell(len(self.sent) - waiting, len(self.sent))
        return True

    def _push(
        self, school: SchoolPlan, paths: tuple[Path, ...], story: str, push_id: str | None = None
    ) -> Sent:
        self.wait(IN_FLIGHT)
        target = Target(school.vendor, school.code, self._year, START)
        reading = files.read(paths, target)
        receipt = self._client(school.vendor).push(school.code, self._year, START, reading.tables, push_id)
        sent = Sent(
            receipt.push_id,
            school.vendor,
            school.code,
            dataset_id(school.code, self._year, START),
            story,
            paths,
            sum(receipt.records.values()),
            round(time.monotonic() - self._started, 1),
        )
        self.sent.append(sent)
        return sent

    def _client(self, vendor: str) -> PushClient:
        if vendor not in self._clients:
            self._clients[vendor] = PushClient(self._settings, vendor)
        return self._clients[vendor]
