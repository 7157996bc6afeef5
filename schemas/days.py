"""The one place that turns a time into a day: days are Vietnam's, whatever clock or zone a server has."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

VIETNAM: Final = timezone(timedelta(hours=7))
"""Asia/Ho_Chi_Minh: without summer time since 1975, so that no table of zones is needed."""


def vietnam_day(at: datetime) -> date:
    """The day in Vietnam at a moment. Raises ValueError for a time without a zone: it names no moment."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(VIETNAM).date()


def kafka_time(millis: int) -> datetime:
    """A timestamp of Kafka's, ms since 1970, as a time with its zone (UTC)."""
    return datetime.fromtimestamp(millis / 1000, UTC)


def today() -> date:
    """The day that it is in Vietnam."""
    return vietnam_day(datetime.now(UTC))
