"""A straight line through what was measured at several sizes, and how far it can be trusted. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

Point = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """``begins``: at nothing; ``each``: of one more. ``residual``: the worst miss of a point, as a share of
    the largest; ``spread``: by how much the slope differs at most when one point is left out, as a share of
    it."""

    begins: float
    each: float
    residual: float
    spread: float

    def at(self, number: float) -> float:
        """What it foretells."""
        return self.begins + self.each * number


def through(points: Sequence[tuple[float, float]]) -> Line:
    """By least squares. Raises ValueError below two sizes."""
    begins, each = _fitted(points)
    largest = max(abs(y) for _, y in points) or 1.0
    residual = max(abs(y - begins - each * x) for x, y in points) / largest
    less = [[*points[:n], *points[n + 1 :]] for n in range(len(points))]
    slopes = [_fitted(some)[1] for some in less if len({x for x, _ in some}) > 1]
    spread = max((abs(slope - each) for slope in slopes), default=0.0) / abs(each) if each else 0.0
    return Line(begins, each, residual, spread)


def of(points: Iterable[Point], value: Callable[[Point], float], by: str = "records") -> Line:
    """A figure of each point over one of its sizes."""
    return through([(float(point[by]), float(value(point))) for point in points])


def of_step(points: Iterable[Point], step: str) -> list[Point]:
    """Those of one step, by size."""
    return [point for point in points if point["step"] == step]


def backups(load: Mapping[str, Any], what: str) -> Line:
    """Size or time of a backup, over the bytes that were held."""
    return of([load["begun"], *of_step(load["points"], "held")], lambda point: float(point[what]), "held")


def _fitted(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    middle, height = fmean(x for x, _ in points), fmean(y for _, y in points)
    width = sum((x - middle) ** 2 for x, _ in points)
    if not width:
        raise ValueError(f"one size alone makes no line: {points}")
    each = sum((x - middle) * (y - height) for x, y in points) / width
    return height - each * middle, each
