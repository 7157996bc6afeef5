"""Users and rights at Kafka: brought to the table (``deploy.rights``), and compared with it.

Only differences are written, those that must go included. Of another's principals on another's topics nothing
is touched: the cluster may not be ours alone.
"""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
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

from deploy import quotas
from deploy.broker_rights import Right, principals, rights
from deploy.local import secrets
from runtime import accounts, credentials, kafka, kafka_acls
from runtime.kafka_acls import NotTaken
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

LACKING: Final = "SEC-110"
TOO_MANY: Final = "SEC-111"
NOT_TAKEN: Final = "SEC-112"

OURS: Final = "User:csdl-"
NAMES: Final = ("csdl", "dlq.csdl")
"""How our principals, topics, groups and ids begin."""


def ensure(settings: Settings) -> list[str]:
    """Passwords that are missing, users with those of their files, rights; what was changed in these.

    Nothing where the settings name no user. Raises KafkaError if Kafka is away, ProblemList.
    """
    if not settings.kafka_user:
        return []
    folder, ended = settings.kafka_password_file.parent, settings.vendors_by_credentials
    names = principals(settings.vendors, ended)
    secrets.passwords(folder, set(names) - {accounts.SETUP})
    for vendor in ended:  # so that one who gets a password again gets another
        (folder / accounts.vendor(vendor)).unlink(missing_ok=True)
    with closing(kafka.admin(settings)) as admin:
        ensure_users(admin, folder, names)
        quotas.ensure(admin, settings)
        return _ensure_rights(admin, rights(settings.vendors, ended))


def ensure_users(admin: KafkaAdminClient, folder: Path, names: Iterable[str]) -> None:
    """Each name whose password lies in the folder; who of ours is no longer named is no user any more."""
    found = [name for name in names if (folder / name).exists()]
    known = admin.describe_user_scram_credentials() or {}
    gone = [name for name in known if f"User:{name}".startswith(OURS) and name not in set(names)]
    gone = [name for name in gone if not name.startswith(accounts.KEYS)]  # the process ``credentials`` does
    changes: list[object] = [UserScramCredentialDeletion(name, credentials.MECHANISM) for name in gone]
    for name in found:
        secret = (folder / name).read_text(encoding="utf-8").strip()
        changes.append(UserScramCredentialUpsertion(name, credentials.MECHANISM, secret))
    refused = admin.alter_user_scram_credentials(changes) if changes else {}
    # What Kafka says of it may be of its inside: only whom it is about.
    problems = [_not_taken(name) for name, said in sorted(refused.items()) if said is not None]
    if problems:
        raise ProblemList(problems)


def deviations(settings: Settings) -> list[Problem]:
    """All in which the rights differ from the table. Raises KafkaError if Kafka is away."""
    if not settings.kafka_user:
        return []
    with closing(kafka.admin(settings, bootstrap_timeout_ms=kafka.STAND_BY_MS)) as admin:
        found, slow = kafka_acls.described(admin), quotas.deviations(admin, settings)
    wanted = {_acl(right): right for right in rights(settings.vendors, settings.vendors_by_credentials)}
    lacking = sorted(right for acl, right in wanted.items() if acl not in found)
    problems = [Problem(LACKING, params={"right": right}) for right in lacking]
    many = sorted(_told(acl) for acl in found - wanted.keys() if _concerns_us(acl, settings))
    return problems + slow + [Problem(TOO_MANY, params={"right": right}) for right in many]


def _ensure_rights(admin: KafkaAdminClient, table: list[Right]) -> list[str]:
    wanted = {_acl(right) for right in table}
    found = {acl for acl in kafka_acls.described(admin) if _ours(acl)}
    try:
        kafka_acls.delete(admin, found - wanted)
        kafka_acls.create(admin, wanted - found)
    except NotTaken:
        raise ProblemList([_not_taken("ACL")]) from None
    said = [f"+ {_told(acl)}" for acl in wanted - found] + [f"- {_told(acl)}" for acl in found - wanted]
    return sorted(said)


def _acl(right: Right) -> ACL:
    pattern = ACLResourcePatternType.PREFIXED if right.prefix else ACLResourcePatternType.LITERAL
    return ACL(
        f"User:{right.principal}",
        "*",
        ACLOperation[right.act.upper()],
        ACLPermissionType.ALLOW,
        ResourcePattern(ResourceType[right.kind.upper()], right.name, pattern),
    )


def _ours(acl: ACL) -> bool:
    if str(acl.principal).startswith(f"User:{accounts.KEYS}"):  # the process ``credentials`` compares these
        return False
    named = str(acl.resource_pattern.resource_name).startswith(NAMES)
    return str(acl.principal).startswith(OURS) or named


def _concerns_us(acl: ACL, settings: Settings) -> bool:
    """Also one of another, where its name covers ours."""
    at = acl.resource_pattern
    name = str(at.resource_name)
    begins = at.pattern_type is ACLResourcePatternType.PREFIXED and any(n.startswith(name) for n in NAMES)
    return _ours(acl) or name == "*" or begins


def _told(acl: ACL) -> str:
    at = acl.resource_pattern
    star = "*" if at.pattern_type is ACLResourcePatternType.PREFIXED else ""
    allows = "" if acl.permission_type is ACLPermissionType.ALLOW else "deny "
    who, act = str(acl.principal).removeprefix("User:"), acl.operation.name.lower()
    return f"{who}: {allows}{act} {at.resource_type.name.lower()} {at.resource_name}{star}"


def _not_taken(name: str) -> Problem:
    return Problem(NOT_TAKEN, params={"name": name})
