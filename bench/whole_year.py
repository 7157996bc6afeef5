"""``python -m bench.whole_year``: a school year of a few schools on the whole pipeline, one week after the
other without the waiting between: does what people wait for, memory or disk grow with the year?

A week: every school pushes, a third of its pupils changed; then one pushes alone, and is waited for. Every
other school pushes over HTTP. A third of the weeks is a period; at its end every dataset is submitted,
confirmed, forwarded and answered. At last the year is backed up, verified and closed. Kafka stamps the time,
so nothing gets old enough for a term: the disk is what a year costs before anything is due.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

import click
import httpx
import polars as pl
from psycopg2.extensions import connection

from backup import sealing, shelf, status, taking, verifying
from bench import gateway, ours, road
from bench.cpu import Spent, measured, own_mb
from bench.records import YEAR
from bench.road import dataset
from bench.running import say
from deploy.local import supervisor
from deploy.local.layout import Stack
from producers import files
from producers.client import PushClient
from producers.model import Target
from producers.synthetic import packet_file, province, school
from producers.synthetic.province import SchoolPlan
from producers.synthetic.write import EVERYTHING
from retention import closing as of_years
from runtime import postgres
from runtime.accounts import SETUP
from runtime.settings import Settings

SEED: Final = 5
KINDS: Final = (1, 2, 3)
PUPILS: Final = 60
ALONE: Final = 5
"""Pushes of a week that are waited for one by one."""
WAIT_S: Final = 180.0
LOOK_S: Final = 0.01
UNCOUNTED: Final = 3
"""Weeks before those that count: caches fill."""


@dataclass
class Week:
    """What was seen at its end. Milliseconds; CPU seconds of all processes for all schools' pushes, which
    other work on the machine hardly touches; MB."""

    alone_ms: float
    together_ms: float
    cpu_s: float
    kafka_mb: float
    database_mb: float
    memory_mb: Mapping[str, float]


@dataclass
class Played:
    """The weeks so far, and how long each period's end took, s."""

    weeks: list[Week] = field(default_factory=list)
    deadlines_s: list[float] = field(default_factory=list)


class Province:
    """A few schools, each with a way to push."""

    def __init__(self, settings: Settings, plans: Sequence[SchoolPlan], stack: ExitStack) -> None:
        self.settings, self.plans = settings, plans
        self.db = stack.enter_context(closing(postgres.connect(settings, "bench")))
        self._kafka = stack.enter_context(PushClient(settings, ours.VENDOR))
        http = stack.enter_context(httpx.Client(trust_env=False, timeout=60.0))
        self._made = {plan.code: school.make(plan, SEED, YEAR) for plan in plans}
        self._senders = {
            plan.code: gateway.Sender(plan, gateway.key(settings, plan.code), settings.gateway, http)
            for plan in plans[1::2]
        }
        self._versions: dict[str, int] = {}

    def push(self, plan: SchoolPlan, kind: int, change: int) -> None:
        """A third of the pupils live elsewhere than after the change before."""
        made = self._made[plan.code]
        moved = made.frames["HocSinh"].with_columns(
            DchiThtru=pl.when(pl.int_range(pl.len()) % 3 == change % 3)
            .then(pl.lit(f"Xóm {change}"))
            .otherwise("DchiThtru")
        )
        made.frames["HocSinh"] = moved
        body = packet_file.packet(made, EVERYTHING, kind)
        if plan.code in self._senders:
            self._senders[plan.code].push(body)
        else:
            tables = files.read_contents(
                [("packet.json", body)], Target(ours.VENDOR, plan.code, YEAR, str(kind))
            ).tables
            self._kafka.push(plan.code, YEAR, str(kind), tables)
        name = dataset(plan, kind)
        self._versions[name] = self._versions.get(name, 0) + 1

    def wait_checked(self, plans: Sequence[SchoolPlan], kind: int) -> None:
        """Until the newest version of each is checked. Raises TimeoutError."""
        wanted = [(dataset(plan, kind), self._versions[dataset(plan, kind)]) for plan in plans]
        deadline = time.monotonic() + WAIT_S
        while _checked(self.db, wanted) < len(wanted):
            if time.monotonic() > deadline:
                raise TimeoutError(f"versions are missing: {wanted}")
            time.sleep(LOOK_S)


def _checked(db: connection, wanted: Sequence[tuple[str, int]]) -> int:
    with db, db.cursor() as cur:
        cur.execute(
            "SELECT count(*) FROM version JOIN unnest(%s::text[], %s::int[]) AS w (dataset_id, version) "
            "USING (dataset_id, version) WHERE checked_at IS NOT NULL",
            ([name for name, _ in wanted], [number for _, number in wanted]),
        )
        return int(cur.fetchone()[0])


@contextmanager
def playing(port_base: int, schools: int) -> Iterator[tuple[Stack, Province]]:
    """A few small schools and all processes."""
    plans = [
        replace(plan, vendor=ours.VENDOR, pupils=PUPILS, classes=2, staff=8)
        for plan in province.choose(province.plan(SEED), schools, SEED)
    ]
    with road.playing(port_base, plans) as stack, ExitStack() as ending:
        yield stack, Province(stack.settings().acting_as(SETUP), plans, ending)


