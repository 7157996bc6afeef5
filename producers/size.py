"""How much a record weighs on its way. Validation takes chunks of at most 4 MiB, and portraits are large."""

from collections.abc import Sequence
from typing import Final

from producers.model import SourceTable, faults_of
from schemas.encoding.cutting import MAX_BYTES, weights

TOO_LARGE: Final = "CELL-113"


def refuse_large(tables: Sequence[SourceTable]) -> list[SourceTable]:
    """A record that no chunk can carry is refused here; sent, it would keep its whole push from closing."""
    return [t.refuse(faults_of(TOO_LARGE, "", weights(t.records) > MAX_BYTES)) for t in tables]
