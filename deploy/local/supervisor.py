"""supervisord: its configuration for a stack, and the few calls we make to it."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from deploy.local.layout import Stack
from deploy.local.problems import fail

MARK: Final = "CSDL_SUPERVISED"
"""Environment variable of a stack's processes: its data directory. Finds what has no supervisor left."""

UTF8: Final = {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
"""Environment in which Java and Python read the names of folders as they are, whatever the locale."""

STARTS: Final = 1_000_000_000
"""Starts before supervisord gives up: never. It waits one second longer after each that failed at once."""


@dataclass(frozen=True)
class Program:
    """One supervised process."""

    name: str
    command: list[str]
    autostart: bool = False
    stop_signal: str = "TERM"
    stop_wait_s: int = 20
    start_s: int = 5
    """Ended sooner, it counts as not started: the next start waits a second longer each time."""
    environment: dict[str, str] = field(default_factory=dict)

    def section(self) -> str:
        """Its part of the configuration."""
        lines = {
            "command": _escaped(shlex.join(self.command)),
            "environment": _environment(self.environment),
            "autostart": str(self.autostart).lower(),
            "autorestart": "true",
            "startsecs": str(self.start_s),
            "startretries": str(STARTS),
            "stopsignal": self.stop_signal,
            "stopwaitsecs": str(self.stop_wait_s),
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": f"logs/{self.name}.log",
            "stdout_logfile_maxbytes": "20MB",
            "stdout_logfile_backups": "3",
        }
        text = "".join(f"{key}={value}\n" for key, value in lines.items() if value)
        return f"[program:{self.name}]\n{text}\n"


def _escaped(value: str) -> str:
    """supervisord expands %(name)s in its configuration."""
    return value.replace("%", "%%")


def _environment(variables: dict[str, str]) -> str:
    """JSON has double quotes of its own; no value has both kinds."""
    quoted = {key: f"'{value}'" if '"' in value else f'"{value}"' for key, value in variables.items()}
    return _escaped(",".join(f"{key}={value}" for key, value in quoted.items()))


def socket_path(stack: Stack) -> Path:
    """Its control socket. Outside the data directory: a socket's path has at most 107 bytes."""
    name = sha256(str(stack.data_dir).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"csdl-{os.getuid()}-{name}.sock"


def configuration(stack: Stack, programs: list[Program]) -> Path:
    """Write supervisord.conf; returns its path.

    Files stand in it by their names from the data directory: a "%" in a folder's name cannot be escaped.
    """
    root = "user=root\n" if os.geteuid() == 0 else ""  # says that running as root is meant
    head = f"""\
; Made by csdl up; changes are lost.
[unix_http_server]
file={socket_path(stack)}
chmod=0600

[supervisord]
{root}logfile=logs/supervisord.log
logfile_maxbytes=20MB
logfile_backups=1
pidfile=supervisord.pid
identifier=csdl

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://{socket_path(stack)}

"""
    path = stack.data_dir / "supervisord.conf"
    path.write_text(head + "".join(p.section() for p in programs), encoding="utf-8")
    return path


def start(stack: Stack, programs: list[Program]) -> None:
    """Start supervisord in the background, with the programs that start by themselves."""
    path = configuration(stack, programs)
    command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", str(path)]
    environment = os.environ | UTF8 | {MARK: str(stack.data_dir), "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment,
        cwd=stack.data_dir,
    )
    deadline = time.monotonic() + 10
    while done.returncode == 0 and time.monotonic() < deadline:
        if is_running(stack):
            return
        time.sleep(0.05)
    with (stack.logs / "supervisord.log").open("a", encoding="utf-8") as log:
        log.write(done.stdout + done.stderr)
    fail("STK-006", name="supervisord", log=stack.logs / "supervisord.log")


def rpc(stack: Stack) -> Any:
    """The supervisor's namespace of its XML-RPC interface."""
    transport = SupervisorTransport(None, None, f"unix://{socket_path(stack)}")
    return ServerProxy("http://127.0.0.1", transport=transport).supervisor


def is_running(stack: Stack) -> bool:
    """Does a supervisord answer for this stack?"""
    try:
        return bool(rpc(stack).getState()["statename"] == "RUNNING")
    except (OSError, Fault):
        return False


def process_info(stack: Stack) -> list[dict[str, Any]]:
    """supervisord's word on each program: name, statename, pid, start, now."""
    info: list[dict[str, Any]] = rpc(stack).getAllProcessInfo()
    return info


def start_program(stack: Stack, name: str) -> None:
    """Ask for a program's start; does not wait for it."""
    rpc(stack).startProcess(name, False)


def stop_programs(stack: Stack, names: tuple[str, ...]) -> None:
    """Stop programs side by side and wait until all are gone (supervisord kills what takes too long)."""
    for info in process_info(stack):
        if info["name"] in names and info["statename"] in ("STARTING", "RUNNING", "BACKOFF"):
            rpc(stack).stopProcess(info["name"], False)
    while any(
        info["name"] in names and info["statename"] in ("RUNNING", "STARTING", "STOPPING")
        for info in process_info(stack)
    ):
        time.sleep(0.1)


def supervisor_pid(stack: Stack) -> int:
    """Pid of the running supervisord."""
    pid: int = rpc(stack).getPID()
    return pid


def left_over(stack: Stack) -> list[psutil.Process]:
    """Processes of this stack that run, whether a supervisor still has them or not."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(stack.data_dir) and process.pid != os.getpid():
                found.append(process)
        except psutil.Error:
            continue
    return found
