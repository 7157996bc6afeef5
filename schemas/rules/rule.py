"""What a rule is: data that says what is wrong, how bad it is, how to mend it, and one polars expression.

Frames that rules run over have the record's columns and, beside them, context columns whose names begin with
``_``: ``_NamHoc`` (school year, int), ``_Period`` (start, changes or end) and ``_Province``
(the province's own code) always; over whole versions also
``_count_<Type>`` (records of that type that a control total speaks of) and whatever a Lookup brings.

An expression is true where the rule is violated. Null counts as "not violated", so a rule about a value need
not ask whether there is one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import polars as pl

from schemas.contracts.contracts import Severity

Tier = Literal[1, 2, 3]
"""1: a record alone. 2: the records of one dataset together. 3: against other datasets."""

NAM_HOC: Final = "_NamHoc"
PERIOD: Final = "_Period"
PROVINCE: Final = "_Province"
INDEX: Final = "_index"
"""Row of the record in its frame; in nested records, of the record they stand in."""
COUNT: Final = "_count_"
"""Prefix of the column with the number of records of a type that the push's totals speak of."""
REFUSED: Final = "_refused_"
"""Prefix of the column with the number of records of a type that were refused in the push."""


@dataclass(frozen=True)
class Lookup:
    """Columns of another record of the same dataset, found by a key; done once for all rules that ask for it.

    ``columns`` maps a column there to its name here; ``exists`` names a boolean column: is there one at all?
    """

    frame: str
    left_on: str
    right_on: str
    columns: Mapping[str, str] = field(default_factory=dict)
    exists: str | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal lookups."""
        return (self.frame, self.left_on, self.right_on, tuple(sorted(self.columns.items())), self.exists)


@dataclass(frozen=True, eq=False)
class Rule:
    """One rule. Several rules may share an id: one a field.

    ``path`` leads to the nested list whose records the rule speaks of (``("DsMonHoc",)``); ``fields`` and the
    expression are then those of the nested record. ``needs`` are columns without which it cannot be violated:
    where they are empty throughout, it is not evaluated. ``quick`` is a cheaper expression of one row, true
    whenever ``violated`` is true anywhere.
    """

    id: str
    tier: Tier
    severity: Severity
    object: str
    fields: tuple[str, ...]
    message_vi: str
    message_en: str
    violated: pl.Expr
    path: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    quick: pl.Expr | None = None
    condition: str = ""
    kind: str = "written"

    @property
    def other_types(self) -> frozenset[str]:
        """Record types besides its own whose records it looks up or counts."""
        named = [n for n in self.violated.meta.root_names() if n.startswith((COUNT, REFUSED))]
        counted = {n.removeprefix(COUNT).removeprefix(REFUSED) for n in named}
        return frozenset(counted | {look.frame for look in self.lookups})

    @property
    def places(self) -> list[str]:
        """Fields as told to people: ``DsMonHoc.MaMonHoc``."""
        return [".".join((*self.path, name)) for name in self.fields]


def block(
    rule_id: str,
    record_type: str,
    fields: str,
    message_vi: str,
    message_en: str,
    violated: pl.Expr,
    *,
    condition: str,
    tier: Tier = 1,
    needs: str = "",
    path: tuple[str, ...] = (),
    lookups: tuple[Lookup, ...] = (),
) -> Rule:
    """A rule that blocks, as written in ``records/<Type>/rules.py``; ``fields`` and ``needs`` are words."""
    return Rule(
        id=rule_id,
        tier=tier,
        severity="block",
        object=record_type,
        fields=tuple(fields.split()),
        message_vi=message_vi,
        message_en=message_en,
        violated=violated,
        path=path,
        needs=tuple(needs.split()),
        lookups=lookups,
        condition=condition,
    )


def warn(*arguments: Any, **more: Any) -> Rule:
    """A rule that warns: the same arguments as block."""
    return replace(block(*arguments, **more), severity="warn")
