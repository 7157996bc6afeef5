"""The organisation as its machine's compacted states have it now."""

from runtime.settings import Settings
from schemas.organisation.organisation import Organisation
from streams.machines import topic_log
from streams.organisation.machine import MACHINE
from streams.organisation.state import State


def states(settings: Settings) -> dict[str, State]:
    """Code → state of every unit. Raises ProblemList (SYS-001) if Kafka is away."""
    return topic_log.read_states(MACHINE, settings)


def organisation(settings: Settings) -> Organisation:
    """Every unit, read once. Raises as above."""
    return Organisation(state.as_unit() for state in states(settings).values())
