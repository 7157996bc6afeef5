"""What a credential is worth, what a rotation does to its line, where a request comes from: all pure."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from access.credentials import addresses, keyring, proof, standing, worth
from access.credentials.keyring import Keyring
from access.credentials.rotation import LONGEST, ROTATED_ALREADY, rotate
from access.credentials.worth import Credential, Kind, by_itself
from schemas.errors import ProblemList
from streams.grants.state import Standing, State

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
PLAIN = Credential(
    1, "smas", "19164101", Kind.API, False, "main", 1, "csdl_live_aaaaaaaaaa", (), BEFORE, issued_at=BEFORE
)


@pytest.mark.parametrize(
    ("change", "grant", "test", "code"),
    [
        ({}, "", False, ""),
        ({"revoked_at": BEFORE}, "", False, worth.REVOKED),
        ({"expires_at": NOW}, "", False, worth.EXPIRED),
        ({"expires_at": LATER}, "", False, ""),
        ({"ends_at": NOW}, "", False, worth.PAST_OVERLAP),
        ({"ends_at": LATER}, "", False, ""),
        ({"deactivated_at": BEFORE}, "", False, worth.DEACTIVATED),
        ({"deactivated_at": BEFORE, "ends_at": BEFORE}, "", False, worth.PAST_OVERLAP),
        ({"deactivated_at": BEFORE, "revoked_at": BEFORE}, "", False, worth.REVOKED),
        ({}, standing.SUSPENDED, False, standing.SUSPENDED),
        ({"revoked_at": BEFORE}, standing.SUSPENDED, False, worth.REVOKED),
        ({"test": True}, "", False, worth.TEST_IN_PRODUCTION),
        ({}, "", True, worth.PRODUCTION_IN_TEST),
        ({"test": True}, "", True, ""),
        ({"addresses": addresses.networks(["203.0.113.0/24"])}, "", False, ""),
        ({"addresses": addresses.networks(["198.51.100.7"])}, "", False, worth.OTHER_ADDRESS),
    ],
)
def test_what_a_credential_is_worth(change, grant, test, code):
    assert worth.worth(replace(PLAIN, **change), grant, NOW, "203.0.113.7", test=test) == code


def test_whom_nobody_can_place_is_at_no_address():
    bound = replace(PLAIN, addresses=addresses.networks(["0.0.0.0/0", "::/0"]))
    assert worth.worth(bound, "", NOW, "", test=False) == worth.OTHER_ADDRESS
    assert worth.worth(PLAIN, "", NOW, "", test=False) == ""


def test_of_three_keys_in_an_hour_the_first_is_dead_and_the_second_ends_when_it_was_said():
    first = rotate([PLAIN], 1, NOW, timedelta(days=1))
    assert not isinstance(first, str)
    line = [replace(PLAIN, ends_at=first.ends[1]), replace(PLAIN, number=2, generation=2)]
    half = NOW + timedelta(minutes=30)
    second = rotate(line, 2, half, timedelta(days=1))
    assert not isinstance(second, str)
    assert second.ends == {1: half, 2: half + timedelta(days=1)}
    assert second.generation == 3


def _lines(seed: int):
    """(the line after each of many acts, the time of the act) of a random history."""
    draw, now, line = random.Random(seed), NOW, [PLAIN]
    for _ in range(60):
        now += timedelta(minutes=draw.randrange(0, 3000))
        one = draw.choice(line)
        match draw.choice(["rotate", "rotate", "stop", "go", "revoke", "expire"]):
            case "rotate":
                done = rotate(line, one.number, now, timedelta(hours=draw.randrange(0, 1000)))
                if not isinstance(done, str):
                    line = [replace(each, ends_at=done.ends.get(each.number, each.ends_at)) for each in line]
                    successor = replace(
                        one, number=len(line) + 1, generation=done.generation, ends_at=None, made_at=now
                    )
                    line = [*line, successor]
            case "stop" if not worth.by_itself(one, now):
                line = [replace(each, deactivated_at=now) if each is one else each for each in line]
            case "go":
                line = [replace(each, reactivated_at=now) if each is one else each for each in line]
            case "revoke" if draw.random() < 0.1:
                line = [replace(each, revoked_at=now) if each is one else each for each in line]
            case "expire" if draw.random() < 0.1 and one.expires_at is None:
                line = [replace(each, expires_at=now) if each is one else each for each in line]
        yield line, now


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_one_is_current_one_goes_on_beside_it_and_no_end_moves_later(seed):
    ends: dict[int, datetime] = {}
    dead: set[int] = set()
    for line, now in _lines(seed):
        in_force = [one for one in line if not by_itself(one, now)]
        assert len(in_force) <= 2
        newest = max(one.generation for one in line)
        assert all(newest - one.generation <= 1 for one in in_force)
        assert sum(one.ends_at is None for one in line) == 1, "one is current"
        for one in line:
            if one.ends_at is not None:
                assert one.ends_at <= ends.get(one.number, one.ends_at)
                assert one.ends_at <= now + LONGEST
                ends[one.number] = one.ends_at
            if by_itself(one, now) in worth.FINAL:
                dead.add(one.number)
            assert one.number not in dead or by_itself(one, now), "what has ended does not come back"


def test_of_what_has_a_successor_and_of_what_is_not_in_force_nothing_is_made():
    line = [replace(PLAIN, ends_at=LATER), replace(PLAIN, number=2, generation=2)]
    assert rotate(line, 1, NOW, timedelta(0)) == ROTATED_ALREADY
    for stopped in (
        replace(PLAIN, revoked_at=NOW),
        replace(PLAIN, expires_at=NOW),
        replace(PLAIN, deactivated_at=NOW),
    ):
        assert rotate([stopped], 1, NOW, timedelta(0)) == by_itself(stopped, NOW) != ""


PROXY = addresses.networks(["10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        ("198.51.100.9", ["203.0.113.7"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, 198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["203.0.113.7", "198.51.100.9"], "198.51.100.9"),
        ("10.0.0.1", ["198.51.100.9, 10.0.0.2"], "198.51.100.9"),
        ("10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("::ffff:203.0.113.7", [], "203.0.113.7"),
        ("::ffff:10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("fd00::1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["203.0.113.7, unknown"], ""),
        ("10.0.0.1", ["203.0.113.7, "], ""),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        ("testclient", ["203.0.113.7"], ""),
        ("fe80::1%eth0", [], ""),
    ],
)
def test_a_forwarding_header_counts_as_far_as_our_own_proxies_wrote_it(peer, forwarded, found):
    assert addresses.caller(peer, forwarded, PROXY) == found


def test_without_a_proxy_no_header_counts():
    assert addresses.caller("10.0.0.1", ["203.0.113.7"], ()) == "10.0.0.1"


@pytest.mark.parametrize(
    ("allowed", "address", "among"),
    [
        ("203.0.113.7", "::ffff:203.0.113.7", True),
        ("::ffff:203.0.113.0/120", "203.0.113.7", True),
        ("203.0.113.9/24", "203.0.113.7", True),
        ("2001:db8::/32", "2001:db8::7", True),
        ("::/0", "203.0.113.7", False),
        ("203.0.113.8", "203.0.113.7", False),
    ],
)
def test_an_address_has_one_form(allowed, address, among):
    assert addresses.among(address, addresses.networks([allowed])) is among


def test_all_that_is_no_address_is_told_at_once():
    with pytest.raises(ProblemList) as told:
        addresses.networks(["203.0.113.7", "anywhere", "1.2.3", "fe80::1%eth0"])
    assert [p.code for p in told.value.problems] == ["KEY-004"] * 3
    with pytest.raises(ProblemList, match="KEY-005"):
        addresses.networks(["203.0.113.7"] * 33)


@pytest.mark.parametrize(
    ("state", "code"),
    [(None, "KEY-107"), (Standing.NONE, "KEY-107"), (Standing.ALLOWED, ""), (Standing.REVOKED, "KEY-107")],
)
def test_a_grants_standing(state, code):
    states = {"smas/19164101": state and State("smas", "19164101", state=state)}
    assert standing.fault(states.get, "smas", "19164101") == code
    assert standing.ended(states.get, "smas", "19164101") == (state is Standing.REVOKED)


@pytest.mark.parametrize(
    ("stand", "code"),
    [
        (Standing.ISSUED, "KEY-107"),
        (Standing.HANDED_OVER, ""),
        (Standing.IN_USE, ""),
        (Standing.SUSPENDED, "KEY-106"),
        (Standing.EXPIRED, "KEY-107"),
    ],
)
def test_a_grants_standing_with_papers(stand, code):
    states = {"smas/19164101": State("smas", "19164101", state=stand)}
    assert standing.fault(states.get, "smas", "19164101") == code


def test_a_vendor_or_its_version_that_is_suspended_stops_every_key():
    own = State("smas", "19164101", state=Standing.IN_USE, product_version="5.2")
    for about in ("*", "*@5.2"):
        above = State("smas", about, state=Standing.SUSPENDED)
        states = {own.grant_id: own, above.grant_id: above}
        assert standing.fault(states.get, "smas", "19164101") == "KEY-106"


def test_test_and_production_keys_look_different_and_have_a_handle():
    for test, begins in ((False, "csdl_live_"), (True, "csdl_test_")):
        handle = keyring.handle(Kind.API, test=test)
        secret = keyring.secret(Kind.API, handle)
        assert handle.startswith(begins) and secret.startswith(handle)
        assert keyring.handle_of(secret) == handle
        assert len(secret) - len(handle) > 40
    for odd in ("", "csdl_", "csdl_prod_x_y", "csdl_live_" + "x" * 300, "Bearer", "\ud800"):
        assert keyring.handle_of(odd) == ""


def test_what_is_kept_of_a_secret_is_worth_nothing_under_another_key():
    ours, other = Keyring(b"a" * 32), Keyring(b"b" * 32)
    assert keyring.same(ours.mac("secret"), ours.mac("secret"))
    assert not keyring.same(ours.mac("secret"), other.mac("secret"))
    assert not keyring.same(None, ours.mac("secret"))
    sealed = ours.seal("password", "csdl-key-a")
    assert ours.unseal(sealed, "csdl-key-a") == "password"
    assert ours.unseal(sealed, "csdl-key-b") is None
    assert other.unseal(sealed, "csdl-key-a") is None
    assert b"password" not in sealed


def test_the_same_refusal_is_on_record_once_a_while_and_each_other_at_once(monkeypatch):
    now = 1_000.0
    monkeypatch.setattr("access.credentials.proof.time.monotonic", lambda: now)
    refusals = proof.Refusals()
    asked = [
        (1, "KEY-102", "a"),
        (1, "KEY-102", "a"),
        (1, "KEY-103", "a"),
        (1, "KEY-102", "b"),
        (2, "KEY-102", "a"),
    ]
    assert [refusals.due(*one) for one in asked] == [True, False, True, True, True]
    now += proof.AGAIN_S + 1
    assert refusals.due(1, "KEY-102", "a")
    for number in range(proof.REMEMBERED + 10):
        refusals.due(number, "KEY-102", "c")
    assert len(refusals._until) == proof.REMEMBERED
