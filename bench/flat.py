"""``python -m bench.flat [--json FILE]``: does a record cost the same later on?

Two lines on one stack, each until its versions are checked. *Records*: blocks of new schools one after the
other: CPU seconds a million between one mark and the next, and what each process holds in memory at each
third. *Versions*: the same datasets pushed again and again, 2% of their pupils changed each time, some
removed by one push and back with a later one: CPU seconds a million pushed pupils of each version.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click
import polars as pl

from bench import ours
from bench.cpu import resident_mb
from bench.lanes import Lane, checked_lane
from bench.ours import Push
from bench.records import PUPILS_A_SCHOOL, pupils, schools
from bench.running import Running, running, say, whole_schools

MARKS: Final = (200_000, 1_000_000, 3_000_000)
BLOCK: Final = 200_000
"""Pupils that are made and encoded at once, before their clock starts."""

CHANGED: Final = 50
"""One pupil in so many changes with each version, each time another one …"""

LEAVES: Final = 40
"""… and one in so many is removed with the first version of AWAY, and is back after the last."""

AWAY: Final = range(8, 13)

PHONE: Final = "SoDienThoaiBo"
"""What changes: no rule but its format's asks for it."""


@click.command()
@click.option("--mark", "marks", multiple=True, type=int, default=MARKS, show_default=True, help="Pupils.")
@click.option("--schools", "number", default=100, show_default=True, help="Datasets with many versions.")
@click.option("--versions", default=20, show_default=True, help="Versions of each of them.")
@click.option("--dirty", is_flag=True, help="Three findings a pupil; else one pupil in 25 is warned.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write figures here."
)
@click.option("--port-base", default=21_290, show_default=True)
def main(
    marks: tuple[int, ...], number: int, versions: int, dirty: bool, json_file: Path | None, port_base: int
) -> None:
    """CPU seconds a million records by records and by version, and memory by records."""
    sizes = blocks(marks)
    with running(port_base, sum(map(sum, sizes)) + number * PUPILS_A_SCHOOL) as it:
        report = {
            "dirty": dirty,
            "records": by_records(it, sizes, clean=not dirty),
            "versions": by_version(it, number, versions, clean=not dirty),
        }
    text = json.dumps(report, indent=2)
    if json_file:
        json_file.write_text(text + "\n", encoding="utf-8")
    click.echo(text)


def blocks(marks: Iterable[int]) -> list[list[int]]:
    """Sizes of the blocks that lead to each mark, whole schools: the last one of each may be small."""
    found, total = [], 0
    for mark in sorted(marks):
        sizes = []
        while total < mark:
            sizes.append(whole_schools(min(BLOCK, mark - total)))
            total += sizes[-1]
        found.append(sizes)
    return found


def by_records(it: Running, sizes: Sequence[Sequence[int]], *, clean: bool) -> dict[str, Any]:
    """``marks``: cost up to each mark since the one before, beside that of the first; ``memory_mb`` by
    process at each third; ``blocks``: every block's lane."""
    done: list[Lane] = []
    marks: list[dict[str, Any]] = []
    total = 0
    for some in sizes:
        for size in some:
            total += size
            say(f"{total} records")
            lane = checked_lane(it, it.pushes(size, clean=clean))
            done.append({"up_to": total, **lane, "memory_mb": resident_mb(it.pids())})
        marks.append({"up_to": total, "cpu_s_per_million": cost(done[-len(some) :])})
    at_thirds = [done[-(-len(done) * n // 3) - 1] for n in (1, 2, 3)]
    memory = [{"up_to": lane["up_to"], **lane["memory_mb"]} for lane in at_thirds]
    return {"marks": beside_the_first(marks), "memory_mb": memory, "blocks": done}


def by_version(it: Running, number: int, versions: int, *, clean: bool) -> list[dict[str, Any]]:
    """Each version's lane, its cost beside that of the first."""
    first = it.take(number * PUPILS_A_SCHOOL)
    everybody = pupils(number * PUPILS_A_SCHOOL, first, clean=clean)
    found = []
    for version in range(1, versions + 1):
        say(f"version {version}")
        work = list(pushes_of_version(everybody, first, version, classes=clean))
        found.append({"version": version, **checked_lane(it, work, version=version)})
    return beside_the_first(found)


def pushes_of_version(everybody: pl.DataFrame, first: int, version: int, *, classes: bool) -> Iterator[Push]:
    """Each school's push of a version."""
    codes = schools(everybody.height, first)
    for school, part in zip(codes, everybody.iter_slices(PUPILS_A_SCHOOL), strict=True):
        removed = {"HocSinh": leavers(part)["ClientId"].to_list()} if version == AWAY[0] else {}
        yield ours.push(school, of_version(part, version), classes=classes, removals=removed)


def of_version(school: pl.DataFrame, version: int) -> pl.DataFrame:
    """A school's pupils as its push of a version says them. Pure."""
    place = pl.int_range(pl.len()) % CHANGED
    changed = school.with_columns(
        pl.when(place.is_between(2, version)).then(pl.lit("0987654321")).otherwise(PHONE).alias(PHONE)
    )
    return changed.join(leavers(school), on="ClientId", how="anti") if version in AWAY else changed


def leavers(school: pl.DataFrame) -> pl.DataFrame:
    """Those of a school who are away for some versions."""
    return school.gather_every(LEAVES)


def cost(lanes: Sequence[Lane]) -> float:
    """CPU seconds a million records of some lanes together."""
    spent = sum(float(sum(lane["cpu_s"].values())) for lane in lanes)
    return round(spent / sum(int(lane["records"]) for lane in lanes) * 1e6, 1)


def beside_the_first(some: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """``to_first``: each one's cost, as a share of the first one's."""
    first = some[0]["cpu_s_per_million"] if some else 0
    return [{**one, "to_first": round(one["cpu_s_per_million"] / first, 2)} for one in some]


if __name__ == "__main__":
    main()
