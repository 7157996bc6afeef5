"""What the check would find of the version that a push would make, were its dataset empty: the rules that ask
for the records of a dataset together, such as class references, totals and doubles."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from producers.preflight import Finding, Verdict, finding
from schemas.contracts.contracts import Severity, record_types
from schemas.encoding import digest
from schemas.encoding.columnar import frame_schema
from schemas.rules import catalogue
from sinks.provincial.load.pushed_records import Complete, PushedRecords, brought
from sinks.provincial.load.resolve import Resolved

TOGETHER: Final = (2, 3)
"""Tiers of the rules that no record shows alone."""

SEVERITIES: Final[tuple[Severity, ...]] = ("block", "warn")

PIECE: Final = 5_000
"""Row texts that are read at once."""


@dataclass(frozen=True)
class WouldBeKept:
    """Records of one type as they came, and what load makes of them."""

    incoming: PushedRecords
    resolved: Resolved


def findings_of_check(job: Complete, kept: Mapping[str, WouldBeKept]) -> Iterator[Finding]:
    """``kept`` by type. A rule that asks for records of which the push is not the whole list stays out: what
    is held of them is not known here."""
    dataset = job.push.key.dataset_id
    fields = catalogue.fields_read(tiers=TOGETHER)
    frames = {
        t: as_held(t, k.resolved.records.texts, fields[t]).with_columns(
            pl.lit(dataset).alias(catalogue.DATASET)
        )
        for t, k in kept.items()
    }
    refused = {
        (dataset, t): n - (kept[t].resolved.kept.height if t in kept else 0)
        for t, n in brought(job.chunks).records.items()
    }
    beyond = _beyond(job.whole())
    found = catalogue.violations_of_version(frames, refused, tiers=TOGETHER).unique(maintain_order=True)
    for _, record_type, index, _, rule, severity, names in found.iter_rows():
        if (record_type, rule) not in beyond:
            of = kept[record_type]
            verdict: Verdict = "blocking" if severity == "block" else "warning"
            yield said(of.incoming, verdict, of.resolved.kept["_row"][index], rule, names)


def as_held(record_type: str, texts: pl.Series, fields: Collection[str]) -> pl.DataFrame:
    """These fields of records, read from their row texts: as the check reads them from the database."""
    schema = frame_schema(record_type)
    wanted = [name for name in schema if name in fields]
    places = [i for i, name in enumerate(schema) if name in fields]
    flat = {name: pl.String() if dtype.is_nested() else dtype for name, dtype in schema.items()}
    pieces = [pl.DataFrame(schema={name: flat[name] for name in wanted})]
    for start in range(0, len(texts) if wanted else 0, PIECE):
        text = "\n".join(texts.slice(start, PIECE)).encode()
        read = pl.read_csv(
            text, has_header=False, schema=flat, separator=digest.FIELD_END, quote_char=None, columns=places
        )
        pieces.append(read.select(wanted))
    frame = pl.concat(pieces)
    return frame.with_columns(pl.col(n).str.json_decode(schema[n]) for n in wanted if schema[n].is_nested())


def said(incoming: PushedRecords, verdict: Verdict, row: int, code: str, fields: Sequence[str]) -> Finding:
    """What is said of the record at this position."""
    told = incoming.refusal(row, code, fields)[1]
    header = {"Source": told.source, "Sheet": told.sheet}
    return finding(verdict, incoming.record_type, header, told.client_id, told.row, code, fields)


def _beyond(whole: Collection[str]) -> set[tuple[str, str]]:
    """(record type, rule) of the rules that ask for other types than those."""
    return {
        (t, rule.id)
        for t in record_types()
        for rule in catalogue.rules(t, TOGETHER, SEVERITIES)
        if not rule.other_types <= set(whole)
    }
