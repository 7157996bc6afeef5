"""The grants machine on Kafka, and what becomes due by itself."""

import time
from typing import Final

from runtime import kafka
from runtime.process import WHOLE, Share
from runtime.settings import Settings
from schemas.days import today
from schemas.encoding import codec
from schemas.topics import GRANTS_SYSTEM
from streams.grants import clerk
from streams.grants.machine import MACHINE
from streams.machines import wire
from streams.machines.processor import Output, Processor

__all__ = ["MACHINE", "Grants"]

LOOK_S: Final = 1.0
"""From one look at what is due to the next, at least; nothing moves between two."""
AT_REST_S: Final = 60.0
"""The same while no command comes: days pass."""


class Grants(Processor):
    """``csdl run grants``."""

    name = MACHINE.name
    machine = MACHINE

    def __init__(self, settings: Settings, share: Share = WHOLE) -> None:
        super().__init__(settings, share)
        self._looked_at = -AT_REST_S
        self._looked_after = 0.0
        self._asked: set[str] = set()
        """Ids of what was found due, so that it is written once while it waits to be decided."""

    def step(self) -> None:
        """Deal with a batch of commands; then write down what is due."""
        super().step()
        now = time.monotonic()
        rest = LOOK_S if self._committed_at != self._looked_after else AT_REST_S
        if now - self._looked_at >= rest:
            self._look()
            self._looked_at, self._looked_after = now, self._committed_at

    def _look(self) -> None:
        due = clerk.due(self.states.values(), today())
        outputs = []
        for command in due:
            if command.command_id not in self._asked:
                key = MACHINE.key(command).encode("utf-8")
                value = codec.encode(MACHINE.command_contract, wire.to_record(command))
                outputs.append(Output(GRANTS_SYSTEM, kafka.partition_of(key), key, value, []))
        self._asked = {command.command_id for command in due}
        if outputs:
            self._commit(outputs, {})
