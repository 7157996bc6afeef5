"""Who we are at Kafka: one principal a process, its password in a file of its own, the broker's authority.

The settings name a user, the file of its password and that of the authority. Beside the password lie those of
the other principals of the same machine, each under its name (``Settings.acting_as``).
"""

import re
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from runtime.settings import Settings
from schemas.errors import Problem, ProblemList

MECHANISM: Final = "SCRAM-SHA-512"

NO_PASSWORD: Final = "SEC-101"
NO_AUTHORITY: Final = "SEC-102"
NO_DATABASE_PASSWORD: Final = "SEC-207"


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


def at_database(settings: Settings) -> dict[str, str]:
    """The password of our account at PostgreSQL, as an argument of its client; none if it is not ours to say.

    libpq passes in silence over a passfile that it may not read, or that a group may (an operator's). Raises
    ProblemList (SEC-207).
    """
    url = urlsplit(settings.database)
    account = unquote(url.username or "")
    for named in parse_qs(url.query).get("passfile", []):
        try:
            text = Path(named).read_text(encoding="utf-8")
        except FileNotFoundError:
            continue  # the server says that it wants one, if it does
        except (OSError, UnicodeDecodeError) as fault:
            params = {"user": account, "path": named, "reason": type(fault).__name__}
            raise ProblemList([Problem(NO_DATABASE_PASSWORD, params=params)]) from None
        if found := re.search(rf"^\*:\*:\*:{re.escape(account)}:([^\\:\n]+)$", text, re.MULTILINE):
            return {"password": found[1]}
    return {}


@lru_cache(maxsize=8)
def _context(path: Path, _written: int) -> ssl.SSLContext:
    """One a file and its time: it is renewed while processes run."""
    return ssl.create_default_context(cafile=str(path))


def _no_password(settings: Settings, reason: str) -> ProblemList:
    params = {"user": settings.kafka_user, "path": settings.kafka_password_file, "reason": reason}
    return ProblemList([Problem(NO_PASSWORD, params=params)])
