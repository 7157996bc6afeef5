"""What the printed pages share: a section with a table."""

from collections.abc import Mapping, Sequence

from schemas.errors import catalogue


def section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A heading and a table under it, in Markdown."""
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    body = "".join(f"| {' | '.join(str(cell) for cell in row)} |\n" for row in rows)
    return f"## {title}\n\n{head}{body}"


def refusals(whys: Mapping[str, str]) -> str:
    """A machine's refusals: code → why."""
    rows = [(code, why, *catalogue()[code]) for code, why in whys.items()]
    return section("Refusals, in the order in which they are looked for", ("code", "why", "vi", "en"), rows)


def reasons(known: Mapping[str, tuple[str, str]]) -> str:
    """The closed list of reasons of a return: code → (Vietnamese, English)."""
    rows = [(code, vi, en) for code, (vi, en) in known.items()]
    return section("Reasons of a return", ("code", "tiếng Việt", "English"), rows)
