"""The schools' files, made a few ahead of the sending by a process of their own: in a province each school's
vendor makes them, on its own computer."""

import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import Final

from producers.synthetic.province import SchoolPlan
from producers.synthetic.school import SchoolRecords, make
from producers.synthetic.write import files
from runtime.garbage import collect_seldom

AHEAD: Final = 4


@dataclass(frozen=True)
class Made:
    """A school's records and the files that its vendor exports."""

    records: SchoolRecords
    contents: dict[str, bytes]


def ahead(schools: Sequence[SchoolPlan], seed: int) -> Iterator[Made]:
    """What each school has, in their order."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin) as workshop:
        making: deque[Future[Made]] = deque()
        try:
            for school in schools:
                making.append(workshop.submit(_made, school, seed))
                if len(making) > AHEAD:
                    yield making.popleft().result()
            while making:
                yield making.popleft().result()
        finally:
            workshop.shutdown(cancel_futures=True)


def _made(school: SchoolPlan, seed: int) -> Made:
    records = make(school, seed)
    return Made(records, files(records))


def _begin() -> None:
    """Ended by the demonstration alone: not by the key that ends both, and with it if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_seldom()
    Thread(target=_end_with_it, daemon=True).start()


def _end_with_it() -> None:
    if (demonstration := parent_process()) is not None:
        connection.wait([demonstration.sentinel])
    os._exit(1)
