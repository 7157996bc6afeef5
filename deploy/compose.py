"""``compose.yml`` beside this file: its servers are written by hand, its processes come from the table."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.layout import DATA_DIR, Stack
from deploy.processes import USUAL, Instance, instances
from runtime.settings import Settings

FILE: Final = Path(__file__).parent / "compose.yml"

_BEGIN, _END = "  # Made by csdl docs from deploy/processes.py:\n", "\nvolumes:\n"
_SETTING: Final = re.compile(r"^  CSDL_INSTANCES: .*$", re.MULTILINE)


def render(asked: Mapping[str, int] | None = None) -> str:
    """Text of the file with so many of each process. Raises ProblemList (SYS-008)."""
    numbers = dict(asked or {})
    head, rest = FILE.read_text(encoding="utf-8").split(_BEGIN)
    _, tail = rest.split(_END)
    every = instances(Settings(instances=numbers))
    setting = f"  CSDL_INSTANCES: '{json.dumps(numbers, separators=(',', ':'))}'"
    lines = "".join(_service(instance) for instance in every)
    return _SETTING.sub(setting, head) + _BEGIN + lines + _END + tail


def default() -> str:
    """As many of each as usual."""
    return render(USUAL)


def _service(instance: Instance) -> str:
    stack = Stack(DATA_DIR)
    ports = [stack.port(instance.label)]
    if instance.declared.serves:
        ports.append(stack.port(instance.declared.serves))
    published = ", ".join(f'"127.0.0.1:{port}:{port}"' for port in ports)
    return (
        f"  {instance.label}: {{<<: *process, command: [run, {instance.label}, --standard-port], "
        f"ports: [{published}], mem_limit: {instance.declared.memory_mb}m}}\n"
    )
