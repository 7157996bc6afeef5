"""Whether a grant is in force, and else why: the one place where credentials read the grants' states."""

from collections.abc import Callable
from typing import Final

from streams.grants.state import Standing, State

SUSPENDED: Final = "KEY-106"
NOT_GRANTED: Final = "KEY-107"

States = Callable[[str], State | None]
"""Key of the compacted topic → the state of that grant."""


def fault(states: States, vendor: str, school: str) -> str:
    """ "" if the vendor may push for the school now; else KEY-106, KEY-107."""
    grant = states(f"{vendor}/{school}")
    if grant is not None and grant.state is Standing.ALLOWED:
        return ""
    return SUSPENDED if grant is not None and grant.state.value == "suspended" else NOT_GRANTED


def ended(states: States, vendor: str, school: str) -> bool:
    """Whether the grant was taken back: what belonged to it does not come back with another one."""
    grant = states(f"{vendor}/{school}")
    return grant is not None and grant.state is Standing.REVOKED


def product_version(states: States, vendor: str, school: str) -> str:
    """Version of the vendor's product that the grant names, "" if it names none."""
    return str(getattr(states(f"{vendor}/{school}"), "product_version", ""))
