"""Bring into the ledger what stood before it: every row of every dataset, with the identity that it has.

Two identities of one key stay both in their rows; the ledger takes that of the older dataset, as new datasets
will. The caller's transaction holds it all: a fill that is cut off has not begun.
"""

from typing import Final

import polars as pl
from psycopg2.extensions import cursor

from schemas import datasets as dataset_ids
from schemas.contracts import contracts
from schemas.contracts.contracts import RecordType
from sinks.postgres import copying
from sinks.provincial.records import claims, keys, ledger, tables
from sinks.provincial.records.claims import HELD, Kinds
from sinks.provincial.records.mac import Mac

DATASETS: Final = 20
"""At once: some 10,000 pupils."""

TRIAL: Final = """
CREATE TEMPORARY TABLE landed_key (LIKE identity_key, age integer NOT NULL, valid_from integer NOT NULL)
ON COMMIT DROP
"""

# Of a key the oldest dataset's identity; of that, who it was when it was last seen.
TAKEN: Final = """
INSERT INTO identity_key (key, identity, stronger, witnesses)
SELECT DISTINCT ON (key) key, identity, stronger, witnesses FROM landed_key l
ORDER BY key, min(age) OVER (PARTITION BY key, identity), identity, age DESC, valid_from DESC
ON CONFLICT (key) DO NOTHING
"""


def fill(cur: cursor, mac: Mac) -> None:
    """Fill the ledger, and say that it is filled."""
    cur.execute(TRIAL)
    cur.execute("SELECT dataset_id FROM dataset")
    datasets = sorted((d for (d,) in cur.fetchall()), key=_age)
    for record_type in contracts.record_types():
        contract = contracts.record(record_type)
        for start in range(0, len(datasets), DATASETS):
            entries = _entries(cur, contract, datasets[start : start + DATASETS], start, mac)
            copying.copy_in(cur, "landed_key", [*HELD, "age", "valid_from"], entries)
    cur.execute(TAKEN)
    ledger.set_filled(cur)


def _age(dataset: str) -> tuple[int, int, str]:
    school, year, period = dataset_ids.split(dataset)
    return year, [*dataset_ids.PERIODS.values()].index(period), school


def _entries(cur: cursor, contract: RecordType, datasets: list[str], start: int, mac: Mac) -> pl.DataFrame:
    table = tables.table(contract.name)
    rows = _rows(cur, contract, table, datasets)
    ages = pl.DataFrame({"_dataset": datasets, "_turn": range(start, start + len(datasets))})
    rows = rows.join(ages, on="_dataset").with_row_index("_row")
    keyed = keys.of_contract(contract, rows, contract.identity)
    kinds = Kinds(contract.name, contract.identity, contract.identity_scope, contract.witnesses)
    identity = pl.col("_identity").alias("identity")
    columns = ["key", identity, "stronger", "witnesses", "_turn", "_version"]
    # A bytea is spelt so.
    return (
        claims.claims(kinds, keyed, mac)
        .select(columns)
        .with_columns(
            pl.concat_str(pl.lit("\\x"), pl.col(n)).alias(n) for n in ("identity", "stronger", "witnesses")
        )
    )


def _rows(cur: cursor, contract: RecordType, table: tables.Table, datasets: list[str]) -> pl.DataFrame:
    wanted = {*keys.fields_of(contract.identity), *contract.witnesses}
    wanted |= {f for rule in contract.issue.values() for f in rule["from"]}
    columns = [c for c in table.columns if c.field in wanted]
    place = {"_dataset": pl.String(), "_identity": pl.String(), "_version": pl.Int32(), "Vendor": pl.String()}
    names = "".join(", " + copying.selected(c.name, c.dtype) for c in columns)
    return copying.copy_out(
        cur,
        f"SELECT dataset_id, identity, valid_from, vendor{names} FROM {table.name} "
        "WHERE dataset_id = ANY(%s)",
        [datasets],
        {**place, **{c.field: c.dtype for c in columns}},
    )
