"""docs/rights.md: who may do what, printed from the declarations that are put in force."""

from collections.abc import Callable
from typing import Final

from deploy import broker_rights
from deploy.processes import TABLE
from runtime.accounts import OPERATOR, OWNER, PROCESSES, SETUP
from sinks.provincial import rights

_WHO: Final = {
    OPERATOR: "người dùng dòng lệnh — the person at the command line",
    **{declared.principal: f"`csdl run {declared.name}`" for declared in TABLE},
}


def document() -> str:
    """The whole page, a part a server."""
    return "\n".join(part() for part in PARTS)


def database() -> str:
    """The part of PostgreSQL."""
    letters = ", ".join(f"{letter} {word}" for letter, word in rights.LETTERS.items())
    lines = [
        "# Quyền — Rights",
        "",
        "Made by `csdl docs` from `sinks/provincial/rights.py`. `csdl setup` gives what is missing and",
        "takes what is not here; `csdl doctor` (`pg-rights`) compares; a process without one of its rights",
        "waits and says SEC-201.",
        "",
        "## PostgreSQL",
        "",
        f"Every account below is a member of `{PROCESSES}`, which may connect and use the schema.",
        f"`{SETUP}` acts as `{OWNER}`, who owns every table. Neither that owner, nor the group, nor the",
        "server's first account can log in. Partitions are reached by their table alone.",
        "",
        f"{letters}; T: temporary tables, which nobody else sees.",
        "RECORDS: the table of every record type.",
        "",
    ]
    for name, account in rights.TABLE.items():
        by_letters: dict[str, list[str]] = {}
        for table, allowed in account.tables.items():
            by_letters.setdefault(allowed, []).append(table)
        lines += [f"**{name}** ({_WHO.get(name, '–')}){' T' if account.temporary else ''}", ""]
        lines += ["| | |", "|---|---|"]
        lines += [f"| {allowed} | {', '.join(sorted(tables))} |" for allowed, tables in by_letters.items()]
        lines += [f"| EXECUTE | {', '.join(account.functions)} |"] if account.functions else []
        lines.append("")
    return "\n".join(lines)


PARTS: Final[tuple[Callable[[], str], ...]] = (database, broker_rights.part)
