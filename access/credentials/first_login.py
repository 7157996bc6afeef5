"""A secret is shown once its user can log in at Kafka.

The process ``credentials`` makes the user within a second, and each broker hears of it a moment later:
whoever came at once was told that the password is wrong.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import psycopg2

from runtime import broker_probe
from runtime.settings import Settings
from schemas.errors import ProblemList

WAIT_S: Final = 15.0
LOOK_S: Final = 0.1


def wait(settings: Settings, user: str, secret: str, is_placed: Callable[[], bool]) -> bool:
    """Whether every broker that answers takes the login, after ``WAIT_S`` at most. ``is_placed``: the user
    and its right are made. Raises nothing: the link is spent, so the secret is shown whoever else is away."""
    own = settings.model_copy(update={"kafka_user": user})
    deadline = time.monotonic() + WAIT_S
    with suppress(ProblemList, psycopg2.Error):
        while not (is_placed() and not broker_probe.refuses(own, secret)):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True
    return False
