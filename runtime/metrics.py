"""The closed list of metrics: name, kind, labels, one sentence each.

A metric exists only if it stands here. Labels take topics, consumers, stages, states, rules and outcomes;
never a school and never a person.
"""

from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram

Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True)
class Metric:
    """One line of the list."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    doc: str


METRICS: Final[list[Metric]] = []


def _counter(name: str, doc: str, *labels: str) -> Counter:
    METRICS.append(Metric(name, "counter", labels, doc))
    return Counter(name, doc, labels)


def _gauge(name: str, doc: str, *labels: str) -> Gauge:
    METRICS.append(Metric(name, "gauge", labels, doc))
    return Gauge(name, doc, labels)


def _histogram(name: str, doc: str, *labels: str) -> Histogram:
    METRICS.append(Metric(name, "histogram", labels, doc))
    return Histogram(name, doc, labels)


DEAD_LETTERS: Final = _counter(
    "csdl_dead_letters_total", "Messages set aside because they cannot be decoded.", "topic", "code"
)
