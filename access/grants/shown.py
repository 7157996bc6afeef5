"""How a grant is shown to people and programs. Pure."""

from typing import Any

from streams.grants import words
from streams.grants.state import PENDING, State


def row(state: State) -> dict[str, Any]:
    """How it stands, whose turn it is since when, what it allows: of one on its way, what is asked or
    approved."""
    scope = state.pending if state.state in PENDING and state.pending else state.scope
    allows, stands = words.allows(scope), words.stands(state)
    return {
        "vendor": state.vendor,
        "school": state.ma_truong_hoc,
        "state": state.state.value,
        "state_vi": stands[0],
        "in_force": state.in_force,
        "without_papers": state.without_papers,
        "turn": state.turn,
        "since": state.since,
        "rights": list(state.rights),
        "types": list(state.types),
        "periods": list(state.periods),
        "valid_until": state.valid_until,
        "product_version": state.product_version,
        "allows_vi": allows[0],
        "allows_en": allows[1],
        "late": state.late,
        "reminded": state.reminded,
        "suspended_for": state.suspended_for,
        "sequence": state.sequence,
    }
