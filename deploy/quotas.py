"""How fast a vendor may write, as the brokers keep it: one that floods does not hold up the others.

All its users at Kafka share it (``runtime.client_quotas``): its own, and those of its grants' credentials;
the process ``credentials`` shares it out in the same way. Compressed bytes count here; what a batch unpacks
to has a bound of its own (``runtime.unpacking``).
"""

from typing import Final

from kafka import KafkaAdminClient

from runtime import accounts, client_quotas
from runtime.settings import Settings
from schemas.errors import Problem
from schemas.topics import in_topic

OTHER: Final = "SEC-117"


def ensure(admin: KafkaAdminClient, settings: Settings) -> None:
    """Give each user its share; whose password is ended has none. Raises KafkaError."""
    client_quotas.share(admin, _shares(admin, settings))
    ended = set(map(accounts.vendor, settings.vendors_by_credentials))
    client_quotas.bound(admin, ended & client_quotas.bounds(admin).keys(), None)


def deviations(admin: KafkaAdminClient, settings: Settings) -> list[Problem]:
    """Users whose bound is not their share, or who have none. Raises KafkaError."""
    found = client_quotas.bounds(admin)
    return [
        Problem(OTHER, params={"user": user, "found": round(found.get(user, 0.0)), "declared": round(rate)})
        for user, rate in _shares(admin, settings).items()
        if found.get(user) != rate
    ]


def _shares(admin: KafkaAdminClient, settings: Settings) -> dict[str, float]:
    own = set(settings.vendors) - set(settings.vendors_by_credentials)
    writers = {(accounts.vendor(vendor), in_topic(vendor)) for vendor in own}
    writers |= client_quotas.writers(admin, accounts.KEYS)
    return client_quotas.shares(writers, settings.vendor_bytes_per_s)
