"""Names of the accounts at PostgreSQL that are no process's own (those are Declared.principal)."""

from typing import Final

OWNER: Final = "csdl_owner"
"""Owns the tables; nobody logs in by it."""

PROCESSES: Final = "csdl_processes"
"""The group of all who may connect; nobody logs in by it."""

SETUP: Final = "csdl-setup"
"""Who makes and migrates the tables, for the owner."""

OPERATOR: Final = "csdl-operator"
"""The person at the command line."""
