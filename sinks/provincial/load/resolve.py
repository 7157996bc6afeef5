"""Pushed records against the rows we hold: whose each is, which are refused, which rows change. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from schemas import datasets as dataset_ids
from schemas import issued_codes
from schemas.contracts import contracts
from schemas.contracts.contracts import RecordType
from sinks.postgres.copying import Records
from sinks.provincial.load.pushed_records import PushedRecords
from sinks.provincial.records import history, identity

CLIENT_ID: Final = "ClientId"
UNSTORABLE: Final = "REC-002"
NAMELESS: Final = "REC-003"

Refused = tuple[int, str, list[str]]
"""(``_row``, code, fields)."""


@dataclass(frozen=True)
class Resolved:
    """``kept`` is PushedRecords.place with ``_identity`` and ``row_hash``, without the refused records.

    ``records`` stand beside ``kept``; ``changes`` is what they do to the rows we hold.
    """

    kept: pl.DataFrame
    records: Records
    changes: history.Changes
    refused: list[Refused]

    def written(self) -> tuple[pl.DataFrame, Records]:
        """The part of ``kept`` and ``records`` that becomes rows."""
        if self.changes.written.height == self.kept.height:
            return self.kept, self.records
        at = self.kept.with_row_index("_at").join(self.changes.written, on="_row", how="semi")["_at"].sort()
        return self.kept[at], self.records.take(at.to_list())


def fields_asked(record_type: str) -> list[str]:
    """Fields of the current rows that ``resolve`` wants to see."""
    contract = contracts.record(record_type)
    issued = [f for rule in contract.issue.values() for f in rule["from"]]
    own = {f.name for f in contract.fields}
    return [f for f in dict.fromkeys([*identity.fields_of(contract.identity), *issued]) if f in own]


def resolve(incoming: PushedRecords, current: pl.DataFrame, unstorable: Collection[int] = ()) -> Resolved:
    """``current`` holds the current rows of the pushes' datasets (rows.current, ``fields_asked``).

    ``unstorable`` are positions of records that PostgreSQL has refused.
    """
    contract = contracts.record(incoming.record_type)
    keys = contract.identity
    fields = fields_asked(incoming.record_type)
    held = identity.with_keys(_with_issued(contract, current), keys)
    unique = _unique_in_push(contract)
    asked = dict.fromkeys([*fields, *identity.fields_of(unique)])
    keyed = pl.concat([incoming.place, incoming.records.frame.select(*asked)], how="horizontal")
    keyed = identity.with_keys(_with_issued(contract, keyed), unique)

    refused: list[Refused] = [(row, UNSTORABLE, []) for row in unstorable]
    if unstorable:
        keyed = keyed.filter(~pl.col("_row").is_in(list(unstorable)))
    repeats = identity.repeats(keyed, unique)
    refused += [(row, *_repeated(contract, unique[k])) for row, k in repeats.rows()]
    keyed = keyed.join(repeats, on="_row", how="anti") if repeats.height else keyed

    matched = identity.match(keyed, held, keys)
    new = keyed.join(matched, on="_row", how="anti") if matched.height else keyed
    made = new.select("_row", identity.issue(incoming.record_type, new, keys, held))
    nameless = made.filter(pl.col("_identity").is_null())["_row"]
    refused += [(row, NAMELESS, fields) for row in nameless]
    known = pl.concat([matched, made.filter(pl.col("_identity").is_not_null())]).sort("_row")

    everyone = known.height == incoming.place.height
    kept = incoming.place if everyone else incoming.place[known["_row"]]
    kept = kept.with_columns(known["_identity"])
    records = incoming.records if everyone else incoming.records.take(known["_row"].to_list())
    frame = _fill_issued(contract, records.frame, kept, current)
    if frame is not records.frame:
        records = Records.of(frame)
    kept = kept.with_columns(pl.Series("row_hash", records.hashes, dtype=pl.String))
    return Resolved(kept, records, history.changes(kept, current), refused)


def _unique_in_push(contract: RecordType) -> identity.Keys:
    """Keys that no two records of a push may share: those of the identity, and the vendor's own id."""
    keys = contract.identity
    own = any(f.name == CLIENT_ID for f in contract.fields) and not any(identity.VENDOR in k for k in keys)
    return [*keys, [identity.VENDOR, CLIENT_ID]] if own else keys


def _repeated(contract: RecordType, key: Sequence[str]) -> tuple[str, list[str]]:
    """Code and fields of a record that an earlier row of the push already is."""
    fields = [f for f in key if f != identity.VENDOR]
    return contract.repeated_client_id if identity.VENDOR in key else contracts.REPEATED, fields


def _with_issued(contract: RecordType, frame: pl.DataFrame) -> pl.DataFrame:
    """With ``_issued_<field>``: whether the code is the one that the platform issues."""
    marks = []
    for name, rule in contract.issue.items():
        codes = pl.Series(issued_codes.issue(rule, _columns(frame, rule["from"])), dtype=pl.String)
        marks.append((codes == frame[name]).fill_null(False).alias(f"_issued_{name}"))
    return frame.with_columns(marks) if marks else frame


def _fill_issued(
    contract: RecordType, records: pl.DataFrame, kept: pl.DataFrame, current: pl.DataFrame
) -> pl.DataFrame:
    """A code that the record lacks: the one we hold, else a new one."""
    for name, rule in contract.issue.items():
        if not (records[name].is_null() | (records[name] == "")).any():
            continue
        held = kept.join(current, on=["_dataset", "_identity"], how="left", maintain_order="left")
        named = pl.concat([kept.select("_dataset"), records], how="horizontal")
        codes = pl.Series(issued_codes.issue(rule, _columns(named, rule["from"])), dtype=pl.String)
        given = pl.when(pl.col(name) != "").then(pl.col(name))
        records = records.with_columns(pl.coalesce(given, held[name], codes).alias(name))
    return records


def _columns(frame: pl.DataFrame, names: Sequence[str]) -> Mapping[str, Sequence[object]]:
    """Values of record fields, or of the envelope as the dataset's id tells it."""
    split = [dataset_ids.split(d) for d in frame["_dataset"].to_list()]
    envelope: dict[str, Sequence[object]] = {
        "MaTruongHoc": [s for s, _, _ in split],
        "NamHoc": [y for _, y, _ in split],
    }
    return {n: frame[n].to_list() if n in frame.columns else envelope[n] for n in names}
