"""How fast a vendor may write, as the brokers keep it: one that floods does not hold up the others.

Compressed bytes count here; what a batch unpacks to has a bound of its own (``runtime.unpacking``).
"""

from typing import Final

from kafka import KafkaAdminClient

from runtime import accounts, client_quotas
from runtime.settings import Settings
from schemas.errors import Problem

OTHER: Final = "SEC-117"


def ensure(admin: KafkaAdminClient, settings: Settings) -> None:
    """Give each vendor its own. Raises KafkaError."""
    client_quotas.bound(admin, map(accounts.vendor, settings.vendors), settings.vendor_bytes_per_s)


def deviations(admin: KafkaAdminClient, settings: Settings) -> list[Problem]:
    """Vendors whose bound is another, or who have none. Raises KafkaError."""
    declared = settings.vendor_bytes_per_s
    found = {vendor: client_quotas.bound_of(admin, accounts.vendor(vendor)) for vendor in settings.vendors}
    return [
        Problem(OTHER, params={"vendor": vendor, "found": round(rate), "declared": declared})
        for vendor, rate in found.items()
        if rate != declared
    ]
