"""What the printed pages share: a section with a table."""

from collections.abc import Sequence


def section(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A heading and a table under it, in Markdown."""
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    body = "".join(f"| {' | '.join(str(cell) for cell in row)} |\n" for row in rows)
    return f"## {title}\n\n{head}{body}"
