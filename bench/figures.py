"""What is quoted of several rounds: of each ratio and rate the least, of each cost the most. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Round = Mapping[str, Mapping[str, Any]]
"""Lane → its figures."""

CHECKED: Final = ("checked_dirty", "checked_clean")
BURSTS: Final = ("burst_dirty", "burst_clean")

RATIOS: Final = {
    "ratio_to_bare": ("stored", "bare"),
    "ratio_to_rival": ("stored", "rival"),
    "ratio_checked_dirty_to_bare": ("checked_dirty", "bare"),
    "ratio_checked_clean_to_bare": ("checked_clean", "bare"),
}
"""Name → the lanes whose rates are compared, each within its own round."""

COSTS: Final = ("bare", "rival", "stored", *CHECKED)
"""Lanes whose CPU seconds a million records are quoted."""


def quoted(rounds: Sequence[Round]) -> dict[str, float]:
    """The figures to quote."""
    ratios = {
        name: round(min(r[one]["records_per_s"] / r[other]["records_per_s"] for r in rounds), 2)
        for name, (one, other) in RATIOS.items()
    }
    costs = {f"{lane}_cpu_s_per_million": max(r[lane]["cpu_s_per_million"] for r in rounds) for lane in COSTS}
    return {
        **ratios,
        "ratio_checked_to_bare": min(ratios[f"ratio_{lane}_to_bare"] for lane in CHECKED),
        **costs,
        "checked_cpu_s_per_million": max(costs[f"{lane}_cpu_s_per_million"] for lane in CHECKED),
        "burst_s": max(r[lane]["seconds"] for r in rounds for lane in BURSTS),
    }


def at(ordered: Sequence[float], share: float) -> float:
    """Percentile of a sorted list."""
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)


def percentiles(ordered: Sequence[float]) -> dict[str, float]:
    """p50 and p99 of a sorted list of milliseconds."""
    return {"p50_ms": at(ordered, 0.5), "p99_ms": at(ordered, 0.99), "count": len(ordered)}
