"""docs/retention.md, printed from the policy."""

from typing import Final

from retention.policy import Kept, Kind, Until, every

HEAD: Final = """\
# Lưu giữ — What is kept, how long, and why

Made by `csdl docs` from `retention/policy.csv`; a topic or a table without a line there fails a test. No law
that we were given sets a term for a province's copy of what schools report (the originals are the schools'
own): each term is what the work needs. A topic may be kept longer by its own setting, not shorter;
Kafka deletes whole segments, of a week at most, so a message may stay for seven days more.

- `csdl retention show` says what is due now, and which topics are kept for longer.
- `csdl retention run` deletes what is due by age, some thousands of rows at a time; every night by
  `csdl-retention.timer` (where there is no systemd, by whatever calls it).

## A school year goes

`csdl years list` says which there are; `csdl years close YEAR --dry-run` all that stands against letting one
go, and `csdl years close YEAR --reason "…"` does it, by who may read the secrets of `csdl-setup` and the
folder of backups (root on a server). Each record type's rows of a year lie in a partition of their own;
these leave their tables in a moment, then they and what speaks of single records are deleted, a dataset at a
time.

- Proved first: the year takes no pushes (YEAR-002), none is under way (YEAR-006), the Ministry has answered
  every record of the newest version of every dataset (YEAR-003 to 005; `--forgo DATASET` lets one go all the
  same, on record), and a backup that `csdl backup verify` has brought to life holds just what the tables do:
  every version's digest, every answered export (YEAR-007, 008). That backup stays for good.
- What stays: datasets, versions with digest and counts, the chain of confirmations and its states in Kafka,
  exports without their records. So audits, replays and later backups agree as before.
- A push that comes after all is refused (ENV-303).
- Cut off, the same command goes on (YEAR-012). After the restore of an older backup the year is here again,
  which `csdl doctor` says (YEAR-013): close it again.
- To read a closed year: `csdl restore NAME --data-dir FOLDER` beside what runs (docs/backup.md).
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
