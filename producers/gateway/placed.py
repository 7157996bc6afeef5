"""Errors of a push as the database has them → where they stand in the files that were sent. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from producers.feedback import stored
from producers.feedback.places import Located, located
from producers.model import SourceTable

SEVERITIES: Final = {"blocking": "block", "warning": "warn", "ministry": "warn"}


def cells(errors: Sequence[Mapping[str, Any]], tables: Sequence[SourceTable]) -> list[Located]:
    """In the order given, refusals first (``readings.push_errors``)."""
    refused = [row for row in errors if row["verdict"] == "refused"]
    checked = [
        {**row, "severity": SEVERITIES[row["verdict"]]} for row in errors if row["verdict"] != "refused"
    ]
    return located(stored.findings(refused, checked, tables), tables)
