"""The lanes: each takes a number of pupils, and has its figures of those after the warm-up.

- ``bare``: COPY and merge of their frame, no Kafka.
- ``rival``: the same chunks through the rival (``bench.rival``).
- ``stored``: produced, validated, loaded with history; the check is stopped meanwhile.
- ``checked_dirty``, ``checked_clean``: produced until every version of these pushes is checked, the check
  running from the start. What pupils are dirty and clean: ``bench.records``.
- ``burst_dirty``, ``burst_clean``: the same of a fixed number of schools, which push at once.
- ``documented``: the way the libraries' documentation shows, of fewer pupils.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from bench import bare, documented, ours, rival
from bench.cpu import measured
from bench.ours import Push
from bench.records import pupils
from bench.running import WARM_UP, Running, say
from bench.table import plain

Lane = dict[str, Any]
"""Figures of one lane: ``Spent.figures``, and what is said where they are added."""


def one_round(it: Running, number: int, burst: int) -> dict[str, Lane]:
    """All lanes but the documented one; ``burst``: pupils of the bursts. The bare lane runs beside each pair,
    and the faster of the two counts: whoever comes later meets a busier disk."""
    first = it.take(number)
    records = pupils(number, first)
    work = list(ours.pushes(records, first))
    table = plain(records, first)
    before = bare_lane(it, table)
    found = {"stored": stored_lane(it, work), "rival": rival_lane(it, table, work)}
    floor = max(before, bare_lane(it, table), key=lambda lane: float(lane["records_per_s"]))
    found |= {
        "checked_dirty": checked_lane(it, it.pushes(number)),
        "checked_clean": checked_lane(it, it.pushes(number, clean=True)),
        "burst_dirty": checked_lane(it, it.pushes(burst)),
        "burst_clean": checked_lane(it, it.pushes(burst, clean=True)),
    }
    return {"bare": floor, **found}


def bare_lane(it: Running, table: pl.DataFrame) -> Lane:
    """COPY and merge of these rows."""
    say("bare")
    warm = plain(pupils(WARM_UP), 0)
    bare.prepare(it.db, warm)
    bare.run(it.db, warm)
    with measured(it.servers()) as spent:
        bare.run(it.db, table)
    return spent.figures(table.height)


def rival_lane(it: Running, table: pl.DataFrame, work: Sequence[Push]) -> Lane:
    """From the first chunk produced to the last committed by the rival."""
    say("rival")
    rival.prepare(it.settings, it.db, table)
    warm, counted = (
        [(one.school.encode(), value) for one in some for value in one.values[:-1]]
        for some in (ours.pushes(pupils(WARM_UP)), work)
    )
    with it.peers(rival=["bench.rival"]) as peers:
        rival.produce(it.settings, warm)
        rival.wait_for(it.db, len(warm))
        with measured(it.servers() | peers) as spent:
            rival.produce(it.settings, counted)
            rival.wait_for(it.db, len(warm) + len(counted))
    return spent.figures(table.height)


def stored_lane(it: Running, work: Sequence[Push]) -> Lane:
    """From the first chunk produced to the last version stored. They are checked afterwards, uncounted."""
    say("stored")
    it.stop("check")
    with measured(it.pids()) as spent:
        ours.send(it.settings, work)
        ours.wait_for(it.db, work, checked=False)
    it.start("check")
    ours.wait_for(it.db, work, checked=True)
    return spent.figures(ours.stored(it.db, work)[0])


def checked_lane(it: Running, work: Sequence[Push], *, version: int = 1) -> Lane:
    """From the first chunk produced to the last version checked. ``findings_a_record`` says how dirty they
    were."""
    say("checked")
    it.start("check")
    with measured(it.pids()) as spent:
        ours.send(it.settings, work)
        ours.wait_for(it.db, work, version=version, checked=True)
    records, findings = ours.stored(it.db, work, version=version)
    return {**spent.figures(records), "findings_a_record": round(findings / records, 3)}


def documented_lane(it: Running, number: int) -> Lane:
    """Its agent and its sink as processes of their own; from the first event to the last committed row. A
    tenth more goes before, uncounted."""
    say("documented")
    few = number // 10
    table = plain(pupils(few + number), 0)
    documented.prepare(it.settings, it.db, table)
    work = documented.events(table)
    parts = {part: ["bench.documented", part, "worker"] for part in ("agent", "sink")}
    with it.peers(**parts) as peers:
        documented.produce(it.settings, work[:few])
        documented.wait_for_rows(it.db, few)
        with measured(it.servers() | peers) as spent:
            documented.produce(it.settings, work[few:])
            documented.wait_for_rows(it.db, few + number)
    return spent.figures(number)
