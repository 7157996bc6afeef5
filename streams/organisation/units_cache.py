"""Which schools there are on a day: the organisation machine's states, in memory."""

from collections.abc import Iterable
from datetime import date

from runtime.settings import Settings
from schemas.organisation.organisation import Organisation
from schemas.organisation.units import Kind, Unit
from streams.machines.state_cache import StateCache
from streams.organisation.machine import MACHINE
from streams.organisation.state import State


class UnitsCache(StateCache[State]):
    """Started once; may be asked from any thread."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(MACHINE, settings)

    def organisation(self, codes: Iterable[str]) -> Organisation:
        """These units with all above them on any day, as far as the topic was read."""
        found: dict[str, Unit] = {}
        waiting = list(codes)
        while waiting:
            code = waiting.pop()
            state = self.get(code)
            if state is not None and code not in found:
                found[code] = state.as_unit()
                waiting += [period.parent for period in state.periods if period.parent]
        return Organisation(found.values())

    def is_school(self, code: str, day: date) -> bool:
        """Whether there is a school of that code on that day, as far as the topic was read."""
        state = self.get(code)
        return (
            state is not None
            and state.kind is Kind.SCHOOL
            and any(period.holds_on(day) for period in state.periods)
        )
