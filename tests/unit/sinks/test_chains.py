"""A reader notices an event that does not follow the one before it."""

import pytest

from sinks.projection.chains import Link, Step, step
from streams.machines import chain


def event(sequence, previous, **changes):
    body = {"Sequence": sequence, "PreviousHash": previous, "Event": "opened"}
    return body | {"Hash": chain.digest(body)} | changes


FIRST = event(1, "")
SECOND = event(2, FIRST["Hash"])
AT_FIRST = Link(1, FIRST["Hash"])


@pytest.mark.parametrize(
    ("link", "record", "expected"),
    [
        (Link(), FIRST, Step.NEXT),
        (AT_FIRST, SECOND, Step.NEXT),
        (AT_FIRST, FIRST, Step.REPEATED),
        (Link(), SECOND, Step.BROKEN),  # a lost event
        (AT_FIRST, event(2, "somebody else's"), Step.BROKEN),
        (AT_FIRST, SECOND | {"Event": "approved"}, Step.BROKEN),  # altered after the fact
        (AT_FIRST, event(3, FIRST["Hash"]), Step.BROKEN),
    ],
)
def test_next_repeated_or_broken(link, record, expected):
    assert step(link, record) is expected
