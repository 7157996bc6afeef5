"""Whether the machine has decided all that setup handed over: before that, schools are unknown that are not.

What vendors sent while an update was under way waits for it: refused, it would be lost to them.
"""

import logging
import time
from contextlib import closing
from typing import Final

from runtime import agreement, kafka, positions
from runtime.positions import Position
from runtime.settings import Settings
from schemas import topics
from schemas.errors import Problem
from streams.machines import topic_log

log = logging.getLogger("csdl")

WAITING: Final = "ORG-WAITING"
LOOK_S: Final = 0.25
SAY_S: Final = 5.0


def undecided(settings: Settings) -> int:
    """Commands of setup's that lie there without the machine having come past them."""
    with closing(kafka.consumer(settings)) as consumer:
        logs = agreement.logs(consumer, kafka.partitions(topics.ORGANISATION_SETUP))
    stands = positions.decode(topic_log.read(settings, kafka.partitions(topics.ORGANISATION_STATE)))
    return sum(max(0, found.end - stands.get(tp, Position()).next) for tp, found in logs.items())


def wait(settings: Settings) -> None:
    """Return once none is; what is waited for is said once."""
    since, said = time.monotonic(), False
    while count := undecided(settings):
        if not said and time.monotonic() - since > SAY_S:
            problem = Problem(WAITING, params={"count": count})
            log.warning("%s %s", problem.code, " / ".join(problem.messages()))
            said = True
        time.sleep(LOOK_S)
