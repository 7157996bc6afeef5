"""Which vendor may push what for which school, and which may remove: the grants' states, in memory."""

from datetime import date

from runtime.settings import Settings
from streams.grants import pushing
from streams.grants.commands import Right
from streams.grants.machine import MACHINE
from streams.grants.state import Standing, State, level
from streams.machines.state_cache import StateCache


class GrantsCache(StateCache[State]):
    """Started once; may be asked from any thread. Its answers are as far as the topic was read."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(MACHINE, settings)

    def fault(self, vendor: str, school: str, day: date, record_type: str, period: str) -> str:
        """Why the vendor may not push this for the school on that day (``pushing``); "" if it may."""
        grant = self.get(f"{vendor}/{school}")
        version = grant.product_version if grant else ""
        return pushing.fault(
            grant,
            self.get(f"{vendor}/{level()}"),
            self.get(f"{vendor}/{level(version)}") if version else None,
            day,
            record_type,
            period,
        )

    def may_remove(self, vendor: str, school: str) -> bool:
        """Whether a vendor that may push for the school may remove its records, too."""
        grant = self.get(f"{vendor}/{school}")
        return grant is not None and Right.REMOVE in grant.rights

    def awaits_first_push(self, vendor: str, school: str) -> bool:
        """Whether the vendor has it from the school and has not pushed yet."""
        grant = self.get(f"{vendor}/{school}")
        return grant is not None and grant.state is Standing.HANDED_OVER
