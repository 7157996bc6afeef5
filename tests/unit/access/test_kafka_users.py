"""What ought to stand at Kafka, and in which order it is brought there; a crash at any line is mended."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from access.credentials import addresses, broker
from access.credentials.kafka_users import Wanted, Writes, wanted
from access.credentials.worth import Credential, Kind
from runtime import client_quotas

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE, LATER = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
ONE = Credential(
    1, "an", "19164101", Kind.KAFKA, False, "main", 1, "aaaaaaaaaa", (), BEFORE, issued_at=BEFORE
)
USER = "csdl-key-aaaaaaaaaa"
ANYWHERE = Writes(USER, "csdl.in.an.v1", "*")


def granted(vendor: str, school: str) -> str:
    return ""


def suspended(vendor: str, school: str) -> str:
    return "KEY-106"


@pytest.mark.parametrize(
    ("one", "grant", "users", "writes"),
    [
        (ONE, granted, {USER}, {ANYWHERE}),
        (ONE, suspended, {USER}, set()),
        (replace(ONE, deactivated_at=BEFORE), granted, {USER}, set()),
        (replace(ONE, ends_at=LATER), granted, {USER}, {ANYWHERE}),
        (replace(ONE, ends_at=NOW), granted, set(), set()),
        (replace(ONE, expires_at=NOW), granted, set(), set()),
        (replace(ONE, revoked_at=BEFORE), granted, set(), set()),
        (replace(ONE, issued_at=None), granted, set(), set()),
        (replace(ONE, kind=Kind.API), granted, set(), set()),
        (
            replace(ONE, addresses=addresses.networks(["203.0.113.7", "2001:db8::7"])),
            granted,
            {USER},
            {Writes(USER, "csdl.in.an.v1", "203.0.113.7"), Writes(USER, "csdl.in.an.v1", "2001:db8::7")},
        ),
    ],
)
def test_who_may_come_back_keeps_the_user_and_loses_the_right(
    one: Credential, grant: Any, users: set[str], writes: set[Writes]
) -> None:
    assert wanted([one], grant, NOW) == Wanted(frozenset(users), frozenset(writes))


class Killed(Exception):
    """In the middle."""


@dataclass
class Broker:
    """An administrator of a Kafka that is killed after so many changes."""

    there: set[str] = field(default_factory=set)
    acls: set[Any] = field(default_factory=set)
    left: int = 1_000
    done: list[str] = field(default_factory=list)
    shared: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    """(rights there were then, user → its bound)."""

    def _change(self, what: str) -> None:
        if not self.left:
            raise Killed
        self.left -= 1
        self.done.append(what)

    def describe_user_scram_credentials(self) -> dict[str, Any]:
        return dict.fromkeys([*self.there, "csdl-load"])

    def describe_acls(self, _: Any) -> tuple[list[Any], None]:
        return list(self.acls), None

    def delete_acls(self, filters: list[Any]) -> None:
        for one in filters:
            self._change("right taken")
            self.acls = {acl for acl in self.acls if (acl.principal, acl.host) != (one.principal, one.host)}

    def create_acls(self, acls: list[Any]) -> dict[str, Any]:
        for acl in acls:
            self._change("right given")
            self.acls.add(acl)
        return {"failed": []}

    def alter_user_scram_credentials(self, changes: list[Any]) -> dict[str, None]:
        for change in changes:
            gone = type(change).__name__.endswith("Deletion")
            self._change("user ended" if gone else "user made")
            (self.there.discard if gone else self.there.add)(change.user)
        return {change.user: None for change in changes}


@pytest.fixture(autouse=True)
def no_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_quotas, "bound", lambda *_: None)
    monkeypatch.setattr(
        client_quotas, "share", lambda kafka, shares: kafka.shared.append((len(kafka.acls), shares))
    )


NOBODY = Wanted(frozenset(), frozenset())
WRITES = Wanted(frozenset({USER}), frozenset({ANYWHERE}))


def bring(kafka: Any, to: Wanted, new: dict[str, str]) -> set[str]:
    return broker.bring(kafka, to, new, 100.0)


def test_a_user_comes_before_its_right_and_goes_after_it() -> None:
    kafka = Broker()
    assert bring(kafka, WRITES, {USER: "secret"}) == {USER}
    assert bring(kafka, NOBODY, {}) == set()
    assert kafka.done == ["user made", "right given", "right taken", "user ended"]
    assert not kafka.there and not kafka.acls


@pytest.mark.parametrize("left", range(2))
@pytest.mark.parametrize(("start", "to"), [(NOBODY, WRITES), (WRITES, NOBODY)], ids=["made", "ended"])
def test_whatever_a_crash_left_half_done_is_mended(start: Wanted, to: Wanted, left: int) -> None:
    kafka = Broker()
    bring(kafka, start, dict.fromkeys(start.users, "secret"))
    kafka.left = left
    with pytest.raises(Killed):
        bring(kafka, to, dict.fromkeys(to.users, "secret"))
    assert not kafka.acls or kafka.there, "no right without its user"
    kafka.left = 1_000
    assert bring(kafka, to, dict.fromkeys(to.users, "secret")) == to.users
    assert len(kafka.acls) == len(to.writes)


def test_the_users_of_a_vendor_share_its_bound_before_another_may_write() -> None:
    kafka = Broker(acls={_own("an"), _own("anphu")})
    second = "csdl-key-bbbbbbbbbb"
    both = Wanted(
        frozenset({USER, second}), frozenset({ANYWHERE, Writes(USER, ANYWHERE.topic, "::1"), _of(second)})
    )
    bring(kafka, WRITES, {USER: "secret"})
    bring(kafka, both, {second: "secret"})
    bring(kafka, NOBODY, {})
    other = {"csdl-vendor-anphu": 100}
    assert kafka.shared == [
        (2, {USER: 50, "csdl-vendor-an": 50} | other),
        (3, {USER: 33, second: 33, "csdl-vendor-an": 33} | other),
        (2, {"csdl-vendor-an": 100} | other),
    ]


def _of(user: str) -> Writes:
    return Writes(user, ANYWHERE.topic, "*")


def _own(vendor: str) -> ACL:
    pattern = ResourcePattern(ResourceType.TOPIC, f"csdl.in.{vendor}.v1")
    return ACL(f"User:csdl-vendor-{vendor}", "*", ACLOperation.WRITE, ACLPermissionType.ALLOW, pattern)


def test_one_that_kafka_lost_gets_no_right_and_is_told() -> None:
    kafka = Broker()
    assert bring(kafka, WRITES, {}) == set()
    assert not kafka.acls and not kafka.done
