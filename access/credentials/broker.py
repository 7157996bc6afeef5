"""Kafka brought to what is wanted of credentials: their users and rights, nobody else's.

Invariant, in this order: rights that must go, users that must go, users that are new, their rights. So a user
that is gone has no right that its name could find again, and what ends ends on connections that stand, too: a
deleted user alone goes on as long as its connection. Before somebody may write who could not, the others'
bounds make room: all users of a vendor together never write more than the vendor may.
"""

from collections.abc import Mapping
from typing import Final

from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from access.credentials.kafka_users import Wanted, Writes
from runtime import client_quotas, credentials, kafka_acls
from runtime.accounts import KEYS, VENDOR
from runtime.kafka_acls import NotTaken

OURS: Final = f"User:{KEYS}"


def users(admin: KafkaAdminClient) -> set[str]:
    """Those of credentials. Raises KafkaError."""
    return {name for name in admin.describe_user_scram_credentials() or {} if name.startswith(KEYS)}


def bring(admin: KafkaAdminClient, wanted: Wanted, new: Mapping[str, str], rate: float) -> set[str]:
    """Bring Kafka there; the users that there are afterwards. ``new``: user → password, of those that Kafka
    may not have yet. ``rate``: bytes a second that a vendor may write. Raises KafkaError, NotTaken."""
    due = {_acl(one) for one in wanted.writes}
    there = users(admin)
    kafka_acls.delete(admin, rights(admin) - due)
    if gone_users := there - wanted.users:
        _alter(admin, [UserScramCredentialDeletion(name, credentials.MECHANISM) for name in gone_users])
        client_quotas.bound(admin, gone_users, None)
    coming = [name for name in new if name in wanted.users]
    if coming:
        changes = [UserScramCredentialUpsertion(n, credentials.MECHANISM, new[n]) for n in coming]
        _alter(admin, changes)
    there = (there & wanted.users) | set(coming)
    writers = {(one.user, one.topic) for one in wanted.writes if one.user in there}
    writers |= client_quotas.writers(admin, VENDOR)
    client_quotas.share(admin, client_quotas.shares(writers, rate))
    lacking = {acl for acl in due if str(acl.principal).removeprefix("User:") in there} - rights(admin)
    kafka_acls.create(admin, lacking)
    return there


def _alter(admin: KafkaAdminClient, changes: list[object]) -> None:
    if any(said is not None for said in admin.alter_user_scram_credentials(changes).values()):
        raise NotTaken


def rights(admin: KafkaAdminClient) -> set[ACL]:
    """All that users of credentials have, whatever it is. Raises KafkaError."""
    return {acl for acl in kafka_acls.described(admin) if str(acl.principal).startswith(OURS)}


def _acl(right: Writes) -> ACL:
    pattern = ResourcePattern(ResourceType.TOPIC, right.topic, ACLResourcePatternType.LITERAL)
    allow = ACLPermissionType.ALLOW
    return ACL(f"User:{right.user}", right.host, ACLOperation.WRITE, allow, pattern)
