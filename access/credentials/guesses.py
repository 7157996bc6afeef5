"""Keys that nobody issued, by the address that shows them: so many a minute are looked up, then none.

What was proved once here is looked up all the same, or one program with a wrong key would shut out all
others behind its router. Counted before the key is looked at: of a thousand at once no more are. Of one
process: a second gateway has a count of its own.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_network
from math import ceil
from threading import Lock
from typing import Final

from access.credentials import addresses

MOST: Final = 100
"""Of an address in a window."""
WINDOW_S: Final = 60.0
REMEMBERED: Final = 10_000
"""Addresses, and keys that were proved."""
NETWORK: Final = 64
"""Bits of an IPv6 address that count: the rest its owner chooses."""


class Guess:
    """One look at a key. ``wait_s``: seconds before which it may not be looked up; 0: it may."""

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        self.wrong = False
        """Nobody issued it."""
        self.right = False
        """It was proved."""


class Guesses:
    """For any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._proved: OrderedDict[bytes, None] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def one(self, address: str, mac: bytes) -> Iterator[Guess]:
        """Of a key, by its MAC; what is neither ``wrong`` nor ``right`` at the end does not count."""
        whose = _whose(address)
        guess = Guess(self._begin(whose, mac))
        try:
            yield guess
        finally:
            if not guess.wait_s:
                self._end(whose, mac, guess)

    def _begin(self, whose: str, mac: bytes) -> int:
        now = self._clock()
        with self._lock:
            since, count = self._counted.get(whose, (now, 0))
            if now - since >= WINDOW_S:
                since, count = now, 0
            if count >= MOST and mac not in self._proved:
                return ceil(since + WINDOW_S - now)
            self._counted[whose] = (since, count + 1)
            self._counted.move_to_end(whose)
            if len(self._counted) > REMEMBERED:
                self._counted.popitem(last=False)
        return 0

    def _end(self, whose: str, mac: bytes, guess: Guess) -> None:
        with self._lock:
            if not guess.wrong and whose in self._counted:
                since, count = self._counted[whose]
                self._counted[whose] = (since, max(count - 1, 0))
            if guess.right:
                self._proved[mac] = None
                self._proved.move_to_end(mac)
                if len(self._proved) > REMEMBERED:
                    self._proved.popitem(last=False)


def _whose(address: str) -> str:
    found = addresses.read(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, NETWORK), strict=False))
    return address
