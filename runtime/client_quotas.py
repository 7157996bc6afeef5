"""How fast a user may write, as the brokers keep it: kafka-python's administrator has no call for quotas, it
speaks their protocol all the same."""

from collections.abc import Iterable
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import for_code
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest, DescribeClientQuotasRequest

RATE: Final = "producer_byte_rate"

_USER: Final = "user"
_EXACTLY: Final = 0


def bound(admin: KafkaAdminClient, users: Iterable[str], rate: float | None) -> None:
    """Give each user this bound of its own, bytes a second; None takes it away. Raises KafkaError."""
    operation = (RATE, rate or 0.0, rate is None)
    entries = [([(_USER, user)], [operation]) for user in users]
    if entries:
        _ask(admin, AlterClientQuotasRequest(entries=entries, validate_only=False))


def bound_of(admin: KafkaAdminClient, user: str) -> float:
    """Bytes a second; 0 without a bound. Raises KafkaError."""
    wanted = [(_USER, _EXACTLY, user)]
    answer = _ask(admin, DescribeClientQuotasRequest(components=wanted, strict=True))
    values = [value for entry in answer.entries or [] for value in entry.values]
    return next((float(value.value) for value in values if value.key == RATE), 0.0)


def _ask(admin: KafkaAdminClient, request: Any) -> Any:
    answer = admin._manager.run(admin._manager.send, request)
    codes = [getattr(answer, "error_code", 0), *(getattr(e, "error_code", 0) for e in answer.entries or [])]
    for code in filter(None, codes):
        raise for_code(code)()
    return answer
