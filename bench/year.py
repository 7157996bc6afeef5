"""``python -m bench.year [--rows N]``: does a year's partition cost more when it is full?

Two school years stand side by side in one database, the one with 10,000 rows, the other with N. In turn, a
school of each pushes its pupils, pushes them changed, its versions are checked, and both are read. So the
ratios are of one run; the times themselves are the machine's.
"""

import json
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click
import polars as pl
from psycopg2.extensions import connection

from bench.records import PUPILS_A_SCHOOL, pupils
from deploy.local import stack as local
from deploy.local.layout import Stack
from producers import client
from producers.client import CHUNK, PushReceipt, chunks_of, totals
from producers.model import ROW, SourceTable, Target
from runtime import postgres
from runtime.accounts import SETUP
from schemas.encoding import codec
from sinks.provincial.check.process import check
from sinks.provincial.load.batch import settle
from sinks.provincial.load.messages import Verdict, arrivals
from sinks.provincial.migrate import migrate
from sinks.provincial.records import read, secret
from sinks.provincial.records.mac import Mac

FEW: Final = 10_000
YEARS: Final = {"few": 2018, "many": 2019}
SCHOOLS: Final = 15
MORNING: Final = datetime(2019, 9, 16, 8, tzinfo=UTC)

INDEX: Final = "hoc_sinh_history"

FILL: Final = """
INSERT INTO hoc_sinh (
    school_year, school, dataset_id, identity, valid_from, row_hash, vendor, client_id, ho_ten)
SELECT %(year)s, school, school || '.' || %(year)s || '.start', left(md5(%(year)s || '/' || n), 24), 1,
    md5(n::text), 'smas', 'HS-' || n, 'Nguyễn Văn Mẫu'
FROM (SELECT n, 20000000 + n / %(school)s AS code FROM generate_series(0, %(rows)s - 1) AS n) AS numbered,
    LATERAL (SELECT code::text AS school) AS named
"""


@click.command()
@click.option("--rows", default=10_000_000, show_default=True, help="Rows in the full year.")
@click.option("--port-base", default=21_190, show_default=True)
def main(rows: int, port_base: int) -> None:
    """Milliseconds (median of 15 schools) in the nearly empty and in the full year, and their ratios."""
    with TemporaryDirectory(prefix="csdl-bench-") as folder:
        stack = Stack(Path(folder), port_base)
        local.up(stack, processes=())
        settings = (
            stack.settings().acting_as(SETUP).model_copy(update={"school_years": sorted(YEARS.values())})
        )
        try:
            migrate(settings)
            with closing(postgres.connect(settings)) as db:
                fill(db, {"few": FEW, "many": rows}, lambda: migrate(settings))
                with db, db.cursor() as cur:
                    mac = secret.opened(settings, cur)
                click.echo(json.dumps(figures(db, mac), indent=2))
        finally:
            local.down(stack, delete=False)


def fill(db: connection, sizes: dict[str, int], index: Callable[[], object]) -> None:
    """Narrow rows by SQL, 230 to a school; the index after the rows."""
    with db, db.cursor() as cur:
        cur.execute(f"DROP INDEX {INDEX}")
        for name, rows in sizes.items():
            cur.execute(FILL, {"year": YEARS[name], "rows": rows, "school": PUPILS_A_SCHOOL})
    index()
    db.autocommit = True
    with db.cursor() as cur:
        cur.execute("VACUUM ANALYZE hoc_sinh")
        cur.execute("CHECKPOINT")
    db.autocommit = False


def figures(db: connection, mac: Mac) -> dict[str, dict[str, float]]:
    """Step → milliseconds in each year, and the ratio of full to nearly empty."""
    took: dict[str, dict[str, list[float]]] = {}
    everyone = pupils((SCHOOLS + 1) * len(YEARS) * PUPILS_A_SCHOOL).iter_slices(PUPILS_A_SCHOOL)
    for n in range(SCHOOLS + 1):
        for name, year in YEARS.items():
            for step, ms in steps(db, mac, f"{19_164_000 + n}", year, next(everyone)):
                if n:  # the first school warms up
                    took.setdefault(step, {}).setdefault(name, []).append(ms)
    out = {}
    for step, of in took.items():
        medians = {name: round(statistics.median(ms), 2) for name, ms in of.items()}
        out[step] = {**medians, "ratio": round(medians["many"] / medians["few"], 2)}
    return out


def steps(
    db: connection, mac: Mac, school: str, year: int, records: pl.DataFrame
) -> Iterator[tuple[str, float]]:
    """(step, milliseconds) of one school's day."""
    changed = records.with_columns(pl.lit("Lê Thị Mẫu").alias("HoTen"))
    first, second = (
        push(r, school, year, MORNING + timedelta(hours=h)) for h, r in enumerate((records, changed))
    )
    yield "load of a push, all new", _load(db, mac, first, MORNING)
    yield "check of the school", _timed(lambda: check(db, MORNING))
    yield "load of a push, all changed", _load(db, mac, second, MORNING + timedelta(hours=1))
    yield "check of the school again", _timed(lambda: check(db, MORNING))
    for number in (1, 2):
        yield f"reading version {number}", _timed(lambda n=number: _read(db, f"{school}.{year}.start", n))  # type: ignore[misc]


def push(records: pl.DataFrame, school: str, year: int, opened: datetime) -> list[bytes]:
    """A school's push as validation passes it on: chunks and closing."""
    table = SourceTable("HocSinh", "bench", "", records.with_row_index(ROW, 1))
    target = Target("smas", school, year, "1")
    push_id = str(uuid.uuid4())
    chunks = [value for _, value in chunks_of([table], target, push_id, CHUNK)]
    receipt = PushReceipt(push_id, target, len(chunks), opened, opened, totals([table]))
    return [*chunks, codec.encode("PushClosed", client.closing(receipt))]


def _load(db: connection, mac: Mac, values: list[bytes], at: datetime) -> float:
    def load() -> None:
        with db, db.cursor() as cur:
            batch, codes = arrivals([Verdict(value, at, n, at) for n, value in enumerate(values)])
            done = settle(cur, batch, at, mac)
        assert not codes and done.outcomes == {"version": 1}, (codes, done.outcomes)

    return _timed(load)


def _read(db: connection, dataset: str, number: int) -> None:
    with db, db.cursor() as cur:
        assert read.versions(cur, "HocSinh", [(dataset, number)]).height == PUPILS_A_SCHOOL


def _timed(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
