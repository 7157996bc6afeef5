"""The Prometheus configuration of a stack: one target a process, labelled with the process's name.

``prometheus.yml`` beside this file is the one of the default ports; ``csdl up`` writes a stack's own into its
data directory.
"""

from pathlib import Path
from typing import Final

from deploy.local.layout import DATA_DIR, PROCESSES, Stack

HERE: Final = Path(__file__).parent
ALERTS: Final = HERE / "alerts.yml"
DEFAULT: Final = HERE / "prometheus.yml"

_HEAD: Final = """\
# Generated (csdl docs): the targets are the processes of deploy/local/layout.py at {ports}.
# prometheus --config.file=prometheus.yml --web.listen-address=127.0.0.1:9090
global:
  scrape_interval: 5s
  evaluation_interval: 15s

rule_files: [{alerts}]

scrape_configs:
  - job_name: csdl
    static_configs:
"""
_TARGET: Final = """\
      - targets: ["127.0.0.1:{port}"]
        labels: {{process: {process}}}
"""


def render(stack: Stack, alerts: str = "alerts.yml") -> str:
    """Text of the configuration. ``alerts`` is the rule file, absolute or relative to the configuration."""
    ports = f"ports {stack.port(PROCESSES[0])} to {stack.port(PROCESSES[-1])}"
    targets = (_TARGET.format(port=stack.port(name), process=name) for name in PROCESSES)
    return _HEAD.format(ports=ports, alerts=alerts) + "".join(targets)


def default() -> str:
    """Text of ``prometheus.yml``, of a stack at the default ports."""
    return render(Stack(DATA_DIR))


def write(stack: Stack) -> Path:
    """Write a stack's configuration to its data directory; returns the file."""
    path = stack.data_dir / "prometheus.yml"
    path.write_text(render(stack, alerts=str(ALERTS)), encoding="utf-8")
    return path
