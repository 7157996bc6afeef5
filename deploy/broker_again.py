"""A server's broker is started again where it began before its settings, certificate or unit were written.

The unit names the release whose jars it runs, so that a release is a change like any other. Of several
one goes after the other: each is awaited until it has caught up, for what is acknowledged wants two.
"""

import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from kafka.errors import KafkaError

from deploy import broker, server_status
from deploy.broker import Cluster
from runtime import replicas, systemd
from schemas.errors import Problem, ProblemList

UNIT: Final = "kafka.service"
SYSTEMD: Final = Path("/etc/systemd/system")

IN_STEP_S: Final = 600.0
"""It looks through what was not closed, and fetches what came meanwhile."""
LOOK_S: Final = 1.0


def again(cluster: Cluster, number: int) -> bool:
    """Start it again if it is to be; whether it was. Raises ProblemList (SRV-002, KFK-009)."""
    if not stale(_files(cluster, number)):
        return False
    done = subprocess.run(["systemctl", "restart", UNIT], capture_output=True, text=True, errors="replace")
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise ProblemList([Problem("SRV-002", params={"tool": "systemctl", "reason": reason})])
    until = time.monotonic() + IN_STEP_S
    while waits := _waits(cluster, number):
        if time.monotonic() > until:
            raise ProblemList([Problem("KFK-009", params={"number": number, "why": waits})])
        time.sleep(LOOK_S)
    return True


def stale(files: list[Path]) -> bool:
    """Whether one of the files was written after the broker began, or it does not run."""
    shown = systemd.units([UNIT], systemd.PID, systemd.BEGAN).get(UNIT, {})
    return systemd.stale(shown, server_status.written(*files))


def wait_until_whole(cluster: Cluster, number: int, seconds: float) -> None:
    """Return once every broker has all that it should: the next one may be stopped. Raises ProblemList: what
    lacks after so long (TOPIC-008), or that this one does not answer (KFK-009)."""
    until = time.monotonic() + seconds
    while lacking := _lacking(cluster, number):
        if time.monotonic() > until:
            raise ProblemList(lacking)
        time.sleep(LOOK_S)


def _lacking(cluster: Cluster, number: int) -> list[Problem]:
    try:
        with closing(broker.by_its_own(cluster, number)) as admin:
            return replicas.behind(admin)
    except (KafkaError, OSError) as fault:
        return [Problem("KFK-009", params={"number": number, "why": type(fault).__name__})]


def _waits(cluster: Cluster, number: int) -> str:
    """What it is waited for; "" once it has all."""
    try:
        with closing(broker.by_its_own(cluster, number)) as admin:
            left = replicas.lacking(admin.describe_topics())[number]
    except (KafkaError, OSError) as fault:
        return type(fault).__name__
    return f"{left} partitions" if left else ""


def _files(cluster: Cluster, number: int) -> list[Path]:
    made = (cluster.properties, broker.certificate(cluster, number), cluster.folder / "kafka.env")
    return [*made, SYSTEMD / UNIT, *SYSTEMD.glob(f"{UNIT}.d/*.conf")]
