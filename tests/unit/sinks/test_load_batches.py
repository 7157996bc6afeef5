"""When a batch of load ends: what comes in two of them is put aside, taken back and decoded once more."""

from typing import NamedTuple

import pytest

from sinks.provincial.load.process import LINGER_S, UNCLOSED_S, is_whole
from tests.pushed import chunk, closing


class Came(NamedTuple):
    key: bytes
    value: bytes | None


PART = chunk("TruongHoc", [], push="p")
END = closing({}, chunks=1, push="p")


@pytest.mark.parametrize(
    ("came", "seconds", "ends"),
    [
        ([], LINGER_S, True),
        ([Came(b"1", PART), Came(b"1", END)], LINGER_S / 2, False),
        ([Came(b"1", PART), Came(b"1", END)], LINGER_S, True),
        ([Came(b"1", PART)], LINGER_S, False),
        ([Came(b"1", PART), Came(b"2", PART), Came(b"2", END)], LINGER_S, False),
        ([Came(b"1", PART)], LINGER_S + UNCLOSED_S, True),
        ([Came(b"1", END), Came(b"1", PART)], LINGER_S, False),
        ([Came(b"1", b"nothing of ours")], LINGER_S, True),
        ([Came(b"1", None)], LINGER_S, True),
    ],
)
def test_a_batch_waits_for_the_end_of_its_pushes_and_for_none_too_long(came, seconds, ends):
    assert is_whole(came, seconds, LINGER_S) is ends