def year(stack: Stack, schools: Province, weeks: int) -> Played:
    """All weeks."""
    played, change = Played(), 0
    each = max(1, weeks // len(KINDS))
    for kind in KINDS:
        road.open_period(schools.settings, schools.plans, kind)
        for _ in range(each):
            change += 1
            with measured(_pids(stack)) as together:
                for plan in schools.plans:
                    schools.push(plan, kind, change)
                schools.wait_checked(schools.plans, kind)
            alone = []
            for n in range(ALONE):
                change += 1
                plan = schools.plans[(change + n) % len(schools.plans)]
                began = time.perf_counter()
                schools.push(plan, kind, change)
                schools.wait_checked([plan], kind)
                alone.append(1000 * (time.perf_counter() - began))
            played.weeks.append(_week(stack, schools, median(alone), together))
            say(f"week {len(played.weeks)}: {played.weeks[-1].alone_ms:.0f} ms alone")
        began = time.perf_counter()
        road.confirm(schools.settings, schools.plans, kind)
        played.deadlines_s.append(round(time.perf_counter() - began, 2))
    return played


def _pids(stack: Stack) -> dict[str, int]:
    return {info["name"]: info["pid"] for info in supervisor.process_info(stack) if info["pid"]}


def _week(stack: Stack, schools: Province, alone_ms: float, together: Spent) -> Week:
    memory = own_mb(_pids(stack))
    kafka, database = _size_mb(stack.kafka_dir), _database_mb(schools)
    return Week(alone_ms, 1000 * together.seconds, together.total(), kafka, database, memory)


def _database_mb(schools: Province) -> float:
    with schools.db, schools.db.cursor() as cur:
        cur.execute("SELECT pg_database_size(current_database()) / 1e6")
        return round(float(cur.fetchone()[0]), 1)


def _size_mb(folder: Path) -> float:
    """As it lies on the disk: Kafka's files of offsets are long and empty."""
    size = sum(f.stat().st_blocks * 512 for f in folder.rglob("*") if f.is_file())
    return float(round(size / 1e6, 1))


def figures(played: Played) -> dict[str, Any]:
    """The last weeks beside the first that count, as ratios; what each week added, over the latter half."""
    weeks = played.weeks[UNCOUNTED:] or played.weeks
    few = max(1, len(weeks) // 5)
    first, last = weeks[:few], weeks[-few:]
    half = weeks[len(weeks) // 2 :]

    def ratio(of: str) -> dict[str, float]:
        before, after = (median(getattr(week, of) for week in some) for some in (first, last))
        return {"first": round(before, 2), "last": round(after, 2), "ratio": round(after / before, 2)}

    def added(of: str) -> float:
        return float(round((getattr(half[-1], of) - getattr(half[0], of)) / max(1, len(half) - 1), 2))

    memory = {
        name: {
            "first_mb": weeks[0].memory_mb.get(name),
            "last_mb": mb,
            "a_week_mb": round((mb - half[0].memory_mb.get(name, mb)) / max(1, len(half) - 1), 2),
        }
        for name, mb in sorted(weeks[-1].memory_mb.items())
    }
    return {
        "weeks": len(played.weeks),
        "push_alone_ms": ratio("alone_ms"),
        "all_schools_ms": ratio("together_ms"),
        "all_schools_cpu_s": ratio("cpu_s"),
        "deadlines_s": played.deadlines_s,
        "kafka_mb_a_week": added("kafka_mb"),
        "database_mb_a_week": added("database_mb"),
        "memory": memory,
    }


def _verify(settings: Settings, name: str, key: sealing.Key) -> None:
    done = verifying.verify(settings.backups_dir / name, key)
    if done.problems:
        raise RuntimeError([problem.as_dict() for problem in done.problems])
    status.verified(settings.backups_dir, name, done.years)


def ended(stack: Stack, schools: Province) -> dict[str, Any]:
    """Backed up, verified, closed, backed up and verified again: seconds each of the first three, and the
    database before and after. Raises RuntimeError if a backup is not good."""
    found: dict[str, Any] = {}
    settings = stack.settings()
    key = sealing.make(settings.backup_key_file)
    began = time.perf_counter()
    made = taking.take(settings)
    found["backup_s"] = round(time.perf_counter() - began, 1)
    began = time.perf_counter()
    _verify(settings, made.id, key)
    found["verify_s"] = round(time.perf_counter() - began, 1)
    over = settings.model_copy(update={"school_years": [YEAR + 1]})
    before = _database_mb(schools)
    began = time.perf_counter()
    closed = of_years.close(over, YEAR, account="bench", reason="over and done")
    found["close_s"] = round(time.perf_counter() - began, 2)
    assert shelf.kept_for(settings.backups_dir) == {str(YEAR): made.id}
    after = _database_mb(schools)
    _verify(settings, taking.take(settings).id, key)  # chains, states, checkpoints agree as before
    return found | {"gone": closed.gone, "database_mb": {"before": before, "after": after}}


@click.command()
@click.option("--schools", default=12, show_default=True)
@click.option("--weeks", default=36, show_default=True)
@click.option("--port-base", default=21_690, show_default=True)
def main(schools: int, weeks: int, port_base: int) -> None:
    """The end of the year beside its beginning."""
    with playing(port_base, schools) as (stack, of):
        played = year(stack, of, weeks)
        click.echo(json.dumps(figures(played) | {"end": ended(stack, of)}, indent=1))


if __name__ == "__main__":
    main()
