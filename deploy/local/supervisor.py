"""supervisord: its configuration for a stack, and the few calls we make to it."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import SupervisorTransport

from deploy.local import whole
from deploy.local.layout import Stack
from deploy.local.problems import fail
from runtime.environment import ENVIRONMENT

MARK: Final = "CSDL_SUPERVISED"
"""Environment variable of a stack's processes: its data directory. Finds what has no supervisor left."""

UTF8: Final = {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
"""Environment in which Java and Python read the names of folders as they are, whatever the locale."""

CONFIGURATION: Final = "supervisord.conf"
SOCKET: Final = "supervisor.sock"
COMMANDS: Final = "commands"
"""Folder of the scripts that start the programs."""

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
    folder: tuple[int, Path] | None = None
    """A folder that it gets opened, and on which descriptor."""

    def script(self) -> str:
        """What starts it. Names of folders stand here and not in the configuration, whose language has no way
        to write some of them (``;``, ``#``, ``%``, both kinds of quotes)."""
        exports = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in self.environment.items())
        opened = f"exec {self.folder[0]}<{shlex.quote(str(self.folder[1]))}\n" if self.folder else ""
        return f"{exports}{opened}exec {shlex.join(self.command)}\n"

    def section(self) -> str:
        """Its part of the configuration."""
        lines = {
            "command": f"/bin/sh {COMMANDS}/{self.name}",
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
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        return f"[program:{self.name}]\n{text}\n"


def socket_path(stack: Stack) -> Path:
    """Its control socket. In the data directory: what lies in /tmp is another's as soon as TMPDIR differs,
    and is cleaned away after some days."""
    return stack.data_dir / SOCKET


def configuration(stack: Stack, programs: list[Program]) -> None:
    """Write supervisord.conf and a script a program.

    Files stand in it by their names from the data directory, where supervisord is started.
    """
    root = "user=root\n" if os.geteuid() == 0 else ""  # says that running as root is meant
    head = f"""\
; Made by csdl up; changes are lost.
[unix_http_server]
file=/proc/self/cwd/{SOCKET}
chmod=0600

[supervisord]
{root}logfile=logs/supervisord.log
logfile_maxbytes=20MB
logfile_backups=1
pidfile=supervisord.pid
identifier=csdl
umask=077

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

"""
    (stack.data_dir / COMMANDS).mkdir(exist_ok=True)
    for program in programs:
        whole.write(stack.data_dir / COMMANDS / program.name, program.script())
    whole.write(stack.data_dir / CONFIGURATION, head + "".join(p.section() for p in programs))


def environment(stack: Stack, asked: Mapping[str, str]) -> dict[str, str]:
    """In which all programs of a stack run; ``asked`` is that of whoever starts it."""
    return {**ENVIRONMENT, **asked, **UTF8, MARK: str(stack.data_dir), "PYTHONUNBUFFERED": "1"}


def start(stack: Stack, programs: list[Program]) -> None:
    """Start supervisord in the background, with the programs that start by themselves."""
    configuration(stack, programs)
    command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", CONFIGURATION]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        env=environment(stack, os.environ),
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


class _Transport(SupervisorTransport):  # type: ignore[misc]
    """To the socket in a folder, by the folder's descriptor: a socket's path has at most 107 bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        super().__init__(None, None, f"unix:///proc/self/fd/{self._folder}/{SOCKET}")

    def __del__(self) -> None:
        if hasattr(self, "_folder"):  # it may not have been opened
            os.close(self._folder)


def rpc(stack: Stack) -> Any:
    """The supervisor's namespace of its XML-RPC interface. Raises OSError if the stack has no folder."""
    return ServerProxy("http://127.0.0.1", transport=_Transport(stack.data_dir)).supervisor


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
