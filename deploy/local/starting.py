"""While a stack starts: which program keeps ending, and what its log says of it."""

import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from deploy.local import supervisor
from deploy.local.layout import Stack
from deploy.local.problems import fail
from runtime.visible import visible

ENDS: Final = 2
"""A program that ended so often at its start is not waited for any longer. Once may be bad luck."""

EVERY_S: Final = 0.5
TAIL: Final = 65536
LONGEST: Final = 300

_FAULT: Final = re.compile(r"\b(ERROR|FATAL|PANIC|SEVERE|CRITICAL)\b|^Error:|^Exception in|^Traceback")
_CAUSE: Final = re.compile(r"^\s*(Caused by: )?[\w.$]+(Exception|Error)\b")
_CODED: Final = re.compile(r"^[A-Z]{2,5}-(\d{3}|[A-Z-]+) ")


class Starting:
    """``look`` again and again: it raises ProblemList (STK-020) once a program has ended too often."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._pids: defaultdict[str, set[int]] = defaultdict(set)
        self._looked = 0.0

    def look(self) -> None:
        """Cheap: asks the supervisor twice a second at most."""
        if time.monotonic() - self._looked < EVERY_S:
            return
        self._looked = time.monotonic()
        for info in supervisor.process_info(self._stack):
            name, pid = info["name"], info["pid"]
            if pid:
                self._pids[name].add(pid)
            ended = len(self._pids[name]) - (info["statename"] in ("STARTING", "RUNNING"))
            if ended >= ENDS:
                log = self._stack.logs / f"{name}.log"
                fail("STK-020", name=name, reason=reason(log), log=log)


def reason(log: Path) -> str:
    """The last line that says what is wrong, with its cause; else the last line there is."""
    try:
        with log.open("rb") as file:
            file.seek(max(log.stat().st_size - TAIL, 0))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return "–"
    lines = [line.strip() for line in lines if line.strip()]
    coded = [n for n, line in enumerate(lines) if _FAULT.search(line) or _CODED.search(line)]
    if not coded:
        return visible(lines[-1] if lines else "–")[:LONGEST]
    at = coded[-1]
    causes = [line for line in lines[at + 1 : at + 40] if _CAUSE.search(line)]
    return visible(": ".join([lines[at], *causes[-1:]]))[:LONGEST]
