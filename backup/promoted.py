"""After a standby was promoted: what it had not got yet of things that stand in PostgreSQL alone is told like
what a restore has lost. Pushes and acts are read again from Kafka by the processes themselves."""

import os
from contextlib import closing
from datetime import UTC, datetime

from backup import lost, numbers, shelf, since
from deploy import server
from runtime import postgres
from runtime.accounts import SETUP
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList


def tell(settings: Settings) -> None:
    """Ask Kafka and keep the answer for ``csdl doctor``. Root's alone. Raises ProblemList (SRV-001)."""
    if os.geteuid() != 0:
        raise ProblemList([Problem("SRV-001")])
    as_setup = settings.acting_as(SETUP)
    with closing(postgres.connect(as_setup, "csdl backup lost")) as conn:
        gone = since.unknown(as_setup, conn)
        numbers.go_on(conn)
    if gone:
        at = f"standby {shelf.name(datetime.now(UTC))}"
        lost.write(server.HOME, lost.Lost(at, lost.now(), gone))
        lost.shown(server.HOME)
