"""docs/retention.md, printed from the policy."""

from typing import Final

from retention.policy import Kept, Kind, Until, every

HEAD: Final = """\
# Lưu giữ — What is kept, how long, and why

Made by `csdl docs` from `retention/policy.csv`; a topic or a table without a line there fails a test. No law
that we were given sets a term for a province's copy of what schools report (the originals are the schools'
own): each term is what the work needs. A topic may be kept longer by its own setting, not shorter.

- `csdl retention show` says what is due now, and which topics are kept for longer.
- `csdl retention run` deletes what is due by age, some thousands of rows at a time; every night by
  `csdl-retention.timer`.
"""

TABLE: Final = "| | one a | how long | why | what ends it |\n|---|---|---|---|---|"


def render() -> str:
    """The page."""
    parts = [HEAD]
    for kind in Kind:
        parts += [
            "",
            f"## {kind}",
            "",
            "| | one a | how long | why | what ends it |",
            "|---|---|---|---|---|",
        ]
        parts += [_line(kept) for kept in every() if kept.kind is kind]
    return "\n".join(parts) + "\n"


def term(kept: Kept) -> str:
    """How long, in words."""
    if kept.setting:
        return f"`CSDL_{kept.setting.upper()}` ({kept.long}) days since {kept.since}"
    if isinstance(kept.long, Until):
        return str(kept.long)
    return f"{kept.long} day{'s' if kept.long > 1 else ''} since {kept.since}"


def _line(kept: Kept) -> str:
    name = kept.name if "`" in kept.name or " " in kept.name else f"`{kept.name}`"
    return f"| {name} | {kept.what} | {term(kept)} | {kept.why} | {kept.by} |"
