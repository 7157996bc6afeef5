"""Whose record is this, in the whole province? What records claim by their keys, and what the ledger holds.

Pure: frames in, frames out. A claim is one key of one record. ``HELD`` is the ledger's row of a key: the
identity that it stands for, and who that was when the key was last seen, as short MACs of ``SLOT`` hex
characters each: the stronger keys of the record (in the contract's order) and its witnesses. ``NOTHING``
stands where it had none.

The strongest key that is known decides, and joins nothing whose stronger keys differ. A key whose witnesses
contradict stops: a vendor's own id goes over to the new record, and that is said; any other number refuses
its record. Rows that their dataset has found keep their identity whatever the ledger says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from sinks.provincial.records import witnesses
from sinks.provincial.records.identity import RECORD
from sinks.provincial.records.keys import PART_END, VENDOR, Keys, kind
from sinks.provincial.records.mac import Mac

SLOT: Final = 8
NOTHING: Final = "0" * SLOT
IDENTITY: Final = 24
"""Hex characters of an identity."""

TEXT: Final = pl.String()
HELD: Final = {"key": TEXT, "identity": TEXT, "stronger": TEXT, "witnesses": TEXT}
REFUSED: Final = {"_row": pl.UInt32(), "_kind": pl.Int32()}
MOVED: Final = {**REFUSED, "by_witness": pl.Boolean()}


@dataclass(frozen=True)
class Kinds:
    """What the contract says of a record type's keys."""

    record_type: str
    keys: Keys
    scope: str
    witnesses: Sequence[str]


@dataclass(frozen=True)
class Decided:
    """``identities``: ``_row``, ``_identity`` of all rows that are not refused.

    ``refused`` (``_row``, ``_kind``) are rows whose strongest key stood for somebody else; ``moved``
    (``_row``, ``_kind``, ``by_witness``) vendor's own ids that stand for another record from now on.
    ``added`` and ``renewed`` are rows of ``HELD`` that the ledger lacks, or has otherwise.
    """

    identities: pl.DataFrame
    refused: pl.DataFrame
    moved: pl.DataFrame
    added: pl.DataFrame
    renewed: pl.DataFrame


def claims(kinds: Kinds, rows: pl.DataFrame, mac: Mac) -> pl.DataFrame:
    """One row a key that a record has.

    ``rows`` come from with_keys and have ``_row``, ``_turn`` (of its push), ``_version``, ``_dataset``,
    ``_identity`` (null: to be found) and the witnesses. Of them: ``_row`` … ``_identity``, ``_kind``, ``own``
    (the vendor's), ``key``, ``strongest`` (key of the record), ``stronger``, ``witnesses``.
    """
    base = ["_row", "_turn", "_version", "_dataset", "_identity"]
    n = len(kinds.keys)
    # Few steps over all keys at once: of a small batch each one costs as much as its rows.
    texts = rows.select(_text(kinds, i, key).alias(f"m{i}") for i, key in enumerate(kinds.keys))
    macs = pl.DataFrame([mac.of(column) for column in texts])
    out = (
        rows.select(*base, *(f"_g{i}" for i in range(n))).hstack(macs).hstack([_witnessed(kinds, rows, mac)])
    )
    given = [
        pl.when(pl.col(f"_g{i}").is_not_null())
        .then(pl.col(f"m{i}").str.slice(0, SLOT))
        .otherwise(pl.lit(NOTHING))
        .alias(f"s{i}")
        for i in range(n - 1)
    ]
    lazy = out.with_columns(*given, pl.coalesce(macs.columns).alias("strongest")).lazy()
    return pl.concat(
        lazy.filter(pl.col(f"m{i}").is_not_null()).select(
            *base,
            pl.lit(i, dtype=pl.Int32).alias("_kind"),
            pl.lit(VENDOR in key).alias("own"),
            pl.col(f"m{i}").alias("key"),
            "strongest",
            pl.concat_str(pl.lit(""), *(f"s{j}" for j in range(i))).alias("stronger"),
            "witnesses",
        )
        for i, key in enumerate(kinds.keys)
    ).collect()


def _text(kinds: Kinds, i: int, key: Sequence[str]) -> pl.Expr:
    """What the MAC of a key is made of, as bytes."""
    value = pl.col(f"_k{i}").str.strip_prefix(pl.col("_dataset"))
    head = pl.lit(kinds.record_type + PART_END + kind(key) + PART_END)
    return pl.concat_str(head, _scope(kinds.scope, key), value).cast(pl.Binary)


