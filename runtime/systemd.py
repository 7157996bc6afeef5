"""systemd's word on this machine's units."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Final

ANSWER_S: Final = 10.0

PID: Final = "MainPID"
BEGAN: Final = "ExecMainStartTimestampMonotonic"
STATE: Final = "ActiveState"

Shown = Mapping[str, str]
"""A unit's properties."""


def units(names: Sequence[str], *properties: str) -> dict[str, Shown]:
    """Unit → these of its properties; none where systemd does not answer."""
    command = ["systemctl", "show", f"--property={','.join(('Id', *properties))}", *names]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    return read(told)


def read(told: str) -> dict[str, Shown]:
    """The same of what ``systemctl show`` printed. Pure."""
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines()) for block in told.split("\n\n") if block
    ]
    return {block["Id"]: block for block in blocks if "Id" in block}


def pid(shown: Shown) -> int:
    """Of a unit's process, 0 if it does not run. Of ``PID``."""
    return int(shown.get(PID, 0))


def uptime(shown: Shown) -> float:
    """Seconds since the unit's process began; 0 if it does not run. Of ``PID`` and ``BEGAN``."""
    return time.monotonic() - int(shown.get(BEGAN, 0)) / 1e6 if pid(shown) else 0.0


def stale(shown: Shown, written: float) -> bool:
    """Whether a unit does not run, or began before what it reads was written, in seconds since 1970."""
    return not pid(shown) or written > time.time() - uptime(shown)
