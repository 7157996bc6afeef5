"""Of two ends of a credential the one that ends more is right: the table's, or the one that Kafka keeps."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from access.credentials.endings import Ending, beyond
from access.credentials.worth import Credential, Kind
from schemas.encoding import codec

NOW = datetime(2026, 3, 1, 12, 0, 0, 123_456, UTC)
LATER = NOW + timedelta(days=7)
ONE = Credential(1, "an", "19164101", Kind.API, False, "main", 1, "csdl_live_a", (), NOW, expires_at=LATER)
REVOKED = Ending.of(replace(ONE, revoked_at=NOW))
ROTATED = Ending.of(replace(ONE, ends_at=NOW))
ROTATED_LATER = Ending.of(replace(ONE, ends_at=LATER))
REVOKED_TOO = Ending.of(replace(ONE, revoked_at=LATER, ends_at=NOW))


def test_what_lives_to_its_own_last_day_has_no_end_of_the_kind() -> None:
    assert Ending.of(ONE) is None


@pytest.mark.parametrize(
    ("one", "other", "more"),
    [
        (ROTATED_LATER, None, True),
        (ROTATED, ROTATED_LATER, True),
        (ROTATED_LATER, ROTATED, False),
        (REVOKED, ROTATED, True),
        (REVOKED_TOO, ROTATED, True),
        (ROTATED, REVOKED, False),
        (REVOKED, REVOKED_TOO, False),
        (REVOKED_TOO, REVOKED, False),
        (ROTATED, ROTATED, False),
    ],
)
def test_a_revocation_ends_more_than_a_rotation_and_the_earlier_more_than_the_later(
    one: Ending, other: Ending | None, more: bool
) -> None:
    assert bool(beyond([one], {one.handle: other} if other else {})) == more


@pytest.mark.parametrize("one", [REVOKED, ROTATED])
def test_what_kafka_gives_back_is_what_was_written(one: Ending) -> None:
    """Or the table's would end more than its own copy for ever."""
    name, record = codec.decode(codec.encode("CredentialEnded", one.record()))
    assert (name, Ending.from_record(record)) == ("CredentialEnded", one)
