"""Of what bounds a credential the table's or Kafka's counts, whichever allows less; in any order the same."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from access.credentials import addresses, limits_table
from access.credentials.limits import NOWHERE, Limits, behind, unknown
from access.credentials.process import Credentials
from access.credentials.worth import Credential, Kind, worth
from runtime.settings import Settings
from schemas.encoding import codec

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, UTC)
MS = NOW.replace(microsecond=123_000)
EARLIER, LATER = MS - timedelta(days=7), MS + timedelta(days=7)
OPEN = addresses.networks(["203.0.113.0/24", "2001:db8::/32"])
NARROW = addresses.networks(["203.0.113.7"])
ONE = Credential(
    1, "an", "19164101", Kind.API, False, "main", 1, "csdl_live_a", OPEN, NOW,
    issued_at=EARLIER, expires_at=LATER, linked_at=EARLIER,
)  # fmt: skip
OF_ONE = Limits.of(ONE)


@pytest.mark.parametrize(
    ("since", "lost"),
    [
        ({"revoked_at": MS}, {"revoked_at": MS}),
        ({"ends_at": EARLIER}, {"ends_at": EARLIER}),
        ({"expires_at": MS}, {"expires_at": MS}),
        ({"deactivated_at": MS}, {"deactivated_at": MS}),
        ({"addresses": NARROW}, {"addresses": NARROW}),
        ({"addresses": addresses.networks(["198.51.100.1"])}, {"addresses": (NOWHERE,)}),
        ({"linked_at": MS}, {"linked_at": MS}),
        ({"issued_at": MS}, {"revoked_at": MS}),
    ],
)
def test_each_limit_that_an_older_copy_has_lost_is_set_again(since, lost):
    """Of a secret that was shown since, the copy has not the right hash: it would be shown once more."""
    known = replace(OF_ONE, **since)
    assert behind(OF_ONE, known, NOW) == lost
    mended = replace(OF_ONE, **lost)
    assert behind(mended, known.joined(mended), NOW) == {}
    assert behind(replace(known, **lost), OF_ONE, NOW) == {}, "what allows less is not widened"


def test_a_link_that_an_older_copy_thinks_unopened_opens_nothing():
    assert behind(replace(OF_ONE, issued_at=None), OF_ONE, NOW) == {"revoked_at": MS}
    assert behind(OF_ONE, replace(OF_ONE, issued_at=None), NOW) == {}


@pytest.mark.parametrize(
    ("table", "kafka", "stopped"),
    [
        ((EARLIER, None), (EARLIER, MS), False),
        ((EARLIER, MS), (EARLIER, None), False),
        ((EARLIER, MS), (LATER, MS), True),
        ((None, None), (MS, None), True),
        ((None, None), (EARLIER, MS), False),
        ((None, MS), (MS, None), True),
    ],
)
def test_a_stop_is_over_by_a_resumption_that_is_later_and_by_nothing_else(table, kafka, stopped):
    row, known = (replace(OF_ONE, deactivated_at=at, reactivated_at=again) for at, again in (table, kafka))
    both = row.joined(known)
    found = replace(ONE, deactivated_at=both.deactivated_at, reactivated_at=both.reactivated_at)
    assert found.deactivated is stopped


TIMES = (None, EARLIER, MS, LATER)


def _any(rng: random.Random) -> Limits:
    names = ("revoked_at", "ends_at", "expires_at", "deactivated_at", "reactivated_at", "linked_at")
    networks = [(), OPEN, NARROW, addresses.networks(["198.51.100.1"])]
    said: dict[str, Any] = {name: rng.choice(TIMES) for name in names}
    return replace(OF_ONE, **said, addresses=rng.choice(networks))


def test_what_is_left_is_the_same_in_any_order_and_never_worth_more_than_either():
    """But for a resumption, which is somebody's act."""
    rng = random.Random(1)
    for _ in range(300):
        one, other, third = (_any(rng) for _ in range(3))
        both = one.joined(other)
        assert both == other.joined(one) and both.joined(one) == both
        assert both.joined(third) == one.joined(other.joined(third))
        if both.reactivated_at is None:
            for address in ("203.0.113.7", "198.51.100.1", "2001:db8::1"):
                values = [
                    bool(worth(_credential(each), "", NOW, address, test=False))
                    for each in (both, one, other)
                ]
                assert values[0] >= max(values[1:])


def _credential(limits: Limits) -> Credential:
    names = ("revoked_at", "ends_at", "expires_at", "deactivated_at", "reactivated_at", "addresses")
    said: dict[str, Any] = {name: getattr(limits, name) for name in names}
    return replace(ONE, **said)


def test_what_kafka_gives_back_is_what_was_written():
    """Or the table would know more than its own copy for ever."""
    for one in (OF_ONE, replace(OF_ONE, deactivated_at=MS, addresses=())):
        name, record = codec.decode(codec.encode("CredentialLimits", one.record()))
        assert (name, Limits.from_record(name, record)) == ("CredentialLimits", one)
        assert unknown([one], {one.handle: one}) == []


@pytest.mark.parametrize(("revoked", "column"), [(True, "revoked_at"), (False, "ends_at")])
def test_ends_that_an_earlier_release_wrote_count(revoked: bool, column: str) -> None:
    said = {"Handle": ONE.handle, "Vendor": "an", "MaTruongHoc": ONE.school, "Revoked": revoked, "At": MS}
    name, record = codec.decode(codec.encode("CredentialEnded", said))
    known = Limits.from_record(name, record)
    lost: dict[str, Any] = {column: MS}
    assert behind(OF_ONE, known, NOW) == lost
    assert unknown([OF_ONE], {ONE.handle: known}) == [replace(OF_ONE, **lost)]


class _SlowTopic:
    """Takes what is to be kept; meanwhile somebody revokes."""

    def __init__(self, table):
        self.known, self.table = {}, table

    def keep(self, some):
        self.known |= {one.handle: one for one in some}
        self.table[0] = replace(OF_ONE, revoked_at=MS)


def test_a_limit_that_comes_while_others_are_being_kept_is_kept_at_the_next_look(monkeypatch):
    """Formerly never, unless another one changed: an older copy of the table would have allowed it again."""
    table = [OF_ONE]
    monkeypatch.setattr(limits_table, "mark", lambda cur: tuple(table))
    monkeypatch.setattr(limits_table, "limits", lambda cur: list(table))
    monkeypatch.setattr("access.credentials.store.now", lambda cur: NOW)
    process: Any = Credentials(Settings())
    process._limits, process._mark = _SlowTopic(table), ()
    for _ in range(2):
        process._limit_again(None)
    assert process._limits.known == {ONE.handle: replace(OF_ONE, revoked_at=MS)}
