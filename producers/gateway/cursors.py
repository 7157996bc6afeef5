"""Where a reader of the feed stands, as a text that it keeps for us: opaque, and of nobody else. Pure.

It binds to what was read: the event and, by its chain, all before it. A stamp keeps it to the vendor and the
school to which it was given: what was made up, or given to another, is no cursor at all.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final

from readings.feed import Place

Stamp = Callable[[bytes], bytes]
"""By which we know again what we have handed out (``Keyring.stamp``)."""

ID_BYTES: Final = 8
STAMP_BYTES: Final = 16
MOST: Final = 100
"""Characters: twice what one of ours has."""


def written(place: Place, vendor: str, school: str, stamp: Stamp) -> str:
    """A place as this vendor's reader for this school keeps it."""
    said = place.id.to_bytes(ID_BYTES, "big") + place.chain
    return urlsafe_b64encode(said + _stamped(said, vendor, school, stamp)).decode().rstrip("=")


def read(text: str, vendor: str, school: str, stamp: Stamp) -> Place | None:
    """The place; None of what was not given to them."""
    if len(text) > MOST or not text.isascii():
        return None
    try:
        whole = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    said, shown = whole[:-STAMP_BYTES], whole[-STAMP_BYTES:]
    if len(said) < ID_BYTES or not hmac.compare_digest(shown, _stamped(said, vendor, school, stamp)):
        return None
    place = Place(int.from_bytes(said[:ID_BYTES], "big"), said[ID_BYTES:])
    return place if written(place, vendor, school, stamp) == text else None


def _stamped(said: bytes, vendor: str, school: str, stamp: Stamp) -> bytes:
    # Neither a vendor's nor a school's code holds a slash.
    return stamp(b"csdl feed: " + f"{vendor}/{school}/".encode() + said)[:STAMP_BYTES]
