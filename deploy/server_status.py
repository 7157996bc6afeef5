"""What runs on a server: its units as systemd has them, and what each process says of itself at its port."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from deploy.local.layout import DATA_DIR, PORT_BASE, Stack
from deploy.processes import SERVES, Instance, instances
from runtime import kafka, postgres, probes, serve, systemd
from runtime.settings import Settings
from schemas.errors import Problem

SYSTEMD: Final = Path("/run/systemd/system")
"""There is none without it (sd_booted(3))."""

TARGET: Final = Path("/etc/systemd/system/csdl.target")
"""Names the processes of this machine."""

ANSWER_S: Final = 2.0
SUB_STATE: Final = "SubState"


def rows(settings: Settings) -> list[dict[str, Any]]:
    """One a server and process, as ``deploy.local.stack.status``; ``why``: what keeps it from being ready.

    Of several machines each tells of its own processes. Without systemd a process that answers is "running",
    another one "silent". Raises ProblemList (SEC-114, SYS-008).
    """
    return [*_servers(settings), *of_instances(settings, runs_here(settings) or instances(settings))]


def named_here() -> list[str]:
    """Labels of the instances that this machine's target names, whatever the settings ask for now."""
    text = TARGET.read_text("utf-8") if TARGET.exists() else ""
    return re.findall(r"^Wants=csdl@(\S+)\.service$", text, re.MULTILINE)


def runs_here(settings: Settings) -> list[Instance]:
    """Of the instances that the settings ask for, those of this machine. Raises ProblemList (SYS-008)."""
    named = named_here()
    return [each for each in instances(settings) if each.label in named]


def of_instances(settings: Settings, every: Sequence[Instance]) -> list[dict[str, Any]]:
    """The same of these processes alone."""
    names = [unit(each.label) for each in every]
    told = systemd.units(names, SUB_STATE, systemd.PID, systemd.BEGAN) if SYSTEMD.exists() else {}
    ports = Stack(DATA_DIR, PORT_BASE)
    found = []
    for each in every:
        port = ports.port(each.label)
        answered, why = _ask(settings, port)
        shown = told.get(unit(each.label), {})
        serves = {"access-service": settings.access_port, "gateway-service": settings.gateway_port}
        found.append(
            {
                "name": each.label,
                "state": shown.get(SUB_STATE) or ("running" if answered else "silent"),
                "pid": systemd.pid(shown) or None,
                "port": port,
                "serves": serves.get(SERVES.get(each.declared.name, "")),
                "ready": answered and not why,
                "uptime_s": int(systemd.uptime(shown)),
                "why": why,
            }
        )
    return found


def unit(label: str) -> str:
    """systemd's unit of an instance."""
    return f"csdl@{label}.service"


def written(*files: Path) -> float:
    """When the last of them was written, of those that are there; seconds since 1970."""
    return max((path.stat().st_mtime for path in files if path.exists()), default=0.0)


def _ask(settings: Settings, port: int) -> tuple[bool, str]:
    """Whether a process answers, and what keeps it from its work. Raises ProblemList (SEC-114)."""
    try:
        with urlopen(serve.request(settings, port, "/readyz", settings.host), timeout=ANSWER_S):
            return True, ""
    except HTTPError as answer:
        with closing(answer):
            text = answer.read().decode("utf-8", "replace").strip()
        return True, text.removeprefix("not ready: ")
    except (OSError, URLError):
        return False, ""


def _servers(settings: Settings) -> Iterator[dict[str, Any]]:
    first = settings.brokers.split(",")[0]
    yield _server("kafka", urlsplit(f"//{first}").port, kafka.fault(settings))
    with closing(probes.Database(settings)) as database:
        fault = database.ask(ANSWER_S)
    port = urlsplit(settings.database).port or 5432
    yield _server("postgres", port, postgres.away(fault) if fault else None)


def _server(name: str, port: int | None, problem: Problem | None) -> dict[str, Any]:
    return {
        "name": name,
        "state": "away" if problem else "running",
        "pid": None,
        "port": port,
        "serves": None,
        "ready": problem is None,
        "uptime_s": 0,
        "why": str(problem) if problem else "",
    }
