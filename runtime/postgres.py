"""The one place that opens the provincial database, and says why it could not."""

import re
from contextlib import closing
from typing import Final

import psycopg2
from psycopg2.extensions import connection

from runtime import credentials, probes
from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

AWAY: Final = "SYS-002"
REFUSED: Final = "SYS-010"
FULL: Final = "SYS-020"
CERTIFICATE: Final = "SEC-208"

SILENCE: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A server from which nothing comes back, not even at the network's level, is given up after half a minute;
the system's own bounds are hours."""

GONE: Final = " ".join(
    f"-c {setting}"
    for setting in (
        "client_connection_check_interval=2s",
        "tcp_keepalives_idle=10",
        "tcp_keepalives_interval=5",
        "tcp_keepalives_count=3",
        "tcp_user_timeout=60s",
    )
)
"""So long a server goes on for a client that was killed, and for one whose machine was cut off or lost its
power. Without it a session that waits for a lock, or stands in a transaction, holds what its successor needs
until it gets that lock, or for a quarter of an hour."""

_WRITE: Final = "CREATE TEMPORARY TABLE room AS SELECT n FROM generate_series(1, 200000) AS n"
"""7 MB, which nobody else sees and a rollback takes away."""

_CERTIFICATES: Final = {
    "root certificate file": "no file of its authority (sslrootcert)",
    "certificate has expired": "it has expired",
    "certificate is not yet valid": "it is not valid yet",
    "certificate verify failed": "another authority",
    "does not match host name": "another host's",
    "does not support SSL": "the server speaks no TLS",
}
"""What libpq says of the server's certificate, before what it says of all others."""

_WHO: Final = re.compile(r"password|authentication|pg_hba\.conf|role \"|database \"|SASL|permission denied")

NO_ROOM: Final = "No space left on device"


def connect(settings: Settings, application_name: str = "csdl") -> connection:
    """New connection, autocommit off. Raises psycopg2.OperationalError if the server is away, ProblemList
    (SEC-207) if our password cannot be read."""
    own = credentials.at_database(settings)
    said = {"application_name": application_name, "options": GONE}
    return psycopg2.connect(settings.database, **said, **own, **SILENCE)


def away(fault: BaseException) -> Problem:
    """What is said of a connection that could not be made: SYS-010 if the server refuses who asks, else
    SEC-208 of a certificate that does not fit, SYS-002 with the reason; never the fault's own text, which
    holds names."""
    if isinstance(fault, ProblemList):
        return fault.problems[0]
    said = str(fault)
    if found := next((words for sign, words in _CERTIFICATES.items() if sign in said), None):
        return Problem(CERTIFICATE, params={"reason": found})
    if _WHO.search(said):
        return Problem(REFUSED)
    known = {
        "refused": "connection refused",
        "timeout": "no answer",
        "timed out": "no answer",
        "translate host": "host name unknown",
        "starting up": "starting up",
        "shutting down": "shutting down",
        "too many": "too many connections",
        "closed the connection": "connection closed",
        NO_ROOM: "disk full",
    }
    reason = next((words for sign, words in known.items() if sign in said), probes.reason(fault))
    return Problem(AWAY, params={"reason": reason})


def full(fault: BaseException) -> bool:
    """Whether the server says that its disk is full, to a statement or to who connects: a new connection may
    have to write, too, and its refusal has no SQLSTATE here."""
    connecting = isinstance(fault, psycopg2.OperationalError) and NO_ROOM in str(fault)
    return connecting or isinstance(fault, psycopg2.errors.DiskFull)


def room(settings: Settings) -> Problem | None:
    """SYS-020 while the server cannot write for want of room. Raises psycopg2.Error of any other fault."""
    try:
        with closing(connect(settings, "csdl room")) as conn, conn.cursor() as cur:
            cur.execute(_WRITE)
            conn.rollback()
    except psycopg2.Error as fault:
        if full(fault):
            return Problem(FULL)
        raise
    return None
