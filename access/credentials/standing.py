"""Whether a grant is in force, and else why: the one place where credentials read the grants' states."""

from collections.abc import Callable
from typing import Final

from schemas.days import today
from streams.grants import pushing
from streams.grants.state import Standing, State, level
from streams.machines.state_cache import StateCache

SUSPENDED: Final = "KEY-106"
NOT_GRANTED: Final = "KEY-107"
STOPPED: Final = (
    pushing.SUSPENDED, pushing.VENDOR_SUSPENDED, pushing.VERSION_SUSPENDED, pushing.CONTRACT,
)  # fmt: skip
"""What comes back with a word of the department, or a new contract."""

States = Callable[[str], State | None]
"""Key of the compacted topic → the state of that grant."""


def fault(states: States, vendor: str, school: str) -> str:
    """ "" if the vendor may push for the school today; else KEY-106 where that is suspended, at any level,
    or KEY-107."""
    grant = states(f"{vendor}/{school}")
    version = grant.product_version if grant else ""
    above = states(f"{vendor}/{level()}"), states(f"{vendor}/{level(version)}") if version else None
    code = pushing.fault(grant, *above, today())
    return code and (SUSPENDED if code in STOPPED else NOT_GRANTED)


def followed(granted: StateCache[State]) -> Callable[[str, str], str]:
    """(vendor, school) → the same, by states that are followed. What the machine said a moment ago counts
    before something is refused for it; raises ProblemList (SYS-001) if nobody can say."""

    def why_not(vendor: str, school: str) -> str:
        if not fault(granted.get, vendor, school):
            return ""
        granted.up_to_now()
        return fault(granted.get, vendor, school)

    return why_not


def ended(states: States, vendor: str, school: str) -> bool:
    """Whether the grant was taken back: what belonged to it does not come back with another one."""
    grant = states(f"{vendor}/{school}")
    return grant is not None and grant.state is Standing.REVOKED


def product_version(states: States, vendor: str, school: str) -> str:
    """Version of the vendor's product that the grant names, "" if it names none."""
    grant = states(f"{vendor}/{school}")
    return grant.product_version if grant else ""