def decide(claimed: pl.DataFrame, held: pl.DataFrame, matched: pl.DataFrame, mac: Mac) -> Decided:
    """``held`` is what the ledger has of the claimed keys; ``matched`` the ``_dataset``, ``_identity`` that
    rows of these pushes are already."""
    if held.is_empty() and claimed["key"].n_unique() == claimed.height:
        return _all_new(claimed)
    now, left = _first_of_each_key(claimed)
    rounds = [_decide(now, held, matched, mac)]
    if left.is_empty():
        return rounds[0]
    stands, taken = held, matched
    while True:
        done = rounds[-1]
        entries = pl.concat([done.added, done.renewed])
        stands = pl.concat([stands.join(entries, on="key", how="anti"), entries])
        of = now.select("_row", "_dataset").unique()
        taken = pl.concat([taken, done.identities.join(of, on="_row").select(RECORD)])
        if left.is_empty():
            break
        now, left = _first_of_each_key(left)
        rounds.append(_decide(now, stands, taken, mac))
    written = stands.join(held, on=list(HELD), how="anti")
    return Decided(
        pl.concat(d.identities for d in rounds),
        pl.concat(d.refused for d in rounds),
        pl.concat(d.moved for d in rounds),
        written.join(held, on="key", how="anti"),
        written.join(held, on="key", how="semi"),
    )


def _all_new(claimed: pl.DataFrame) -> Decided:
    """What ``_decide`` says where nothing is known: the first push of a school, and the bulk of all rows."""
    new = pl.coalesce("_identity", pl.col("strongest").str.slice(0, IDENTITY))
    first = claimed.filter(pl.col("key") == pl.col("strongest"))
    return Decided(
        first.select("_row", new.alias("_identity")),
        pl.DataFrame(schema=REFUSED),
        pl.DataFrame(schema=MOVED),
        claimed.select("key", new.alias("identity"), "stronger", "witnesses"),
        pl.DataFrame(schema=HELD),
    )


