"""How long a full load takes by the CPU seconds of its stages: on so many cores, by so many of each. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench.capacity import lines
from bench.capacity.lines import Line

STAGES: Final = ("validation", "load", "check", "postgres", "kafka")
CORES: Final = "cores"


@dataclass(frozen=True)
class Shape:
    """Cores of one machine, or of each of two (the servers on the one, the processes on the other), and how
    many of each process."""

    cores: int
    load: int = 1
    validation: int = 1
    check: int = 1
    machines: int = 1

    def workers(self, stage: str) -> int:
        """How many cores a stage can use at most: a process of ours one, the database one for each that
        works with it, Kafka all."""
        mine = {"load": self.load, "validation": self.validation, "check": self.check}
        return mine.get(stage, self.load + self.check if stage == "postgres" else self.cores)


SHAPES: Final = (
    Shape(2),
    Shape(2, load=2),
    Shape(4),
    Shape(4, load=2),
    Shape(4, load=2, validation=2),
    Shape(8, load=2, validation=2, check=2),
    Shape(8, load=4, validation=3, check=2),
    Shape(4, load=2, validation=2, machines=2),
)


def stage_of(label: str) -> str:
    """``load-2`` is a load."""
    return label.split("-")[0]


def a_record(shared: Mapping[str, Any]) -> dict[str, float]:
    """Stage → CPU microseconds a record, until it is checked, by a stack with two loads."""
    two = next(point for point in shared["points"] if point["instances"] == {"load": 2})
    found: dict[str, float] = {}
    for label, spent in two["cpu"].items():
        stage = stage_of(label)
        found[stage] = found.get(stage, 0.0) + spent / shared["records"] * 1e6
    return found


def by_step(load: Mapping[str, Any], step: str) -> dict[str, Line]:
    """Stage → CPU seconds over records, less what it takes when there is nothing to do."""
    some = lines.of_step(load["points"], step)
    stages = sorted({stage_of(label) for label in some[0]["cpu"]})

    def line(stage: str) -> Line:
        labels = [label for label in some[0]["cpu"] if stage_of(label) == stage]
        idle = sum(load["idle_cpu"][label] for label in labels)

        def spent(point: lines.Point) -> float:
            return float(sum(point["cpu"][label] for label in labels) - idle * point["until_still_s"])

        return lines.of(some, spent)

    return {stage: line(stage) for stage in stages}


def least_us(cost: Mapping[str, float], shape: Shape) -> tuple[float, str]:
    """Microseconds a record at the least, and what holds it there: a stage, or the cores together."""
    if shape.machines == 1:
        limits = {CORES: sum(cost.values()) / shape.cores}
    else:
        servers = cost["postgres"] + cost["kafka"]
        limits = {CORES: max(servers, sum(cost.values()) - servers) / shape.cores}
    limits |= {stage: cost[stage] / shape.workers(stage) for stage in STAGES}
    held = max(limits, key=lambda name: limits[name])
    return limits[held], held
