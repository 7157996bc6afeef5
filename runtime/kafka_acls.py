"""Kafka's rights: all that there are, and changes that are waited for until brokers go by them."""

import time
from collections.abc import Callable, Collection
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)

IN_FORCE_S: Final = 30.0
"""At most so long until what Kafka has taken can be seen."""


class NotTaken(Exception):
    """Kafka did not take a change; what it said of it may be of its inside, so that is left out."""


def described(admin: KafkaAdminClient) -> set[ACL]:
    """Everybody's, on everything. Raises KafkaError."""
    everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    found, _ = admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, everything))
    return set(found)


def delete(admin: KafkaAdminClient, acls: Collection[ACL]) -> None:
    """These and no others, until none is in force. Raises KafkaError, NotTaken."""
    if acls:
        admin.delete_acls([_exactly(acl) for acl in acls])
        _until(lambda: not described(admin) & set(acls))


def create(admin: KafkaAdminClient, acls: Collection[ACL]) -> None:
    """Until all are in force. Raises KafkaError, NotTaken."""
    if acls:
        if admin.create_acls(list(acls))["failed"]:
            raise NotTaken
        _until(lambda: set(acls) <= described(admin))


def _until(done: Callable[[], bool]) -> None:
    """Kafka answers before every broker goes by it."""
    deadline = time.monotonic() + IN_FORCE_S
    while not done():
        if time.monotonic() > deadline:
            raise NotTaken
        time.sleep(0.02)


def _exactly(acl: ACL) -> ACLFilter:
    at = acl.resource_pattern
    pattern = ResourcePatternFilter(at.resource_type, at.resource_name, at.pattern_type)
    return ACLFilter(acl.principal, acl.host, acl.operation, acl.permission_type, pattern)
