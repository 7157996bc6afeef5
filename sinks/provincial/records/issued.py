"""Codes that the platform issues itself: which record has one, and which lacks it. Frames in, frames out."""

from collections.abc import Mapping, Sequence

import polars as pl

from schemas import datasets as dataset_ids
from schemas import issued_codes
from schemas.contracts.contracts import RecordType


def marked(contract: RecordType, frame: pl.DataFrame) -> pl.DataFrame:
    """With ``_issued_<field>``: whether the code is the one that the platform issues."""
    marks = []
    for name, rule in contract.issue.items():
        codes = pl.Series(issued_codes.issue(rule, _columns(frame, rule["from"])), dtype=pl.String)
        marks.append((codes == frame[name]).fill_null(False).alias(f"_issued_{name}"))
    return frame.with_columns(marks) if marks else frame


def filled(
    contract: RecordType, records: pl.DataFrame, kept: pl.DataFrame, current: pl.DataFrame
) -> pl.DataFrame:
    """A code that the record lacks: the one we hold, else a new one.

    ``kept`` (``_dataset``, ``_identity``) stands beside ``records``.
    """
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
