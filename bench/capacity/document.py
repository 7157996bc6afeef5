"""``docs/capacity.md``: what was measured, and what places need by it. Pure: the same data, the same text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.capacity import foretold, lines, pace, places
from bench.capacity.lines import Point, backups, of, of_step
from bench.capacity.places import Kept, Place
from bench.capacity.words import gb, largest, number, percent, table
from runtime.settings import Settings

Data = Mapping[str, Any]

TEMPLATE: Final = Path(__file__).with_name("document.txt")
SERVERS: Final = ("kafka", "postgres")
FEW: Final = pace.Shape(2, load=2)
MANY: Final = pace.Shape(8, load=4, validation=3, check=2)
STEPS: Final = {
    "load": "pushed over Kafka, all new",
    "again": "pushed over HTTP, a third of the pupils changed",
    "forward": "confirmed, exported, answered",
}


def text(data: Data) -> str:
    """All of it."""
    known, points = places.places(), data["load"]["points"]
    cost = pace.a_record(data["shared"])
    disk = {place.name: places.disk(points, place) for place in known}
    rows = {group: disk["province"][group].bytes for group in Kept if group.startswith("PostgreSQL")}
    most = max(rows, key=lambda group: rows[group])
    loads, opened = of_step(points, "load"), of_step(points, "open")
    grew = [sum(point["memory_mb"].values()) - sum(p["memory_mb"].values())
            for p, point in zip(of_step(points, "again"), opened, strict=True)]  # fmt: skip
    backup, took = backups(data["load"], "backup"), backups(data["load"], "backup_s")
    idle = data["load"]["idle_cpu"]
    raw = sum(p["topics"]["csdl.in.smas.v1"] for p in loads) / sum(p["raw"] for p in loads)
    return TEMPLATE.read_text("utf-8").format(
        places=_places(known),
        provinces=places.PROVINCES,
        needs=_needs(data, known, disk),
        total_us=number(sum(cost.values())),
        shares=", ".join(f"{s} {number(us)}" for s, us in largest(cost) if us / sum(cost.values()) > 0.01),
        largest=largest(cost)[0][0],
        written=gb(sum(_written(points, known[1]))),
        most=f"{percent(rows[most] / sum(rows.values()))} are {most.removeprefix('PostgreSQL: ')}",
        periods=places.PERIODS,
        pushes=places.PUSHES,
        changes=percent(places.CHANGES),
        disk=_disk(data, known, disk),
        raw=percent(raw),
        not_compressed=number(1 / raw),
        backup=number(backup.each),
        backup_begins=number(backup.begins / 1e6),
        backup_s=number(took.begins),
        backup_s_gb=number(max(0.0, took.each) * 1e9),
        many=number(max(p["schools"] for p in data["held"]["points"])),
        memory=_memory(data, known),
        grows=_grows(data),
        shared_schools=data["shared"]["schools"],
        shared_records=number(data["shared"]["records"]),
        shared=_shared(data),
        reckoned=_reckoned(cost, known[1]),
        steps="".join(_step(data, step, name) for step, name in STEPS.items()),
        idle=percent(sum(idle.values())),
        idle_shares=", ".join(f"{s} {percent(share)}" for s, share in largest(idle) if share > 0.01),
        block_schools=", ".join(str(p["schools"]) for p in loads),
        block_records=", ".join(number(p["records"]) for p in loads),
        lines=_lines(points),
        indexes=_indexes(points),
        newest=", ".join(f"`{name}` {number(found['bytes'] / found['keys'])}"
                         for name, found in data["load"]["newest"].items() if found["keys"]),
        open=number(of(opened, lambda p: sum(p["tables"].get("push_chunk", (0, 0)))).each),
        open_mb=number(max(0.0, grew[-1])),
        open_records=number(opened[-1]["records"]),
        full=foretold.section(data, STEPS) if "full" in data else "",
        measured="".join(f"- `{part}`: {_where(found)}\n" for part, found in data.items()),
    )  # fmt: skip


def _time(hours: float) -> str:
    if hours < 1 / 60:
        return f"{number(hours * 3600)} s"
    return f"{number(hours * 60)} min" if hours < 1 else f"{number(hours)} h"


def _places(known: Sequence[Place]) -> str:
    head = ("", "pipelines", "schools each", "pupils each", "records of one full load each", "pupils in all")
    sizes = ((p.pipelines, p.schools, p.pupils, p.records, p.pupils * p.pipelines) for p in known)
    return table(head, ((p.name, *map(number, of)) for p, of in zip(known, sizes, strict=True)))


def _needs(data: Data, known: Sequence[Place], disk: Mapping[str, Mapping[Kept, places.Disk]]) -> str:
    """The table that somebody looks for first."""
    cost, held = pace.a_record(data["shared"]), places.memory(data)
    copies = sum(Settings.model_fields["backups_kept"].default.values())
    taken = next(point for point in data["shared"]["points"] if point["instances"] == {"load": 2})

    def row(place: Place) -> tuple[str, ...]:
        kafka, database = (
            sum(d.bytes for group, d in disk[place.name].items() if group.startswith(server))
            for server in ("Kafka", "PostgreSQL")
        )
        backup = backups(data["load"], "backup").each * (kafka + database)
        memory = sum(h.at(place) for name, h in held.items() if name not in SERVERS) * place.pipelines
        seconds = (taken["seconds"] / data["shared"]["records"], pace.least_us(cost, MANY)[0] / 1e6)
        return (
            place.name, gb(memory * 1e6), gb(kafka), gb(database), f"{gb(backup)}, {gb(backup * copies)}",
            *(_time(each * place.records / 3600) for each in seconds),
        )  # fmt: skip

    head = (
        "", "memory of all our processes", "Kafka, end of the year", "PostgreSQL, end of the year",
        f"a backup, {copies} of them", "full load, two cores and two loads (as measured, with other work)",
        f"on {_shape(MANY)} (reckoned)",
    )  # fmt: skip
    return table(head, map(row, known))


def _written(points: Sequence[Point], place: Place) -> tuple[float, float]:
    """Bytes that Kafka and PostgreSQL write for a full load: tables, their log, topics."""
    some = of_step(points, "load")
    tables = of(some, lambda p: p["wal"] + sum(map(sum, p["tables"].values())))
    return of(some, lambda p: sum(p["topics"].values())).each * place.records, tables.each * place.records


def _disk(data: Data, known: Sequence[Place], disk: Mapping[str, Mapping[Kept, places.Disk]]) -> str:
    rows = [(group.value, *(_sized(disk[place.name][group]) for place in known)) for group in Kept]
    rows.append(("PostgreSQL's log, a year", *(gb(_wal(data, place)) for place in known)))
    return table(("", *(place.name for place in known)), rows)


def _sized(disk: places.Disk) -> str:
    return f"{gb(disk.bytes)} ±{percent(disk.unsure / disk.bytes if disk.bytes else 0)}"


def _wal(data: Data, place: Place) -> float:
    changed = places.CHANGES / places.MEASURED_CHANGES
    times = {
        "load": places.PERIODS,
        "again": (places.PUSHES - places.PERIODS) * changed,
        "forward": places.PERIODS,
    }
    points = data["load"]["points"]
    each = sum(of(of_step(points, step), lambda p: p["wal"]).each * n for step, n in times.items())
    return each * place.records * place.pipelines


def _memory(data: Data, known: Sequence[Place]) -> str:
    held = places.memory(data)
    rows = [
        (
            f"`{name}`",
            number(h.base),
            number(max(0.0, h.schools.each) * 1000),
            number(max(0.0, h.datasets.each) * 1000),
            number(h.worked),
            *(number(h.at(place)) for place in known),
        )
        for name, h in held.items()
    ]
    rows.append(("all", *("",) * 4, *(number(sum(h.at(place) for h in held.values())) for place in known)))
    names = [place.name if place.pipelines == 1 else f"one of {place.name}" for place in known]
    return table(("MB", "nothing", "1,000 schools", "1,000 datasets", "load", *names), rows)


def _grows(data: Data) -> str:
    """Which process holds more the more it has loaded, by the blocks."""
    some = of_step(data["load"]["points"], "held")
    total, found = 0, []
    for point in some:
        total += point["records"]
        found.append((total, point["memory_mb"]))
    slopes = {n: lines.through([(t, mb[n]) for t, mb in found]).each * 1e5 for n in found[0][1]}
    said = ", ".join(f"`{name}` {number(mb)}" for name, mb in largest(slopes) if mb > 1)
    return (
        f"MB that a process held more for each 100,000 records that it had taken, over {number(total)}: "
        f"{said}; the others 1 at most."
    )


def _instances(several: Mapping[str, int]) -> str:
    return ", ".join(f"{several.get(stage, 1)} {stage}" for stage in ("validation", "load", "check"))


def _shape(shape: pace.Shape) -> str:
    machines = "" if shape.machines == 1 else f"{shape.machines} machines of "
    return f"{machines}{shape.cores} cores, {_instances(vars(shape))}"


def _shared(data: Data) -> str:
    records = data["shared"]["records"]
    rows = [
        (
            _instances(point["instances"]),
            number(point["seconds"]),
            number(records / point["seconds"]),
            number(sum(point["cpu"].values()) / records * 1e6),
            number(point["others_cpu_s"]),
            number(point["load_before"]),
        )
        for point in data["shared"]["points"]
    ]
    head = (
        "instances", "s", "records/s", "CPU µs a record", "CPU s of all else meanwhile, who sends too",
        "load average before",
    )  # fmt: skip
    return table(head, rows)


def _reckoned(cost: Mapping[str, float], place: Place) -> str:
    rows = [
        (_shape(shape), _time(us * place.records / 3.6e9), held)
        for shape in pace.SHAPES
        for us, held in [pace.least_us(cost, shape)]
    ]
    return table(("", "a province's full load, at the least", "held by"), rows)


def _step(data: Data, step: str, name: str) -> str:
    found = {stage: line for stage, line in pace.by_step(data["load"], step).items() if line.each > 1e-6}
    said = (
        f"{stage} {number(us)} ±{percent(found[stage].spread)}"
        for stage, us in largest({stage: line.each * 1e6 for stage, line in found.items()})
    )
    return f"- {name}: {', '.join(said)}\n"


def _lines(points: Sequence[Point]) -> str:
    rows = []
    for step, name in STEPS.items():
        grown = [*places.topics_of(points, step), *places.tables_of(points, step)]
        for one in sorted(grown, key=lambda g: (g.size, -g.line.each)):
            if one.line.each >= 1:
                each = f"{number(one.line.each)} a {one.size.removesuffix('s')}"
                rows.append(
                    (name, f"`{one.name}`", each, *map(percent, (one.line.residual, one.line.spread)))
                )
    return table(("step", "topic or table", "bytes", "miss", "±"), rows)


def _indexes(points: Sequence[Point]) -> str:
    total: dict[str, tuple[int, int]] = {}
    for point in points:
        for name, (rows, indexes) in point.get("tables", {}).items():
            before = total.get(name, (0, 0))
            total[name] = (before[0] + rows, before[1] + indexes)
    large = {name: indexes / rows for name, (rows, indexes) in total.items() if indexes > rows > 2**20}
    return ", ".join(f"`{name}` ({number(times)} times)" for name, times in largest(large)) or "none"


def _where(part: Data) -> str:
    at = part["measured"]
    return (
        f"{at['on']}, commit {at['commit']}, {at['cores']} cores, {at['memory_gb']} GB, "
        f"Python {at['python']}; load average of the machine before: {at['load_before']}"
    )
