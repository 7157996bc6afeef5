"""systemd's units of this machine: the hand-written ones, and what follows from the table of processes.

A unit of a process is ``csdl@INSTANCE``; its drop-in says by which account it runs and how much memory it may
take; ``csdl.target`` is all of this machine's.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from deploy.processes import USUAL, Instance, instance, instances
from runtime.settings import Settings

FOLDER: Final = Path(__file__).parent / "systemd"
WRITTEN: Final = (
    "csdl@.service",
    "csdl-setup.service",
    "csdl-backup.service",
    "csdl-backup.timer",
    "csdl-retention.service",
    "csdl-retention.timer",
)
DROP_IN: Final = "process.conf"

_TARGET: Final = """\
# All of the pipeline on this machine at once: systemctl start csdl.target
# Made by csdl units from deploy/processes.py.
[Unit]
Description=CSDL pipeline
{wanted}
[Install]
WantedBy=multi-user.target
"""

_DROP_IN: Final = """\
# Made by csdl units from deploy/processes.py; what is to differ goes into a file of its own beside.
[Service]
User={user}
MemoryMax={memory}M
"""


def files(settings: Settings, names: Iterable[str] = ()) -> dict[str, str]:
    """Path below systemd's folder → text, of these instances; of all that the settings ask for if none is
    named. Raises ProblemList (SYS-007, SYS-008)."""
    wanted = [instance(settings, name) for name in names] or instances(settings)
    found = {name: (FOLDER / name).read_text(encoding="utf-8") for name in WRITTEN}
    found["csdl.target"] = target(wanted)
    for each in wanted:
        text = _DROP_IN.format(user=each.declared.principal, memory=each.declared.memory_mb)
        found[f"csdl@{each.label}.service.d/{DROP_IN}"] = text
    return found


def target(wanted: Iterable[Instance]) -> str:
    """Text of ``csdl.target``."""
    return _TARGET.format(wanted="".join(f"Wants=csdl@{each.label}.service\n" for each in wanted))


def default() -> str:
    """The target of a machine that runs as many of each as usual."""
    return target(instances(Settings(instances=USUAL)))


def write(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Bring a folder to these; the paths that were changed. Drop-ins of other instances go, nothing else."""
    changed = []
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    for stale in sorted(folder.glob(f"csdl@*.service.d/{DROP_IN}")):
        name = str(stale.relative_to(folder))
        if name not in wanted:
            stale.unlink()
            changed.append(name)
            if not any(stale.parent.iterdir()):
                stale.parent.rmdir()
    return changed
