"""How figures are written in the document. Pure."""

from collections.abc import Iterable, Mapping, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Markdown."""
    every = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in every)


def number(found: float) -> str:
    """With as many places as it deserves."""
    return (
        f"{found:,.0f}"
        if isinstance(found, int) or abs(found) >= 20
        else f"{found:.1f}"
        if abs(found) >= 1
        else f"{found:.2g}"
    )


def gb(size: float) -> str:
    """Bytes."""
    return f"{number(size / 1e9)} GB"


def percent(share: float) -> str:
    """Of a share."""
    return f"{100 * share:.0f}%"


def largest(found: Mapping[str, float]) -> list[tuple[str, float]]:
    """First."""
    return sorted(found.items(), key=lambda item: -item[1])
