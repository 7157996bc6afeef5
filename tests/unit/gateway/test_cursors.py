"""A cursor is ours alone, of one vendor and school, and says where its reader stood."""

import pytest

from access.credentials.keyring import Keyring
from producers.gateway import cursors
from readings.feed import Ends, Place, is_in_it

STAMP = Keyring(bytes(range(32))).stamp
PLACES = [Place(), Place(1, b"c" * 16), Place(2**63 - 1, bytes(16))]
CURSOR = cursors.written(PLACES[1], "smas", "19164999", STAMP)


@pytest.mark.parametrize("place", PLACES)
def test_a_cursor_is_read_as_it_was_written_and_fits_into_an_address(place):
    text = cursors.written(place, "smas", "19164999", STAMP)
    assert cursors.read(text, "smas", "19164999", STAMP) == place
    assert len(text) <= cursors.MOST and text.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("vendor", "school", "key"),
    [
        ("vnedu", "19164999", bytes(range(32))),
        ("smas", "19164998", bytes(range(32))),
        ("smas", "19164999", bytes(32)),
    ],
)
def test_what_was_given_to_another_is_none(vendor, school, key):
    assert cursors.read(CURSOR, vendor, school, Keyring(key).stamp) is None


@pytest.mark.parametrize("at", range(len(CURSOR)))
def test_no_character_can_be_another(at):
    for other in "AQgw-_. \n":
        forged = CURSOR[:at] + other + CURSOR[at + 1 :]
        if forged != CURSOR:
            assert cursors.read(forged, "smas", "19164999", STAMP) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "=",
        "latest",
        "0",
        "-1",
        "ệ",
        "\0",
        "A" * 10_000,
        CURSOR + "=",
        CURSOR + "A",
        " " + CURSOR,
        CURSOR * 2,
    ],
)
def test_what_was_made_up_is_none(text):
    assert cursors.read(text, "smas", "19164999", STAMP) is None


HEAD, PRUNED = Place(9, b"nine"), Place(3, b"three")


@pytest.mark.parametrize(
    ("place", "chain", "holds"),
    [
        (Place(5, b"five"), b"five", True),
        (Place(9, b"nine"), b"nine", True),
        (Place(3, b"three"), None, True),
        (Place(3, b"other"), None, False),
        (Place(5, b"other"), b"five", False),
        (Place(5, b"five"), None, False),
        (Place(2, b"two"), None, False),
        (Place(), None, False),
        (Place(10, b"ten"), None, False),
        (Place(10, b"ten"), b"ten", False),
    ],
)
def test_a_place_is_in_the_feed_if_all_before_it_is_the_same_and_all_behind_it_is_kept(place, chain, holds):
    assert is_in_it(place, Ends(HEAD, PRUNED), chain) is holds


def test_the_beginning_is_in_every_feed_that_keeps_its_beginning():
    assert is_in_it(Place(), Ends(HEAD, Place()), None)
    assert is_in_it(Place(), Ends(Place(), Place()), None)