def _first_of_each_key(claimed: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(claims of rows that share no key with an earlier push, the others): those see what these decided."""
    if claimed["_turn"].n_unique() == 1 or claimed["key"].n_unique() == claimed.height:
        return claimed, claimed.clear()
    later = claimed.filter(pl.col("_turn") > pl.col("_turn").min().over("key")).select("_row").unique()
    return claimed.join(later, on="_row", how="anti"), claimed.join(later, on="_row", how="semi")


def _decide(claimed: pl.DataFrame, held: pl.DataFrame, taken: pl.DataFrame, mac: Mac) -> Decided:
    stands = held.rename({n: n + "_held" for n in HELD if n != "key"})
    every = claimed.join(stands, on="key", how="left")
    unknown = every.filter(pl.col("identity_held").is_null()).select(claimed.columns)
    known = _compared(every.filter(pl.col("identity_held").is_not_null()))
    asked = known.filter(pl.col("_identity").is_null() & ~pl.col("conflicts"))
    best = asked.filter(~(pl.col("own") & pl.col("contradicts"))).sort("_row", "_kind")
    best = best.unique("_row", keep="first", maintain_order=True)
    refused = best.filter("contradicts").select("_row", "_kind")
    found = (
        best.filter(~pl.col("contradicts"))
        .select("_row", "_dataset", "_kind", pl.col("identity_held").alias("_identity"))
        .sort("_kind", "_row")
        .unique(RECORD, keep="first", maintain_order=True)
        .join(taken, on=RECORD, how="anti")
        .select("_row", "_identity")
    )
    first = claimed.filter(pl.col("key") == pl.col("strongest"))
    fixed = first.filter(pl.col("_identity").is_not_null()).select("_row", "_identity")
    settled = pl.concat([fixed, found])
    new = first.join(pl.concat([settled.select("_row"), refused.select("_row")]), on="_row", how="anti")
    made = _made(new, known, mac)
    identities = pl.concat([settled, made])
    added = (
        unknown.drop("_identity")
        .join(identities, on="_row")
        .sort("_row")
        .unique("key", keep="first", maintain_order=True)
        .select("key", pl.col("_identity").alias("identity"), "stronger", "witnesses")
    )
    told = known.drop("_identity").join(identities, on="_row").sort("_row")
    told = told.unique("key", keep="first", maintain_order=True)
    moves = told.filter(
        (pl.col("_identity") != pl.col("identity_held"))
        & pl.col("own")
        & (pl.col("conflicts") | pl.col("contradicts") | pl.col("_row").is_in(made["_row"].implode()))
    )
    same = told.filter((pl.col("_identity") == pl.col("identity_held")) & ~pl.col("as_held"))
    same = same.with_columns(_merged(same, "stronger"), _merged(same, "witnesses"))
    said_now = ["key", pl.col("_identity").alias("identity"), "stronger", "witnesses"]
    renewed = pl.concat([moves, same]).select(said_now).join(held, on=list(HELD), how="anti")
    moved = moves.select("_row", "_kind", pl.col("contradicts").alias("by_witness"))
    return Decided(identities, refused, moved, added, renewed)


def _compared(known: pl.DataFrame) -> pl.DataFrame:
    """With ``as_held``: nothing changed; ``conflicts``: of stronger keys; ``contradicts``: of witnesses."""
    known = known.with_columns(
        as_held=(pl.col("stronger") == pl.col("stronger_held"))
        & (pl.col("witnesses") == pl.col("witnesses_held"))
    )
    no = pl.lit(False)
    others = known.filter(~pl.col("as_held"))
    return pl.concat(
        [
            known.filter("as_held").with_columns(conflicts=no, contradicts=no),
            others.with_columns(
                conflicts=pl.any_horizontal(*_differ(others, "stronger"), no),
                contradicts=_contradicts(others),
            ),
        ]
    )


def _made(new: pl.DataFrame, known: pl.DataFrame, mac: Mac) -> pl.DataFrame:
    """Identities of new records: the MAC of their strongest key, shortened.

    Where that key has stood for another record before, the MAC says also since when it does no more: no
    identity is given twice, and a replay of the log gives the same.
    """
    again = new.join(known.select("key"), on="key", how="semi")
    texts = again.select(pl.concat_str("key", "_dataset", "_version", separator=PART_END)).to_series()
    anew = again.select("_row", mac.of(texts).str.slice(0, IDENTITY).alias("_identity"))
    first = new.join(again, on="key", how="anti") if again.height else new
    return pl.concat([first.select("_row", pl.col("key").str.slice(0, IDENTITY).alias("_identity")), anew])


def _scope(scope: str, key: Sequence[str]) -> pl.Expr:
    """Where a key stands for one record, as text."""
    parts = pl.col("_dataset").str.split(".").list
    match scope:
        case "school_year":
            return parts.head(2).list.join(".")
        case "province" if VENDOR not in key:
            return pl.lit("")
        case _:
            return parts.first()


def _witnessed(kinds: Kinds, rows: pl.DataFrame, mac: Mac) -> pl.Series:
    if not kinds.witnesses:
        return pl.Series("witnesses", [""] * rows.height, dtype=pl.String)
    of_rows = rows.lazy().select(kinds.witnesses)
    slots = [pl.lit("")]
    for i, name in enumerate(kinds.witnesses):
        head = pl.lit(kinds.record_type + PART_END + name + PART_END)
        once = rows[name].unique().to_frame()  # names and birth dates come again and again
        texts = once.select(pl.concat_str(head, witnesses.folded(once, name)).cast(pl.Binary)).to_series()
        short = once.hstack([mac.of(texts).alias(f"_w{i}")]).lazy()
        of_rows = of_rows.join(short, on=name, how="left", nulls_equal=True, maintain_order="left")
        slots.append(pl.col(f"_w{i}").str.slice(0, SLOT).fill_null(NOTHING))
    return of_rows.select(pl.concat_str(slots).alias("witnesses")).collect().to_series()


def _slots(frame: pl.DataFrame, name: str) -> list[tuple[pl.Expr, pl.Expr, pl.Expr]]:
    """(what a record says, what the ledger has, whether both say something) of each slot of a column."""
    longest = frame[name].str.len_bytes().max()
    out = []
    for at in range(0, int(longest) if isinstance(longest, int) else 0, SLOT):
        ours, theirs = (pl.col(n).str.slice(at, SLOT) for n in (name, name + "_held"))
        both = pl.all_horizontal(
            (side != NOTHING) & (side.str.len_bytes() == SLOT) for side in (ours, theirs)
        )
        out.append((ours, theirs, both))
    return out


def _differ(frame: pl.DataFrame, name: str) -> list[pl.Expr]:
    return [both & (ours != theirs) for ours, theirs, both in _slots(frame, name)]


def _contradicts(frame: pl.DataFrame) -> pl.Expr:
    slots = _slots(frame, "witnesses")
    if not slots:
        return pl.lit(False)
    both = pl.sum_horizontal(b.cast(pl.Int32) for _, _, b in slots)
    differ = pl.sum_horizontal(d.cast(pl.Int32) for d in _differ(frame, "witnesses"))
    return (differ >= witnesses.ENOUGH) & (differ == both)


def _merged(frame: pl.DataFrame, name: str) -> pl.Expr:
    """What the record says, and what the ledger has where it says nothing."""
    slots = _slots(frame, name)
    parts = [
        pl.when((ours == NOTHING) & (theirs.str.len_bytes() == SLOT)).then(theirs).otherwise(ours)
        for ours, theirs, _ in slots
    ]
    return pl.concat_str(pl.lit(""), *parts).alias(name)
