"""Days are Vietnam's."""

from datetime import UTC, date, datetime

import pytest

from schemas.days import kafka_time, vietnam_day


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 9, 4, 16, 59, 59, tzinfo=UTC), date(2026, 9, 4)),
        (datetime(2026, 9, 4, 17, 0, 0, tzinfo=UTC), date(2026, 9, 5)),
        (datetime(2026, 12, 31, 20, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_vietnam(at: datetime, day: date) -> None:
    assert vietnam_day(at) == day


def test_a_time_without_a_zone_names_no_day() -> None:
    with pytest.raises(ValueError):
        vietnam_day(datetime(2026, 9, 4, 12))


def test_a_timestamp_of_kafkas_is_a_moment() -> None:
    assert vietnam_day(kafka_time(1_788_541_200_000)) == date(2026, 9, 5)
    assert vietnam_day(kafka_time(1_788_541_199_999)) == date(2026, 9, 4)
