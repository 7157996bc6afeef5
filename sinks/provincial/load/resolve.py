"""Pushed records against the rows and the ledger we hold: whose each is, what is refused, which rows change.

Pure but for ``known``, which asks the ledger.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from schemas.contracts import contracts
from schemas.contracts.contracts import RecordType
from sinks.postgres.copying import Records
from sinks.provincial.load.fields import fields_asked, unique_in_push
from sinks.provincial.load.pushed_records import PushedRecords
from sinks.provincial.records import claims, history, identity, issued, keys
from sinks.provincial.records.claims import Decided, Kinds
from sinks.provincial.records.mac import Mac

UNSTORABLE: Final = "REC-002"
NAMELESS: Final = "REC-003"
MOVED: Final = "IDN-001"
STOOD_FOR_ANOTHER: Final = "IDN-002"

Said = tuple[int, str, list[str]]
"""(``_row``, code, fields)."""

Known = Callable[[pl.Series], pl.DataFrame]
"""What the ledger has of keys (ledger.known)."""


@dataclass(frozen=True)
class Resolved:
    """``kept`` is PushedRecords.place with ``_identity`` and ``row_hash``, without the refused records.

    ``records`` stand beside ``kept``; ``changes`` is what they do to the rows we hold; ``moved`` are records
    whose vendor's own id stood for another one; ``added`` and ``renewed`` go to the ledger (ledger.write).
    """

    kept: pl.DataFrame
    records: Records
    changes: history.Changes
    refused: list[Said]
    moved: list[Said]
    added: pl.DataFrame
    renewed: pl.DataFrame

    @property
    def contradicts(self) -> bool:
        """Somebody's key stood for another record."""
        return bool(self.moved) or any(code == STOOD_FOR_ANOTHER for _, code, _ in self.refused)

    @cached_property
    def written(self) -> tuple[pl.DataFrame, Records]:
        """The part of ``kept`` and ``records`` that becomes rows."""
        if self.changes.written.height == self.kept.height:
            return self.kept, self.records
        at = self.kept.with_row_index("_at").join(self.changes.written, on="_row", how="semi")["_at"].sort()
        return self.kept[at], self.records.take(at)


def resolve(
    incoming: PushedRecords, current: pl.DataFrame, mac: Mac, known: Known, unstorable: Collection[int] = ()
) -> Resolved:
    """``current`` holds the current rows of the pushes' datasets (rows.current, ``fields_asked``); ``known``
    says what the ledger has of keys.

    ``unstorable`` are positions of records that PostgreSQL has refused.
    """
    contract = contracts.record(incoming.record_type)
    kinds = contract.identity
    unique = unique_in_push(contract)
    asked = dict.fromkeys([*fields_asked(incoming.record_type), *keys.fields_of(unique)])
    hashes = incoming.records.hashes.alias("row_hash")
    keyed = incoming.place.hstack([*incoming.records.frame[list(asked)], hashes])
    keyed = keys.of_contract(contract, keyed, unique)

    refused: list[Said] = [(row, UNSTORABLE, []) for row in unstorable]
    if unstorable:
        keyed = keyed.filter(~pl.col("_row").is_in(list(unstorable)))
    repeats = identity.repeats(keyed, unique)
    refused += [(row, *_repeated(contract, unique[k])) for row, k in repeats.rows()]
    keyed = keyed.join(repeats, on="_row", how="anti") if repeats.height else keyed
    nameless = keyed["_row"].clear()
    if all(keyed[f"_k{i}"].null_count() for i in range(len(kinds))):
        none = pl.all_horizontal(pl.col(f"_k{i}").is_null() for i in range(len(kinds)))
        nameless = keyed.filter(none)["_row"]
    refused += [(row, NAMELESS, keys.fields_of(kinds)) for row in nameless]

    matched, told = _matched(contract, keyed, current)
    decided = _ask_ledger(contract, incoming, keyed, matched, told, mac, known)
    refused += [(r, STOOD_FOR_ANOTHER, keys.fields_of([kinds[k]])) for r, k in decided.refused.rows()]
    settled = matched.join(told, on="_row", how="anti") if told.height else matched
    identities = pl.concat([settled, decided.identities]).sort("_row")

    everyone = identities.height == incoming.place.height
    kept = incoming.place if everyone else incoming.place[identities["_row"]]
    kept = kept.with_columns(identities["_identity"])
    records = incoming.records if everyone else incoming.records.take(identities["_row"])
    frame = issued.filled(contract, records.frame, kept, current)
    if frame is not records.frame:
        records = Records.of(frame)
    kept = kept.with_columns(records.hashes.alias("row_hash"))
    moved = [(r, MOVED, _moved_fields(contract, k, by)) for r, k, by in decided.moved.rows()]
    entries = decided.added, decided.renewed
    return Resolved(kept, records, history.changes(kept, current), refused, moved, *entries)


def _matched(
    contract: RecordType, keyed: pl.DataFrame, current: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(records that their dataset knows, those of them that say something new): ``_row``, ``_identity``."""
    nobody = pl.DataFrame(schema={"_row": keyed.schema["_row"], "_identity": pl.String})
    if current.is_empty():
        return nobody, nobody
    held = keys.of_contract(contract, current, contract.identity)
    matched = identity.match(keyed, held, contract.identity)
    against, told = identity.changed(matched, keyed, held, contract.identity, contract.witnesses)
    return matched.join(against, on="_row", how="anti") if against.height else matched, told


def _ask_ledger(
    contract: RecordType,
    incoming: PushedRecords,
    keyed: pl.DataFrame,
    matched: pl.DataFrame,
    told: pl.DataFrame,
    mac: Mac,
    known: Known,
) -> Decided:
    """Whose are the records that their dataset does not know, or of whom it learns something (``told``)?"""
    asking, of_dataset = keyed, incoming.place.clear().select("_dataset", pl.lit("").alias("_identity"))
    if matched.height:
        asking = keyed.join(matched, on="_row", how="anti")
        of_dataset = matched.join(incoming.place, on="_row").select(identity.RECORD)
    asking = asking.with_columns(_identity=pl.lit(None, dtype=pl.String))
    if told.height:
        asking = pl.concat([asking, keyed.join(told, on="_row")])
    versions = pl.Series("_version", [p.version for p in incoming.pushes], dtype=pl.Int32)
    asking = asking.hstack([versions.gather(asking["_push"]), asking["_push"].alias("_turn")])
    kinds = Kinds(contract.name, contract.identity, contract.identity_scope, contract.witnesses)
    claimed = claims.claims(kinds, asking, mac)
    return claims.decide(claimed, known(claimed["key"]), of_dataset, mac)


def _repeated(contract: RecordType, key: Sequence[str]) -> tuple[str, list[str]]:
    """Code and fields of a record that an earlier row of the push already is."""
    fields = keys.fields_of([key])
    return contract.repeated_client_id if keys.VENDOR in key else contracts.REPEATED, fields


def _moved_fields(contract: RecordType, kind: int, by_witness: bool) -> list[str]:
    """The vendor's own id, and what says that it stands for another record."""
    stronger = keys.fields_of(contract.identity[:kind])
    return [*keys.fields_of([contract.identity[kind]]), *(contract.witnesses if by_witness else stronger)]
