"""The organisation machine on Kafka."""

from streams.machines.processor import Processor
from streams.organisation.machine import MACHINE

__all__ = ["MACHINE", "Organisation"]


class Organisation(Processor):
    """``csdl run organisation``."""

    name = MACHINE.name
    machine = MACHINE
