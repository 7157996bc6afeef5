"""How fast a vendor may write, as the brokers keep it: one that floods does not hold up the others.

Compressed bytes count here; what a batch unpacks to has a bound of its own (``runtime.unpacking``).
"""

from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import for_code
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest, DescribeClientQuotasRequest

from runtime import accounts
from runtime.settings import Settings
from schemas.errors import Problem

OTHER: Final = "SEC-117"

RATE: Final = "producer_byte_rate"
MIB: Final = 1024 * 1024

_USER: Final = "user"
_EXACTLY: Final = 0


def ensure(admin: KafkaAdminClient, settings: Settings) -> None:
    """Give each vendor its own. Raises KafkaError."""
    operation = (RATE, float(settings.vendor_mb_per_s * MIB), False)
    entries = [([(_USER, accounts.vendor(v))], [operation]) for v in settings.vendors]
    _ask(admin, AlterClientQuotasRequest(entries=entries, validate_only=False))


def deviations(admin: KafkaAdminClient, settings: Settings) -> list[Problem]:
    """Vendors whose bound is another, or who have none. Raises KafkaError."""
    declared = settings.vendor_mb_per_s * MIB
    found = {vendor: _found(admin, vendor) for vendor in settings.vendors}
    return [
        Problem(OTHER, params={"vendor": vendor, "found": round(rate), "declared": declared})
        for vendor, rate in found.items()
        if rate != declared
    ]


def _found(admin: KafkaAdminClient, vendor: str) -> float:
    """Bytes a second; 0 without a bound."""
    wanted = [(_USER, _EXACTLY, accounts.vendor(vendor))]
    answer = _ask(admin, DescribeClientQuotasRequest(components=wanted, strict=True))
    values = [value for entry in answer.entries or [] for value in entry.values]
    return next((float(value.value) for value in values if value.key == RATE), 0.0)


def _ask(admin: KafkaAdminClient, request: Any) -> Any:
    """kafka-python's administrator has no call for quotas; it speaks the protocol all the same."""
    answer = admin._manager.run(admin._manager.send, request)
    codes = [getattr(answer, "error_code", 0), *(getattr(e, "error_code", 0) for e in answer.entries or [])]
    for code in filter(None, codes):
        raise for_code(code)()
    return answer
