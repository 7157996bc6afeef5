"""A vendor's own ids of records that are known by their identity."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from psycopg2.extensions import connection

from readings.database import rows
from schemas import datasets
from schemas.contracts import contracts

Row = Mapping[str, Any]

Ids = Callable[[str, Collection[str]], Mapping[str, str | None]]
"""(record type, identities) → identity → own id."""


def tell(found: Iterable[dict[str, Any]], ids: Ids) -> None:
    """Give each row of a record its ``client_id``, "" where it has none; what names no identity keeps its
    own. Asked once a record type."""
    by_type: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        row.setdefault("client_id", "")
        if row["identity"]:
            by_type.setdefault(row["record_type"], []).append(row)
    for record_type, of_type in by_type.items():
        own = ids(record_type, sorted({row["identity"] for row in of_type}))
        for row in of_type:
            row["client_id"] = own.get(row["identity"]) or ""


def of_push(conn: connection, push: Row) -> Ids:
    """Those in the push's version, of records that its vendor brought."""

    def ids(record_type: str, identities: Collection[str]) -> dict[str, str]:
        if record_type not in contracts.record_types():
            return {}
        table = contracts.record(record_type).table
        asked = (table, push["dataset_id"], push["version"], push["vendor"], list(identities))
        found = rows(conn, "SELECT identity, client_id FROM pushed_client_ids(%s, %s, %s, %s, %s)", asked)
        return {row["identity"]: row["client_id"] for row in found}

    return ids


def of_dataset(conn: connection, dataset_id: str) -> Ids:
    """Those that are held now, of whatever vendor."""

    def ids(record_type: str, identities: Collection[str]) -> dict[str, str]:
        contract = contracts.record(record_type)
        if not any(f.name == "ClientId" for f in contract.fields):
            return {}
        statement = (
            f"SELECT identity, client_id FROM {contract.table} "
            "WHERE school_year = %s AND dataset_id = %s AND identity = ANY(%s) AND valid_to IS NULL"
        )
        _, year, _ = datasets.split(dataset_id)
        found = rows(conn, statement, (year, dataset_id, list(identities)))
        return {row["identity"]: row["client_id"] for row in found}

    return ids
