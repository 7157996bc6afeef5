"""A reader notices an event that does not follow the one before it."""

import pytest

from sinks.chains.links import Fault, Link, Step, step
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
        (Link(2, SECOND["Hash"]), FIRST, Step.REPEATED),
        (Link(), SECOND, Fault.GAP),  # a lost event
        (AT_FIRST, event(2, "somebody else's"), Fault.LINK),
        (AT_FIRST, SECOND | {"Event": "approved"}, Fault.HASH),  # altered after the fact
        (AT_FIRST, SECOND | {"Hash": "not a hash"}, Fault.HASH),
        (AT_FIRST, FIRST | {"Hash": "not a hash"}, Fault.HASH),
        (AT_FIRST, event(1, "", Event="recalled"), Fault.HASH),
        (AT_FIRST, event(1, "another first"), Fault.FORK),
        (AT_FIRST, event(3, FIRST["Hash"]), Fault.GAP),
    ],
)
def test_next_repeated_or_a_fault(link, record, expected):
    assert step(link, record) is expected
