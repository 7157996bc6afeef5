"""Vendors' programs that push, each push under a key of its own, and come again until they have a 202."""

import random
import time
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Event, Thread

import httpx
import polars as pl

from producers.synthetic import packet_file, school
from producers.synthetic.province import SchoolPlan
from producers.synthetic.write import EVERYTHING
from tests.faults.inputs import YEAR

AGAIN: frozenset[int] = frozenset({401, 408, 409, 413, 429, 500, 502, 503})
"""What a first try may meet, and the next one under the same key may not."""

PAUSE_S = 0.3
PATIENCE_S = 15.0


@dataclass
class Vendor:
    """Pushes for one school, one after the other, each with one pupil who lives elsewhere than before.

    ``urls`` of push services that share what they know, the first of them tried most; ``wrong``: a key that
    proves nothing, which some first tries show.
    """

    plan: SchoolPlan
    secret: str
    urls: list[str]
    seed: int
    wrong: str = "csdl_live_nobody_knows"
    answers: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    """Idempotency-Key → what each 202 said."""
    met: set[int] = field(default_factory=set)
    """Other statuses that came; 0 stands for no answer."""
    stop: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self._rng = random.Random(f"{self.seed}/{self.plan.code}")
        self._made = school.make(self.plan, self.seed, YEAR)
        self._enough = Event()
        self.thread = Thread(target=self.run, daemon=True)

    def key(self, number: int) -> str:
        """Of a push."""
        return f"{self.plan.code}-{number}"

    def body(self, number: int) -> bytes:
        """Of a push; always the same for its number."""
        pupils = self._made.frames["HocSinh"]
        moved = pupils.with_columns(
            DchiThtru=pl.when(pl.int_range(pl.len()) == 3)
            .then(pl.lit(f"Xóm {number}"))
            .otherwise("DchiThtru")
        )
        frames = self._made.frames | {"HocSinh": moved}
        return packet_file.packet(replace(self._made, frames=frames), EVERYTHING)

    def run(self) -> None:
        """One after the other, until it is ``enough``."""
        for number in count():
            if self._enough.is_set():
                return
            self.insist(number)

    def enough(self) -> None:
        """What is under way is the last."""
        self._enough.set()

    def insist(self, number: int) -> None:
        """Until there is a 202. The first try is now and then made by a key that proves nothing."""
        body, secret = self.body(number), self._rng.choice([self.secret, self.secret, self.wrong])
        while not self.stop.is_set():
            if self._told(self._try(number, body, secret), number):
                return
            secret = self.secret
            time.sleep(PAUSE_S)

    def _try(self, number: int, body: bytes, secret: str) -> httpx.Response | None:
        headers = {
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/json",
            "Idempotency-Key": self.key(number),
        }
        url = self._rng.choice([*self.urls[:1] * 3, *self.urls])
        try:
            with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
                return client.post(f"{url}/v1/pushes", content=body, headers=headers)
        except httpx.HTTPError:
            return None

    def _told(self, answer: httpx.Response | None, number: int) -> bool:
        if answer is not None and answer.status_code == 202:
            self.answers.setdefault(self.key(number), []).append(answer.json())
            return True
        self.met.add(0 if answer is None else answer.status_code)
        assert answer is None or answer.status_code in AGAIN, answer.text
        return False
