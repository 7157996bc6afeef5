"""The grants machine on Kafka."""

from streams.grants.machine import MACHINE
from streams.machines.processor import Processor

__all__ = ["MACHINE", "Grants"]


class Grants(Processor):
    """``csdl run grants``."""

    name = MACHINE.name
    machine = MACHINE
