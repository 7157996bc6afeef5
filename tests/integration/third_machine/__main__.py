"""The machine as a process: ``python -m tests.integration.third_machine``."""

from runtime import process
from runtime.settings import Settings
from streams.machines.processor import Processor
from tests.integration.third_machine.machine import MACHINE


class Units(Processor):
    name = MACHINE.name
    machine = MACHINE


if __name__ == "__main__":
    process.leave(process.run(Units(Settings())))
