"""Records of a packet as columns of text, before anybody knows what they mean."""

from dataclasses import dataclass, field

import polars as pl

from producers.adapters.packet_columns import ITEM
from producers.model import NO_FAULTS

__all__ = ["ITEM", "Nested", "Raw"]


@dataclass(frozen=True)
class Raw:
    """``texts``: a text column for each plain field that has a value anywhere. ``lists``: those by field.

    ``faults`` as FAULTS, by position. ``unknown``: members that are no field, with their path.
    """

    height: int
    texts: pl.DataFrame
    lists: "dict[str, Nested]" = field(default_factory=dict)
    faults: pl.DataFrame = field(default_factory=lambda: NO_FAULTS)
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Nested:
    """The items of a list field. ``parent``: record of each item; ``lengths``: null where no list is."""

    parent: pl.Series
    items: Raw
    lengths: pl.Series
