"""The ledger of keys: one a province, over schools, years, periods and vendors.

``identity_key`` holds the MAC of each key (type, kind, scope, value) with the identity that it stands for. It
is made under one key, whose fingerprint ``identity_ledger`` keeps: under another nobody would be found.
Rows are written in the transaction of the records that they speak of, sorted, so that two processes that
write the same keys wait for each other instead of both failing.
"""

from collections.abc import Sequence
from typing import Final

import polars as pl
from psycopg2.extensions import cursor
from psycopg2.extras import execute_values

from schemas.errors import Problem, ProblemList
from sinks.postgres import copying
from sinks.provincial.records.claims import HELD
from sinks.provincial.records.mac import Mac

TABLE: Final = "identity_key"
FINGERPRINT_OF: Final = "csdl identity ledger"
OTHER_KEY: Final = "IDN-003"


class Seen:
    """The keys that the ledger had when this process looked, and those that it has added since.

    Nearly all keys of a first push are new: without asking the ledger for each, load saves a tenth. A key
    that another process has added meanwhile is taken for new here; then the unique index refuses it, and all
    are asked. A key too many (rolled back, or of an equal beginning) costs a question.
    """

    PLACES: Final = 1 << 26
    """64 MiB, a byte a place: with a million keys one in seventy is asked for in vain."""

    def __init__(self, cur: cursor) -> None:
        self._has = pl.zeros(self.PLACES, pl.UInt8, eager=True)
        beginning = f"SELECT left(encode(uuid_send(key), 'hex'), {_DIGITS}) FROM {TABLE}"
        self.add(copying.copy_out(cur, beginning, [], {"key": pl.String()})["key"])

    def of(self, keys: pl.Series) -> pl.Series:
        """Those of the keys that the ledger may have."""
        return keys.filter(self._has.gather(self._places(keys)) == 1)

    def add(self, keys: pl.Series) -> None:
        """The ledger has these too."""
        self._has.scatter(self._places(keys), 1)

    def _places(self, keys: pl.Series) -> pl.Series:
        beginning = pl.col(keys.name).str.slice(0, _DIGITS).str.to_integer(base=16, dtype=pl.UInt32)
        return keys.to_frame().select(beginning % self.PLACES).to_series()


_DIGITS: Final = 8
"""Hex characters of a key's beginning: as many as fit a number of 32 bits."""


def known(cur: cursor, keys: pl.Series, seen: Seen | None = None) -> pl.DataFrame:
    """What the ledger has of these keys, or of those of them that were ``seen``: ``HELD``."""
    wanted = keys.unique()
    if seen is not None:
        wanted = seen.of(wanted)
    if wanted.is_empty():
        return pl.DataFrame(schema=HELD)
    # LATERAL, OFFSET 0: one index look-up a key. Left alone, the planner reads the whole table.
    found = copying.copy_out(
        cur,
        "SELECT encode(uuid_send(i.key), 'hex'), encode(i.identity, 'hex'), encode(i.stronger, 'hex'), "
        "encode(i.witnesses, 'hex') FROM unnest(%s::uuid[]) k, "
        f"LATERAL (SELECT * FROM {TABLE} WHERE key = k OFFSET 0) i",
        ["{" + ",".join(wanted.sort().to_list()) + "}"],
        HELD,
    )
    return found.with_columns(pl.col("stronger", "witnesses").fill_null(""))


def write(cur: cursor, added: pl.DataFrame, renewed: pl.DataFrame, mac: Mac) -> None:
    """Write rows of ``HELD``: those the ledger lacks, those it has otherwise.

    Raises ProblemList (IDN-003) if the ledger has another key by now, psycopg2.errors.UniqueViolation if
    another process has added one of the first in the meantime: then it is to be asked anew about all.
    """
    if added.is_empty() and renewed.is_empty():
        return
    cur.execute("SELECT FROM identity_ledger WHERE fingerprint = %s FOR SHARE", (fingerprint(mac),))
    if not cur.rowcount:
        raise ProblemList([Problem(OTHER_KEY)])
    copying.copy_hex(cur, TABLE, added)
    if renewed.height:
        rows = renewed.sort("key")
        cur.execute(
            f"INSERT INTO {TABLE} SELECT key, decode(identity, 'hex'), decode(stronger, 'hex'), "
            "decode(witnesses, 'hex') FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]) "
            "AS r (key, identity, stronger, witnesses) ORDER BY key ON CONFLICT (key) DO UPDATE SET "
            "identity = EXCLUDED.identity, stronger = EXCLUDED.stronger, witnesses = EXCLUDED.witnesses",
            ["{" + ",".join(rows[name].replace("", '""').to_list()) + "}" for name in HELD],
        )


Finding = tuple[str, int, str, str, str, list[str]]
"""(dataset, version, rule, record type, identity, fields)."""


def say(cur: cursor, findings: Sequence[Finding]) -> None:
    """Put down what the check of a version is to say of whose record it is."""
    execute_values(
        cur,
        "INSERT INTO identity_finding (dataset_id, version, rule, record_type, identity, fields) VALUES %s",
        findings,
    )


def said(cur: cursor, versions: Sequence[tuple[str, int]]) -> list[Finding]:
    """What is to be said of these versions."""
    cur.execute(
        "SELECT f.dataset_id, f.version, f.rule, f.record_type, f.identity, f.fields "
        "FROM unnest(%s::text[], %s::int[]) AS w (dataset_id, version) "
        "JOIN identity_finding f USING (dataset_id, version) ORDER BY 1, 2, 3, 4, 5",
        ([d for d, _ in versions], [n for _, n in versions]),
    )
    return [(d, n, rule, t, who, fields) for d, n, rule, t, who, fields in cur.fetchall()]


def fingerprint(mac: Mac) -> str:
    """What the ledger keeps of its key."""
    return mac.one(FINGERPRINT_OF)


def is_empty(cur: cursor) -> bool:
    """No key stands in it."""
    cur.execute(f"SELECT NOT EXISTS (SELECT FROM {TABLE})")
    return bool(cur.fetchone()[0])


def made_with(cur: cursor) -> str | None:
    """Fingerprint of the key that it was made with; None before the first setup."""
    cur.execute("SELECT encode(uuid_send(fingerprint), 'hex') FROM identity_ledger")
    row = cur.fetchone()
    return None if row is None else str(row[0])


def begin(cur: cursor, mac: Mac) -> None:
    """An empty ledger is made with this key from now on."""
    cur.execute(
        "INSERT INTO identity_ledger (fingerprint) VALUES (%s) "
        "ON CONFLICT (only_one) DO UPDATE SET fingerprint = EXCLUDED.fingerprint "
        "WHERE identity_ledger.fingerprint <> EXCLUDED.fingerprint",
        (fingerprint(mac),),
    )


def is_filled(cur: cursor) -> bool:
    """What stood before the ledger is in it."""
    cur.execute("SELECT filled FROM identity_ledger")
    row = cur.fetchone()
    return row is not None and bool(row[0])


def set_filled(cur: cursor) -> None:
    """Nothing is left to bring in."""
    cur.execute("UPDATE identity_ledger SET filled = true")
