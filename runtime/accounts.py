"""Names of the accounts at PostgreSQL and Kafka that are no process's own (those are Declared.principal)."""

from typing import Final

OWNER: Final = "csdl_owner"
"""Owns the tables; nobody logs in by it."""

PROCESSES: Final = "csdl_processes"
"""The group of all who may connect; nobody logs in by it."""

SETUP: Final = "csdl-setup"
"""Who makes and migrates the tables, for the owner; who makes topics, users and rights at Kafka. Nothing that
runs for long is it."""

OPERATOR: Final = "csdl-operator"
"""The person at the command line."""

REPAIR: Final = "csdl-repair"
"""Who sends dead letters again and accepts positions: acts by hand in the place of every reader."""

BACKUP: Final = "csdl-backup"
"""Copies everything (`csdl backup`): reads all topics, and PostgreSQL by replication; writes nothing."""

MINISTRY: Final = "csdl-ministry"
"""The Ministry's system."""


VENDOR: Final = "csdl-vendor-"
"""How the names of vendors' own accounts begin: one password a vendor, for all its schools."""


def vendor(name: str) -> str:
    """A vendor's own."""
    return f"{VENDOR}{name}"


KEYS: Final = "csdl-key-"
"""How the names of Kafka users begin that are a grant's: made and ended by the process ``credentials``."""


def key_user(handle: str) -> str:
    """Of one of these credentials."""
    return f"{KEYS}{handle}"
