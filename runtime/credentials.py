"""Who we are at Kafka: one principal a process, its password in a file of its own, the broker's authority.

The settings name a user, the file of its password and that of the authority. Beside the password lie those of
the other principals of the same machine, each under its name (``Settings.acting_as``).
"""

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

MECHANISM: Final = "SCRAM-SHA-512"

NO_PASSWORD: Final = "SEC-101"
NO_AUTHORITY: Final = "SEC-102"


def password(settings: Settings) -> str:
    """Of our user. Raises ProblemList (SEC-101)."""
    path = settings.kafka_password_file
    try:
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise _no_password(settings, type(fault).__name__) from None
    if not found:
        raise _no_password(settings, "empty")
    return found


def context(settings: Settings) -> ssl.SSLContext | None:
    """TLS to a broker of our authority; None where it speaks none, or only we can hear (ADR 34).

    Raises ProblemList (SEC-102).
    """
    path = settings.kafka_ca_file
    if settings.kafka_loopback or path == Path():
        return None
    try:
        return _context(path, path.stat().st_mtime_ns)
    except (OSError, ssl.SSLError) as fault:
        raise ProblemList(
            [Problem(NO_AUTHORITY, params={"path": path, "reason": type(fault).__name__})]
        ) from None


def client(settings: Settings) -> dict[str, Any]:
    """Arguments of a kafka-python client. Raises ProblemList (SEC-101, SEC-102)."""
    tls = context(settings)
    arguments: dict[str, Any] = {"ssl_context": tls} if tls else {}
    if not settings.kafka_user:
        return arguments | {"security_protocol": "SSL" if tls else "PLAINTEXT"}
    return arguments | {
        "security_protocol": "SASL_SSL" if tls else "SASL_PLAINTEXT",
        "sasl_mechanism": MECHANISM,
        "sasl_plain_username": settings.kafka_user,
        "sasl_plain_password": password(settings),
    }


@lru_cache(maxsize=8)
def _context(path: Path, _written: int) -> ssl.SSLContext:
    """One a file and its time: it is renewed while processes run."""
    return ssl.create_default_context(cafile=str(path))


def _no_password(settings: Settings, reason: str) -> ProblemList:
    params = {"user": settings.kafka_user, "path": settings.kafka_password_file, "reason": reason}
    return ProblemList([Problem(NO_PASSWORD, params=params)])
