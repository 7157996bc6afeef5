"""How many bodies are taken at once, and how much of them is held: of a key, of a vendor, of all.

Of one event loop: nothing here is asked from another thread.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from producers.gateway.problems import FULL, TOO_MANY_BODIES
from schemas.errors import Problem, ProblemList

OF_A_KEY: Final = 16
OF_A_VENDOR: Final = 192
OF_ALL: Final = 384
"""Bodies at once. What one vendor's clients hold leaves room for the others'."""

BYTES: Final = 384 * 1024 * 1024
"""That are held at once, of all bodies; each is let go of when its request is answered."""

AGAIN_S: Final = 2


class Room:
    """What is left of it."""

    def __init__(self) -> None:
        self._at_once: Counter[str] = Counter()
        self._bytes = 0

    @contextmanager
    def one(self, number: int, vendor: str) -> Iterator["Body"]:
        """Take a body of a credential. Raises ProblemList: GATE-010, GATE-011."""
        mine = {f"key {number}": OF_A_KEY, f"vendor {vendor}": OF_A_VENDOR, "all": OF_ALL}
        for of, most in mine.items():
            if self._at_once[of] >= most:
                params = {"most": most, "retry_after": AGAIN_S}
                raise ProblemList([Problem(FULL if of == "all" else TOO_MANY_BODIES, params=params)])
        self._at_once.update(mine.keys())
        body = Body(self)
        try:
            yield body
        finally:
            self._bytes -= body.bytes
            for of in mine:
                self._at_once[of] -= 1
                if not self._at_once[of]:
                    del self._at_once[of]

    def hold(self, more: int) -> None:
        """Raises ProblemList (GATE-011) where there is no room."""
        if self._bytes + more > BYTES:
            raise ProblemList([Problem(FULL, params={"retry_after": AGAIN_S})])
        self._bytes += more


class Body:
    """One that is being taken."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.bytes = 0

    def more(self, received: int) -> None:
        """So many bytes came. Raises ProblemList (GATE-011)."""
        self._room.hold(received)
        self.bytes += received
