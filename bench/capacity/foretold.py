"""A whole province that was measured at once beside what the lines foretell of it. Pure."""

from collections.abc import Mapping
from typing import Any

from bench.capacity import pace, places
from bench.capacity.lines import backups, of, of_step
from bench.capacity.places import Place
from bench.capacity.words import number, table


def section(data: Mapping[str, Any], steps: Mapping[str, str]) -> str:
    """Of the document; ``steps``: step → what it is called."""
    seen, before = data["full"]["points"], data["load"]["points"]
    rows: list[tuple[str, ...]] = []
    for step, name in steps.items():
        (real,) = of_step(seen, step)
        foretold = (
            sum(g.line.at(real[g.size]) for g in places.topics_of(before, step)) / 1e6,
            sum(g.line.at(real[g.size]) for g in places.tables_of(before, step)) / 1e6,
            of(of_step(before, step), lambda p: p["wal"]).at(real["records"]) / 1e6,
            sum(line.at(real["records"]) for line in pace.by_step(data["load"], step).values()),
        )
        idle = sum(data["full"]["idle_cpu"].values()) * real["until_still_s"]
        found = (
            sum(size for topic, size in real["topics"].items() if topic.startswith("csdl.")) / 1e6,
            sum(map(sum, real["tables"].values())) / 1e6,
            real["wal"] / 1e6,
            sum(real["cpu"].values()) - idle,
        )
        what = ("Kafka, MB", "PostgreSQL, MB", "its log, MB", "CPU s")
        rows += [(name, w, *_beside(*both)) for w, *both in zip(what, foretold, found, strict=True)]
        rows.append((name, "s on this machine", "", number(real["seconds"]), ""))
    (held,) = of_step(seen, "held")
    place = Place("", held["schools"], held["pupils"], held["records"])
    for label, kept in places.memory(data).items():
        mb = held["memory_mb"][label]
        rows.append(("after all", f"`{label}`, MB of memory", *_beside(kept.at(place), mb)))
    size = backups(data["load"], "backup").at(held["held"])
    rows.append(("after all", "a backup, MB", *_beside(size / 1e6, held["backup"] / 1e6)))
    took = backups(data["load"], "backup_s").at(held["held"])
    rows.append(("after all", "a backup, s", *_beside(took, held["backup_s"])))
    of_it = f"{number(held['schools'])} schools, {number(held['records'])} records, on one stack"
    head = ("step", "", "foretold", "seen", "seen to foretold")
    return f"\n## A whole province beside it\n*Measured*: {of_it}.\n\n{table(head, rows)}"


def _beside(foretold: float, seen: float) -> tuple[str, str, str]:
    return number(foretold), number(seen), f"{seen / foretold:.2f}" if foretold else ""
