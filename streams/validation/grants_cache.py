"""Which vendor may push for which school, and which may remove: the grants machine's states, in memory."""

from runtime.settings import Settings
from streams.grants.commands import Right
from streams.grants.machine import MACHINE
from streams.grants.state import Standing, State
from streams.machines.state_cache import StateCache


class GrantsCache(StateCache[State]):
    """Started once; may be asked from any thread."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(MACHINE, settings)

    def granted(self, vendor: str, school: str) -> bool:
        """Whether the vendor may push for the school, as far as the topic was read."""
        grant = self.get(f"{vendor}/{school}")
        return grant is not None and grant.state is Standing.ALLOWED

    def may_remove(self, vendor: str, school: str) -> bool:
        """Whether the vendor may remove records of the school, as far as the topic was read."""
        grant = self.get(f"{vendor}/{school}")
        return grant is not None and grant.state is Standing.ALLOWED and Right.REMOVE in grant.rights
