"""The confirmation machine on Kafka."""

from streams.confirmation.machine import MACHINE
from streams.machines.processor import Processor

__all__ = ["MACHINE", "Confirmation"]


class Confirmation(Processor):
    """``csdl run confirmation``."""

    name = MACHINE.name
    machine = MACHINE
